//! Which of a block's items are marked, and the block without the marks.

use syn::{Attribute, FnArg, ImplItem, ImplItemFn, ItemImpl};

use super::attributes::{self, Role};
use crate::errors::Errors;

/// The method and what our attribute makes of it, if there is one.
pub(super) fn role<'a>(item: &'a ImplItem, errors: &mut Errors) -> Option<(&'a ImplItemFn, Role)> {
    let mut ours = attrs(item)
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
    errors
        .take(attributes::role(first))
        .map(|role| (function, role))
}

/// Takes off what the compiler would not know.
pub(super) fn strip(block: &mut ItemImpl) {
    for item in &mut block.items {
        let is_marked = attrs(item).iter().any(attributes::is_ours);
        if !is_marked {
            continue;
        }
        let is_foreign = |attribute: &Attribute| !attributes::is_ours(attribute);
        match item {
            ImplItem::Fn(function) => {
                function.attrs.retain(is_foreign);
                function.sig.inputs.iter_mut().for_each(strip_docs);
            }
            ImplItem::Const(item) => item.attrs.retain(is_foreign),
            ImplItem::Type(item) => item.attrs.retain(is_foreign),
            _ => {}
        }
    }
}

fn attrs(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Fn(function) => &function.attrs,
        ImplItem::Const(item) => &item.attrs,
        ImplItem::Type(item) => &item.attrs,
        _ => &[],
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
