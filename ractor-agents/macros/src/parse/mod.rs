//! From the block as written to the model.

mod attributes;
mod block;
mod hook;
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

/// Understands `#[agent(arguments)] item`.
pub(crate) fn agent(arguments: TokenStream, item: TokenStream) -> Result<Agent, Rejected> {
    let mut errors = Errors::default();
    let derives = errors.take(options::derives(arguments)).unwrap_or_default();
    match syn::parse2(item.clone()) {
        Ok(Item::Impl(written)) if written.trait_.is_none() => {
            block::agent(&written, derives, errors)
        }
        Ok(Item::Impl(mut of_trait)) => {
            let error = misplaced::error(&Item::Impl(of_trait.clone()));
            block::strip(&mut of_trait);
            Err(Rejected::new(error, of_trait))
        }
        Ok(other) => Err(Rejected::new(misplaced::error(&other), item)),
        Err(error) => Err(Rejected::new(error, TokenStream::new())),
    }
}
