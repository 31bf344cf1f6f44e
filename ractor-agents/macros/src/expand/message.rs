//! One message: its struct, and how the agent takes it.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};

use super::enums::Enum;
use super::generics::Used;
use crate::model::{Agent, Message, without_self};

/// The message struct.
pub(super) fn structure(model: &Agent, message: &Message) -> TokenStream {
    let Message {
        name,
        visibility,
        docs,
        method,
        ..
    } = message;
    let conditions = &method.conditions;
    let generics = Used::by(super::fields(message), model.generics()).declared;
    let derives = super::derives(model);
    let allowances = super::allowances();
    let docs = if docs.is_empty() {
        let text = format!("Asks for what `{}::{}` does.", model.name, method.name);
        quote!(#[doc = #text])
    } else {
        quote!(#(#docs)*)
    };
    let fields: Vec<_> = message
        .parts()
        .map(|part| {
            let (name, ty, docs) = (&part.name, &part.ty, &part.docs);
            let text = format!("What `{}` gets as `{name}`.", method.name);
            let docs = if docs.is_empty() {
                quote!(#[doc = #text])
            } else {
                quote!(#(#docs)*)
            };
            quote!(#docs #visibility #name: #ty)
        })
        .collect();
    // Two of one name are an error that should point at the names, not at the attribute.
    let place = name.span();
    let keyword = quote_spanned!(place=> struct);
    let body = if fields.is_empty() {
        quote_spanned!(place=> ;)
    } else {
        quote_spanned!(place=> { #(#fields),* })
    };
    quote! {
        #(#conditions)*
        #docs
        #derives
        #allowances
        #visibility #keyword #name #generics #body
    }
}

/// The message struct as a type.
pub(super) fn ty(model: &Agent, message: &Message) -> TokenStream {
    let name = &message.name;
    let generics = Used::by(super::fields(message), model.generics()).named;
    quote!(#name #generics)
}

/// What makes the struct a message of the agent, with a reply type of its own.
pub(super) fn conversion(
    model: &Agent,
    message: &Message,
    messages: &Enum,
    replies: &Enum,
) -> TokenStream {
    let agent = model.ty().to_token_stream();
    let (declared, _, conditions_on_types) = model.generics().split_for_impl();
    // In this impl, `Self` is the message.
    let declared = without_self(declared.to_token_stream(), &agent);
    let conditions_on_types = without_self(conditions_on_types.to_token_stream(), &agent);
    let conditions = &message.method.conditions;
    let own = ty(model, message);
    let reply = &message.reply.ty;
    let (all_messages, all_replies) = (messages.ty(), replies.ty());
    let (into, from) = (messages.variant(message), replies.variant(message));
    let others = (model.messages.len() > 1).then(|| quote!(_ => ::core::option::Option::None,));
    quote! {
        #(#conditions)*
        #[automatically_derived]
        #[allow(unreachable_patterns)]
        impl #declared ::ractor_agents::agent::IntoMessage<#agent, ::ractor_agents::agent::Typed> for #own
        #conditions_on_types
        {
            type Reply = #reply;

            fn into_message(self) -> #all_messages {
                #into(self)
            }

            fn reply(reply: #all_replies) -> ::core::option::Option<#reply> {
                match reply {
                    #from(reply) => ::core::option::Option::Some(reply),
                    #others
                }
            }
        }
    }
}
