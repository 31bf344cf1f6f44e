//! The `impl` block: who the agent is, and which methods are what.

use syn::{Attribute, FnArg, GenericParam, Ident, ImplItem, ImplItemFn, ItemImpl, Path};

use super::attributes::{self, Role};
use super::{hook, message, types};
use crate::errors::{Errors, Rejected};
use crate::model::{Agent, Hook, Message};

/// Understands an inherent `impl` block.
pub(super) fn agent(
    written: &ItemImpl,
    derives: Vec<Path>,
    mut errors: Errors,
) -> Result<Agent, Rejected> {
    let mut block = written.clone();
    strip(&mut block);
    let Some(name) = types::last_word(&written.self_ty).map(|word| word.ident.clone()) else {
        let error =
            syn::Error::new_spanned(&written.self_ty, "an agent is a `struct` or an `enum`");
        return Err(Rejected::new(error, block));
    };
    for condition in written
        .attrs
        .iter()
        .filter(|attribute| attributes::is_condition(attribute))
    {
        errors.add(
            condition,
            "`#[cfg]` goes above `#[agent]`: it holds for what that makes too",
        );
    }
    for parameter in &written.generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            errors.add(
                lifetime,
                "an agent cannot borrow: it lives for as long as its supervisor lets it",
            );
        }
    }
    let mut messages = Vec::new();
    let mut hooks = Vec::new();
    let mut is_any_marked = false;
    for item in &written.items {
        let Some((function, role)) = marked(item, &mut errors) else {
            continue;
        };
        is_any_marked |= matches!(role, Ok(Role::Message(_)) | Err(_));
        match errors.take(role) {
            Some(Role::Message(chosen)) => {
                messages.extend(message::message(
                    function,
                    chosen,
                    &block,
                    &name,
                    &mut errors,
                ));
            }
            Some(Role::Hook(kind)) => hooks.push((
                function,
                hook::hook(function, kind, &block.self_ty, &mut errors),
            )),
            None => {}
        }
    }
    if !is_any_marked {
        errors.add(&name, "this agent takes no messages: mark those of its methods that are messages with `#[message]`");
    }
    names_differ(&messages, &mut errors);
    one_of_each(&hooks, &mut errors);
    let hooks = hooks.into_iter().map(|(_, hook)| hook).collect();
    let kept = block.clone();
    errors.or(
        Agent {
            block,
            name,
            derives,
            messages,
            hooks,
        },
        kept,
    )
}

/// The method and what our attribute makes of it, if there is one.
fn marked<'a>(
    item: &'a ImplItem,
    errors: &mut Errors,
) -> Option<(&'a ImplItemFn, syn::Result<Role>)> {
    let attrs = match item {
        ImplItem::Fn(function) => &function.attrs,
        ImplItem::Const(item) => &item.attrs,
        ImplItem::Type(item) => &item.attrs,
        _ => return None,
    };
    let mut ours = attrs
        .iter()
        .filter(|attribute| attributes::is_ours(attribute));
    let first = ours.next()?;
    if let Some(second) = ours.next() {
        errors.add(second, "a method is one message or one hook");
    }
    let ImplItem::Fn(function) = item else {
        errors.add(first, "only a method can be a message or a hook");
        return None;
    };
    Some((function, attributes::role(first)))
}

/// Takes off what the compiler would not know.
pub(super) fn strip(block: &mut ItemImpl) {
    let is_foreign = |attribute: &Attribute| !attributes::is_ours(attribute);
    for item in &mut block.items {
        match item {
            ImplItem::Fn(function) => {
                let is_message = function.attrs.iter().any(attributes::is_ours);
                function.attrs.retain(is_foreign);
                if is_message {
                    function.sig.inputs.iter_mut().for_each(strip_docs);
                }
            }
            ImplItem::Const(item) => item.attrs.retain(is_foreign),
            ImplItem::Type(item) => item.attrs.retain(is_foreign),
            _ => {}
        }
    }
}

/// The language has no documentation on parameters; ours goes to the message's fields.
fn strip_docs(input: &mut FnArg) {
    if let FnArg::Typed(input) = input {
        input
            .attrs
            .retain(|attribute| !attribute.path().is_ident("doc"));
    }
}

fn names_differ(messages: &[Message], errors: &mut Errors) {
    let mut seen: Vec<&Ident> = Vec::new();
    for Message { name, method, .. } in messages
        .iter()
        .filter(|message| message.method.conditions.is_empty())
    {
        if seen.contains(&name) {
            let text = format!(
                "there is a message `{name}` already: choose another name with `#[message(Name)]`"
            );
            errors.push(syn::Error::new(method.name.span(), text));
        }
        seen.push(name);
    }
}

fn one_of_each(hooks: &[(&ImplItemFn, Hook)], errors: &mut Errors) {
    for (index, (function, hook)) in hooks.iter().enumerate() {
        let is_same = |(_, other): &(&ImplItemFn, Hook)| {
            other.kind == hook.kind
                && other.method.conditions.is_empty()
                && hook.method.conditions.is_empty()
        };
        if hooks.iter().take(index).any(is_same) {
            errors.add(
                &function.sig.ident,
                format!("there is a method with `#[{}]` already", hook.kind.name()),
            );
        }
    }
}
