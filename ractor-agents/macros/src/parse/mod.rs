//! From the block as written to the model.

mod attributes;
mod block;
mod hook;
mod marks;
mod message;
mod misplaced;
mod options;
mod signature;
#[cfg(test)]
mod tests;
mod types;

use proc_macro2::TokenStream;
use syn::Item;

use crate::errors::{Errors, Rejected};
use crate::model::Agent;

/// Understands `#[agent(arguments)] item`: the agent, and what is wrong with some of its methods.
pub(crate) fn agent(
    arguments: TokenStream,
    item: TokenStream,
) -> Result<(Agent, Errors), Rejected> {
    let mut errors = Errors::default();
    let derives = errors.take(options::derives(arguments)).unwrap_or_default();
    match syn::parse2(item.clone()) {
        Ok(Item::Impl(written)) if written.trait_.is_none() => {
            block::agent(&written, derives, errors)
        }
        Ok(other) => {
            errors.push(misplaced::error(&other));
            let Item::Impl(mut of_trait) = other else {
                return Err(errors.reject(item));
            };
            marks::strip(&mut of_trait);
            Err(errors.reject(of_trait))
        }
        Err(error) => Err(Errors::from(error).reject(TokenStream::new())),
    }
}
