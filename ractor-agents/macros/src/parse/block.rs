//! The `impl` block: who the agent is, and which methods are what.

use syn::{GenericParam, ImplItemFn, ItemImpl, Path};

use super::attributes::{self, Role};
use super::{hook, marks, message, types};
use crate::errors::{Errors, Rejected};
use crate::model::{Agent, Hook, Message};

/// Understands an inherent `impl` block. What is wrong with a method leaves only that method out.
pub(super) fn agent(
    written: &ItemImpl,
    derives: Vec<Path>,
    mut errors: Errors,
) -> Result<(Agent, Errors), Rejected> {
    let mut block = written.clone();
    marks::strip(&mut block);
    let wrong = head(written);
    let is_sound = wrong.first().is_none();
    errors.absorb(wrong);
    let name = types::last_word(&written.self_ty).map(|word| word.ident.clone());
    let (true, Some(name)) = (is_sound, name) else {
        return Err(errors.reject(block));
    };
    let mut agent = Agent {
        block,
        name,
        derives,
        messages: Vec::new(),
        hooks: Vec::new(),
    };
    let mut is_any_marked = false;
    for item in &written.items {
        let mut own = Errors::default();
        let role = marks::role(item, &mut own);
        is_any_marked |= !matches!(role, None | Some((_, Role::Hook(_)))) || own.first().is_some();
        method(role, &mut agent, &mut own);
        errors.absorb(own);
    }
    if !is_any_marked {
        let text = "this agent takes no messages: mark those of its methods that are messages with `#[message]`";
        errors.add(&agent.name, text);
    }
    Ok((agent, errors))
}

/// What is wrong before the brace.
fn head(block: &ItemImpl) -> Errors {
    let mut errors = Errors::default();
    if types::last_word(&block.self_ty).is_none() {
        errors.add(&block.self_ty, "an agent is a `struct` or an `enum`");
    }
    for attribute in block
        .attrs
        .iter()
        .filter(|attribute| attributes::is_condition(attribute))
    {
        errors.add(
            attribute,
            "`#[cfg]` goes above `#[agent]`: it holds for what that makes too",
        );
    }
    for parameter in &block.generics.params {
        if let GenericParam::Lifetime(lifetime) = parameter {
            let text = "an agent cannot borrow: it lives for as long as its supervisor lets it";
            errors.add(lifetime, text);
        }
    }
    errors
}

/// Puts a marked method where it belongs, unless something is wrong with it.
fn method(marked: Option<(&ImplItemFn, Role)>, agent: &mut Agent, errors: &mut Errors) {
    match marked {
        Some((function, Role::Message(chosen))) => {
            let message = message::message(function, chosen, &agent.block, &agent.name, errors);
            if let Some(message) = message
                && is_new_message(&agent.messages, &message, errors)
                && errors.first().is_none()
            {
                agent.messages.push(message);
            }
        }
        Some((function, Role::Hook(kind))) => {
            let hook = hook::hook(function, kind, &agent.block.self_ty, errors);
            if is_new_hook(&agent.hooks, &hook, errors) && errors.first().is_none() {
                agent.hooks.push(hook);
            }
        }
        None => {}
    }
}

fn is_new_message(known: &[Message], message: &Message, errors: &mut Errors) -> bool {
    let Message { name, method, .. } = message;
    let is_same = |other: &Message| other.name == *name && method.coexists(&other.method);
    let is_new = !known.iter().any(is_same);
    if !is_new {
        let text =
            "there is a message of this name already: choose another with `#[message(Name)]`";
        errors.push(syn::Error::new(name.span(), text));
    }
    is_new
}

fn is_new_hook(known: &[Hook], hook: &Hook, errors: &mut Errors) -> bool {
    let is_same = |other: &Hook| other.kind == hook.kind && hook.method.coexists(&other.method);
    let is_new = !known.iter().any(is_same);
    if !is_new {
        let text = format!("there is a method with `#[{}]` already", hook.kind.name());
        errors.push(syn::Error::new(hook.method.name.span(), text));
    }
    is_new
}
