//! What to say when the attribute stands on something else than an `impl` block of the agent's own.

use syn::{FnArg, Item};

/// The error for an attribute on `item`.
pub(super) fn error(item: &Item) -> syn::Error {
    match item {
        Item::Impl(block) => {
            let path = block.trait_.as_ref().map(|(path, _)| path);
            syn::Error::new_spanned(
                path,
                "`#[agent]` belongs on the agent's own `impl` block, not on that of a trait: it writes `impl Agent` itself",
            )
        }
        Item::Fn(function) if matches!(function.sig.inputs.first(), Some(FnArg::Receiver(_))) => {
            syn::Error::new_spanned(
                &function.sig.ident,
                "`#[agent]` belongs on the `impl` block; the methods in it that are messages are marked `#[message]`",
            )
        }
        Item::Fn(function) => syn::Error::new_spanned(
            &function.sig.ident,
            "a free `async fn` of one argument is an agent without any attribute: pass it to `swarm.spawn(…)`",
        ),
        Item::Struct(item) => with_block(&item.ident),
        Item::Enum(item) => with_block(&item.ident),
        other => syn::Error::new_spanned(
            other,
            "`#[agent]` belongs on an `impl` block whose methods are the agent's messages",
        ),
    }
}

fn with_block(ident: &syn::Ident) -> syn::Error {
    syn::Error::new_spanned(
        ident,
        format!(
            "`#[agent]` belongs on the block with the agent's methods: `#[agent] impl {ident} {{ … }}`"
        ),
    )
}
