//! The `#[agent]` attribute of `ractor-agents`. Use it through that crate, which documents it.
//!
//! ```text
//! #[agent] impl Inventory { … }
//!    │ parse    the block as written becomes a model, and errors that point at what is wrong
//!    ▼
//! model        one agent: its messages, its hooks
//!    │ expand   the model becomes items beside the block, which itself loses only our attributes
//!    ▼
//! struct Add { … }   enum __InventoryMessage   enum __InventoryReply   impl Agent   impl IntoMessage, per message
//! ```

mod errors;
mod expand;
mod model;
mod parse;

use proc_macro::TokenStream;

/// Makes an agent of an `impl` block, with a typed message for each method that is marked as one.
#[proc_macro_attribute]
pub fn agent(arguments: TokenStream, item: TokenStream) -> TokenStream {
    run(arguments.into(), item.into()).into()
}

/// What [`agent`] does, in terms that unit tests can call.
fn run(
    arguments: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    match parse::agent(arguments, item) {
        Ok((agent, errors)) => {
            let items = expand::agent(&agent);
            let errors = errors.into_tokens();
            quote::quote!(#items #errors)
        }
        Err(rejected) => rejected.into_tokens(),
    }
}
