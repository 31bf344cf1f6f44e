//! Generic parameters of the block, where they are needed.

use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;
use syn::{GenericParam, Generics};

/// Those of the block's parameters that some types use. A type may not declare others.
pub(super) struct Used {
    /// As in `struct Add<T, const N: usize>`: without bounds, which the impls have.
    pub(super) declared: TokenStream,
    /// As in `Add<T, N>`.
    pub(super) named: TokenStream,
}

impl Used {
    pub(super) fn by(types: impl IntoIterator<Item = TokenStream>, generics: &Generics) -> Self {
        let mut words = HashSet::new();
        types.into_iter().for_each(|ty| collect(ty, &mut words));
        let mut declared = Vec::new();
        let mut named = Vec::new();
        for parameter in &generics.params {
            let (name, declaration) = match parameter {
                GenericParam::Type(ty) => (&ty.ident, TokenStream::new()),
                GenericParam::Const(constant) => {
                    let ty = &constant.ty;
                    (&constant.ident, quote!(: #ty))
                }
                GenericParam::Lifetime(_) => continue,
            };
            if words.contains(&name.to_string()) {
                let keyword = matches!(parameter, GenericParam::Const(_)).then(|| quote!(const));
                declared.push(quote!(#keyword #name #declaration));
                named.push(name);
            }
        }
        if named.is_empty() {
            return Self {
                declared: TokenStream::new(),
                named: TokenStream::new(),
            };
        }
        Self {
            declared: quote!(<#(#declared),*>),
            named: quote!(<#(#named),*>),
        }
    }
}

fn collect(tokens: TokenStream, words: &mut HashSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => {
                words.insert(word.to_string());
            }
            TokenTree::Group(group) => collect(group.stream(), words),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}
