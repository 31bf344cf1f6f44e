//! What holds for every method that the agent calls, be it a message or a hook.

use syn::{GenericParam, ImplItemFn, ReceiverKind, Safety, Signature, Type};

use super::attributes;
use super::types::bare;
use crate::errors::Errors;
use crate::model::Method;

/// Checks what does not depend on the parameters. `what` is the method's role in words.
pub(super) fn method(function: &ImplItemFn, what: &str, errors: &mut Errors) -> Method {
    let signature = &function.sig;
    receiver(signature, what, errors);
    if let Safety::Unsafe(word) = &signature.safety {
        errors.add(
            word,
            format!("{what} cannot be `unsafe`: the agent calls it by itself"),
        );
    }
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            errors.add(
                parameter,
                format!("{what} cannot be generic; parameters of the `impl` block can be used"),
            );
        }
    }
    Method {
        name: signature.ident.clone(),
        is_async: signature.asyncness.is_some(),
        conditions: attributes::conditions(&function.attrs),
    }
}

fn receiver(signature: &Signature, what: &str, errors: &mut Errors) {
    let Some(receiver) = signature.receiver() else {
        let text = format!("{what} needs its agent: the first parameter is `&self` or `&mut self`");
        return errors.add(&signature.ident, text);
    };
    let is_reference = match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => is_reference_to_self(ty),
        _ => false,
    };
    if !is_reference {
        let text = format!("{what} cannot use up the agent: take `&self` or `&mut self`");
        errors.add(receiver, text);
    }
}

fn is_reference_to_self(ty: &Type) -> bool {
    let Type::Reference(reference) = bare(ty) else {
        return false;
    };
    matches!(bare(&reference.elem), Type::Path(path) if path.path.is_ident("Self"))
}
