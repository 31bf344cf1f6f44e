//! The two enums that nobody has to see: all messages of the agent, and all replies.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::Ident;

use super::generics::Used;
use crate::model::{Agent, Message};

/// One enum with a variant per message.
pub(super) struct Enum {
    name: Ident,
    generics: Used,
    variants: Vec<TokenStream>,
    derives: TokenStream,
}

impl Enum {
    pub(super) fn of_messages(model: &Agent) -> Self {
        let fields = model.messages.iter().flat_map(super::fields);
        let variants = model.messages.iter().map(|message| {
            let ty = super::message::ty(model, message);
            variant(message, &ty)
        });
        Self {
            name: format_ident!("__{}Message", model.name),
            generics: Used::by(fields, model.generics()),
            variants: variants.collect(),
            derives: super::derives(model),
        }
    }

    pub(super) fn of_replies(model: &Agent) -> Self {
        let replies = model
            .messages
            .iter()
            .map(|message| message.reply.ty.to_token_stream());
        let variants = model
            .messages
            .iter()
            .map(|message| variant(message, &message.reply.ty.to_token_stream()));
        Self {
            name: format_ident!("__{}Reply", model.name),
            generics: Used::by(replies, model.generics()),
            variants: variants.collect(),
            derives: TokenStream::new(),
        }
    }

    /// Always public: it is a type of the agent's public trait. Hidden, so nobody comes to rely on it.
    pub(super) fn declaration(&self) -> TokenStream {
        let Self {
            name,
            generics,
            variants,
            derives,
        } = self;
        let generics = &generics.declared;
        let allowances = super::allowances();
        quote! {
            #derives
            #allowances
            #[doc(hidden)]
            pub enum #name #generics { #(#variants),* }
        }
    }

    /// The enum as a type.
    pub(super) fn ty(&self) -> TokenStream {
        let Self { name, generics, .. } = self;
        let generics = &generics.named;
        quote!(#name #generics)
    }

    /// The path of a message's variant.
    pub(super) fn variant(&self, message: &Message) -> TokenStream {
        let (name, variant) = (&self.name, &message.name);
        quote!(#name::#variant)
    }
}

fn variant(message: &Message, ty: &TokenStream) -> TokenStream {
    let name = &message.name;
    let conditions = &message.method.conditions;
    quote!(#(#conditions)* #name(#ty))
}
