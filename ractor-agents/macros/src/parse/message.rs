//! A method that is a message.

use quote::{format_ident, quote_spanned};
use syn::{FnArg, Ident, ImplItemFn, ItemImpl, Pat, PatIdent, PatType, ReturnType, Type};

use super::attributes;
use super::signature;
use super::types::{self, Place};
use crate::errors::Errors;
use crate::model::{Message, Parameter, Part, Reply};

/// Names of common imports: a message called so by its method would hide them from the whole module.
const COMMON: [&str; 36] = [
    "Agent",
    "AgentRef",
    "AsMut",
    "AsRef",
    "Box",
    "Clone",
    "Context",
    "Copy",
    "Default",
    "Drop",
    "Duration",
    "Err",
    "Extend",
    "Failure",
    "Fn",
    "From",
    "Into",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "Priority",
    "Result",
    "Send",
    "Sized",
    "Some",
    "String",
    "Swarm",
    "Sync",
    "ToOwned",
    "ToString",
    "Unpin",
    "Vec",
];

/// Understands a method marked `#[message]` or `#[message(chosen)]`.
pub(super) fn message(
    function: &ImplItemFn,
    chosen: Option<Ident>,
    block: &ItemImpl,
    agent: &Ident,
    errors: &mut Errors,
) -> Option<Message> {
    let method = signature::method(function, "a message", errors);
    let inputs = &function.sig.inputs;
    let parameters = inputs.iter().filter_map(|input| match input {
        FnArg::Typed(input) => errors.take(parameter(input, &block.self_ty, agent)),
        FnArg::Receiver(_) => None,
    });
    let parameters = parameters.collect();
    let reply = errors.take(reply(function, &block.self_ty));
    let name = errors.take(name(&function.sig.ident, chosen, agent));
    Some(Message {
        name: name?,
        visibility: function.vis.clone(),
        docs: attributes::docs(&function.attrs, agent),
        method,
        parameters,
        reply: reply?,
    })
}

fn name(method: &Ident, chosen: Option<Ident>, agent: &Ident) -> syn::Result<Ident> {
    let is_chosen = chosen.is_some();
    let name = match chosen {
        Some(name) => name,
        None => camel_case(method)?,
    };
    let choose = "choose another name for it with `#[message(Name)]`";
    if name == *agent {
        let text = format!("the message would be called `{name}` like its agent: {choose}");
        return Err(syn::Error::new(method.span(), text));
    }
    if !is_chosen && COMMON.iter().any(|common| name == common) {
        let text = format!("the message would hide the usual `{name}` from this module: {choose}");
        return Err(syn::Error::new(method.span(), text));
    }
    Ok(name)
}

/// `add_item` becomes `AddItem`.
fn camel_case(method: &Ident) -> syn::Result<Ident> {
    let plain = method.to_string();
    let words = plain.trim_start_matches("r#").split('_');
    let name: String = words
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .chain(letters)
        })
        .collect();
    let parsed: syn::Result<Ident> = syn::parse_str(&name);
    let text = "no name for the message can be made of this: choose one with `#[message(Name)]`";
    let ident = parsed.map_err(|_| syn::Error::new(method.span(), text))?;
    Ok(format_ident!("{ident}", span = method.span()))
}

fn parameter(input: &PatType, agent: &Type, agent_name: &Ident) -> syn::Result<Parameter> {
    if types::lent(&input.ty).is_some_and(|ty| types::is_context(ty, agent)) {
        return Ok(Parameter::Context);
    }
    if let Some(condition) = input
        .attrs
        .iter()
        .find(|attribute| attributes::is_condition(attribute))
    {
        return Err(syn::Error::new_spanned(
            condition,
            "a part of a message cannot depend on `#[cfg]`",
        ));
    }
    let is_context = match types::bare(&input.ty) {
        Type::Reference(reference) => types::is_context(&reference.elem, agent),
        ty => types::is_context(ty, agent),
    };
    if is_context {
        return Err(syn::Error::new_spanned(
            &input.ty,
            "the agent lends its context: take `&Context<Self>`",
        ));
    }
    let Pat::Ident(PatIdent {
        ident,
        by_ref: None,
        subpat: None,
        ..
    }) = &*input.pat
    else {
        let text = "the name of a parameter is that of a field of the message: write a plain name instead of a pattern";
        return Err(syn::Error::new_spanned(&input.pat, text));
    };
    let (ty, passing) = types::owned(&input.ty)?;
    let docs = attributes::docs(&input.attrs, agent_name);
    Ok(Parameter::Part(Box::new(Part {
        name: ident.clone(),
        docs,
        ty: types::named(&ty, agent),
        passing,
    })))
}

fn reply(function: &ImplItemFn, agent: &Type) -> syn::Result<Reply> {
    let ReturnType::Type(_, written) = &function.sig.output else {
        let unit = quote_spanned!(function.sig.ident.span()=> ());
        return Ok(Reply {
            ty: Type::Verbatim(unit),
            is_fallible: false,
        });
    };
    let value = types::fallible(written);
    let ty = value.unwrap_or(written);
    types::keeps(ty, Place::Reply)?;
    Ok(Reply {
        ty: types::named(ty, agent),
        is_fallible: value.is_some(),
    })
}
