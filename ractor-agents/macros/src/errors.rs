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

    pub(crate) fn absorb(&mut self, others: Self) {
        others.0.into_iter().for_each(|error| self.push(error));
    }

    /// Takes the value out of `result`, or its error in.
    pub(crate) fn take<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// The first, if anything is wrong.
    pub(crate) fn first(&self) -> Option<&syn::Error> {
        self.0.as_ref()
    }

    /// Nothing can be made of `item`.
    pub(crate) fn reject(self, item: impl ToTokens) -> Rejected {
        Rejected {
            errors: self,
            item: item.into_token_stream(),
        }
    }

    pub(crate) fn into_tokens(self) -> TokenStream {
        self.0
            .map(syn::Error::into_compile_error)
            .unwrap_or_default()
    }

    /// What the user will read.
    #[cfg(test)]
    pub(crate) fn texts(self) -> Vec<String> {
        self.0
            .into_iter()
            .flatten()
            .map(|error| error.to_string())
            .collect()
    }
}

impl From<syn::Error> for Errors {
    fn from(error: syn::Error) -> Self {
        Self(Some(error))
    }
}

/// What is wrong, and the item, which is kept: without it, every use of it would be an error too.
pub(crate) struct Rejected {
    errors: Errors,
    item: TokenStream,
}

impl Rejected {
    pub(crate) fn into_tokens(self) -> TokenStream {
        let errors = self.errors.into_tokens();
        let item = self.item;
        quote!(#item #errors)
    }
}
