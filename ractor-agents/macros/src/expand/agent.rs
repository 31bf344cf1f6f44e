//! `impl Agent`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;

use super::enums::Enum;
use crate::model::{
    Agent, Hook, HookKind, HookParameter, Message, Method, Parameter, Part, Passing,
};

pub(super) fn implementation(model: &Agent, messages: &Enum, replies: &Enum) -> TokenStream {
    let agent = model.ty();
    let (declared, _, conditions) = model.generics().split_for_impl();
    let (message, reply) = (messages.ty(), replies.ty());
    let ctx = argument("ctx", model.messages.iter().any(Message::takes_context));
    let arms = model
        .messages
        .iter()
        .map(|message| arm(message, messages, replies));
    // A reference to an empty enum would still have to be matched.
    let body = if model.messages.is_empty() {
        quote!(match *message {})
    } else {
        quote!(::core::result::Result::Ok(match message { #(#arms)* }))
    };
    let hooks = model.hooks.iter().map(hook);
    quote! {
        #[automatically_derived]
        #[allow(deprecated)]
        impl #declared ::ractor_agents::agent::Agent for #agent #conditions {
            type Message = #message;
            type Reply = #reply;

            async fn handle(
                &mut self,
                message: &Self::Message,
                #ctx: &::ractor_agents::agent::Context<Self>,
            ) -> ::core::result::Result<Self::Reply, ::ractor_agents::agent::Failure> {
                #body
            }

            #(#hooks)*
        }
    }
}

/// A parameter's name, if it is used.
fn argument(name: &str, is_used: bool) -> TokenStream {
    if is_used {
        let name = format_ident!("{name}");
        quote!(#name)
    } else {
        quote!(_)
    }
}

fn arm(message: &Message, messages: &Enum, replies: &Enum) -> TokenStream {
    let conditions = &message.method.conditions;
    let (from, into) = (messages.variant(message), replies.variant(message));
    let binding = argument("message", message.parts().next().is_some());
    let arguments = message.parameters.iter().map(|parameter| match parameter {
        Parameter::Context => quote!(ctx),
        Parameter::Part(part) => passed(part),
    });
    let call = call(&message.method, arguments, message.reply.is_fallible);
    quote! {
        #(#conditions)*
        #from(#binding) => #into(#call),
    }
}

/// A part of the message as an argument. What is wrong with its type is reported there.
fn passed(
    Part {
        name, ty, passing, ..
    }: &Part,
) -> TokenStream {
    match passing {
        Passing::Lent => quote!(&message.#name),
        Passing::Unboxed => quote!(&*message.#name),
        Passing::Cloned => {
            let by_value = quote_spanned!(ty.span()=> ::ractor_agents::__private::ByValue);
            quote!(<#ty as #by_value>::by_value(&message.#name))
        }
    }
}

fn call(
    method: &Method,
    arguments: impl Iterator<Item = TokenStream>,
    is_fallible: bool,
) -> TokenStream {
    let name = &method.name;
    let awaited = method.is_async.then(|| quote!(.await));
    let tried = is_fallible.then(|| quote!(?));
    quote!(Self::#name(self #(, #arguments)*) #awaited #tried)
}

fn hook(hook: &Hook) -> TokenStream {
    let Hook {
        kind,
        method,
        parameters,
        is_fallible,
    } = hook;
    let conditions = &method.conditions;
    let name = format_ident!("{}", kind.name());
    let ctx = argument("ctx", parameters.contains(&HookParameter::Context));
    let reason = argument("reason", parameters.contains(&HookParameter::Reason));
    let reason =
        (*kind == HookKind::Restart).then(|| quote!(#reason: &::ractor_agents::agent::ExitReason,));
    let arguments = parameters.iter().map(|parameter| match parameter {
        HookParameter::Context => quote!(ctx),
        HookParameter::Reason => quote!(reason),
    });
    let call = call(method, arguments, *is_fallible);
    let (output, end) = if *kind == HookKind::Stop {
        (TokenStream::new(), TokenStream::new())
    } else {
        let output = quote!(-> ::core::result::Result<(), ::ractor_agents::agent::Failure>);
        (output, quote!(::core::result::Result::Ok(())))
    };
    quote! {
        #(#conditions)*
        async fn #name(&mut self, #reason #ctx: &::ractor_agents::agent::Context<Self>) #output {
            #call;
            #end
        }
    }
}
