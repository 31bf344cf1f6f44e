//! The attributes on a method, told apart: ours are taken off, others stay.

use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta};

use crate::model::HookKind;

/// What one of our attributes makes of a method.
pub(super) enum Role {
    /// `#[message]`, or `#[message(Name)]`.
    Message(Option<Ident>),
    /// `#[on_start]` and the like.
    Hook(HookKind),
}

/// Whether an attribute is one of ours, well written or not.
pub(super) fn is_ours(attribute: &Attribute) -> bool {
    attribute.path().is_ident("message") || hook(attribute).is_some()
}

/// What our attribute says.
pub(super) fn role(attribute: &Attribute) -> syn::Result<Role> {
    let Some(kind) = hook(attribute) else {
        return Ok(Role::Message(chosen_name(attribute)?));
    };
    match attribute.meta {
        Meta::Path(_) => Ok(Role::Hook(kind)),
        _ => Err(syn::Error::new_spanned(
            attribute,
            format!("`#[{}]` has no options", kind.name()),
        )),
    }
}

fn hook(attribute: &Attribute) -> Option<HookKind> {
    [HookKind::Start, HookKind::Restart, HookKind::Stop]
        .into_iter()
        .find(|kind| attribute.path().is_ident(kind.name()))
}

fn chosen_name(attribute: &Attribute) -> syn::Result<Option<Ident>> {
    let chosen = match &attribute.meta {
        Meta::Path(_) => return Ok(None),
        Meta::List(list) => list.parse_args().ok(),
        Meta::NameValue(_) => None,
    };
    let text = "the message's name is the only option there is: `#[message]` or `#[message(Name)]`";
    chosen
        .map(Some)
        .ok_or_else(|| syn::Error::new_spanned(attribute, text))
}

/// The documentation, with links to siblings: where it is copied to, `Self` is something else.
pub(super) fn docs(attributes: &[Attribute], agent: &Ident) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .map(|attribute| {
            let mut copy = attribute.clone();
            if let Meta::NameValue(doc) = &mut copy.meta
                && let Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) = &mut doc.value
            {
                let linked = text.value().replace("Self::", &format!("{agent}::"));
                *text = LitStr::new(&linked, text.span());
            }
            copy
        })
        .collect()
}

/// The `#[cfg]` attributes: what belongs to a method exists where the method does.
pub(super) fn conditions(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes
        .iter()
        .filter(|attribute| is_condition(attribute))
        .cloned()
        .collect()
}

pub(super) fn is_condition(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
}
