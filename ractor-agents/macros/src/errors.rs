//! Errors, all of them at once.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// Collects what is wrong, so that one build shows everything.
#[derive(Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Notes that something is wrong with `culprit`.
    pub(crate) fn add(&mut self, culprit: impl ToTokens, text: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(culprit, text));
    }

    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            None => self.0 = Some(error),
            Some(first) => first.combine(error),
        }
    }

    /// Takes the value out of `result`, or its error in.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// `value` if nothing was wrong, or else the errors beside `item`.
    pub(crate) fn or<T>(self, value: T, item: impl ToTokens) -> Result<T, Rejected> {
        match self.0 {
            None => Ok(value),
            Some(error) => Err(Rejected::new(error, item)),
        }
    }
}

/// What is wrong, and the item, which is kept: without it, every use of it would be an error too.
pub(crate) struct Rejected {
    error: syn::Error,
    item: TokenStream,
}

impl Rejected {
    pub(crate) fn new(error: syn::Error, item: impl ToTokens) -> Self {
        Self {
            error,
            item: item.into_token_stream(),
        }
    }

    pub(crate) fn into_tokens(self) -> TokenStream {
        let error = self.error.into_compile_error();
        let item = self.item;
        quote!(#item #error)
    }

    /// What the user will read.
    #[cfg(test)]
    pub(crate) fn texts(self) -> Vec<String> {
        self.error
            .into_iter()
            .map(|error| error.to_string())
            .collect()
    }
}
