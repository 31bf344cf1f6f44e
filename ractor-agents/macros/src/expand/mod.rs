//! From the model to the items beside the block.

mod agent;
mod enums;
mod generics;
mod message;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::model::{Agent, Message};
use enums::Enum;

/// The block and everything that the attribute adds.
pub(crate) fn agent(model: &Agent) -> TokenStream {
    let block = &model.block;
    let messages = Enum::of_messages(model);
    let replies = Enum::of_replies(model);
    let each = model.messages.iter().map(|message| {
        let structure = message::structure(model, message);
        let conversion = message::conversion(model, message, &messages, &replies);
        quote!(#structure #conversion)
    });
    let implementation = agent::implementation(model, &messages, &replies);
    let enums = [messages.declaration(), replies.declaration()];
    quote! {
        #block
        #(#each)*
        #(#enums)*
        #implementation
    }
}

/// What a generated type must not be reproached with: nobody wrote it.
fn allowances() -> TokenStream {
    quote! {
        #[allow(
            dead_code,
            missing_copy_implementations,
            missing_debug_implementations,
            private_interfaces,
            unreachable_pub,
            clippy::all,
            clippy::pedantic,
            clippy::nursery,
            clippy::restriction
        )]
    }
}

/// `#[derive(…)]`, or nothing.
fn derives(model: &Agent) -> TokenStream {
    let derives = &model.derives;
    if derives.is_empty() {
        TokenStream::new()
    } else {
        quote!(#[derive(#(#derives),*)])
    }
}

/// The fields' types of a message.
fn fields(message: &Message) -> impl Iterator<Item = TokenStream> {
    message.parts().map(|part| part.ty.to_token_stream())
}
