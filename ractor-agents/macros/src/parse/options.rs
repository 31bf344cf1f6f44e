//! What stands in the parentheses of `#[agent(…)]`.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Path, Token};

/// The traits of `derive(…)`, which is the only option there is.
pub(super) fn derives(arguments: TokenStream) -> syn::Result<Vec<Path>> {
    let mut derives = Vec::new();
    let options = syn::meta::parser(|option| {
        if option.path.is_ident("derive") {
            let inside;
            syn::parenthesized!(inside in option.input);
            derives.extend(Punctuated::<Path, Token![,]>::parse_terminated(&inside)?);
            Ok(())
        } else {
            Err(option.error(
                "unknown option: `#[agent]` knows `derive(…)` only, which applies to the messages",
            ))
        }
    });
    options.parse2(arguments)?;
    Ok(derives)
}
