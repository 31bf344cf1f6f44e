//! A method that runs at a turn of the agent's life.

use syn::{FnArg, ImplItemFn, ReturnType, Type};

use super::signature;
use super::types;
use crate::errors::Errors;
use crate::model::{Hook, HookKind, HookParameter};

/// Understands a method marked `#[on_start]` or the like.
pub(super) fn hook(
    function: &ImplItemFn,
    kind: HookKind,
    agent: &Type,
    errors: &mut Errors,
) -> Hook {
    let what = format!("`#[{}]`", kind.name());
    let method = signature::method(function, &what, errors);
    let mut parameters = Vec::new();
    for input in &function.sig.inputs {
        if let FnArg::Typed(input) = input {
            parameters.extend(errors.take(parameter(&input.ty, kind, agent)));
        }
    }
    let is_fallible = errors
        .take(is_fallible(&function.sig.output, kind))
        .unwrap_or_default();
    Hook {
        kind,
        method,
        parameters,
        is_fallible,
    }
}

fn parameter(ty: &Type, kind: HookKind, agent: &Type) -> syn::Result<HookParameter> {
    let lent = types::lent(ty);
    if lent.is_some_and(|ty| types::is_context(ty, agent)) {
        return Ok(HookParameter::Context);
    }
    if kind == HookKind::Restart && lent.is_some_and(types::is_exit_reason) {
        return Ok(HookParameter::Reason);
    }
    let text = match kind {
        HookKind::Restart => {
            "`#[on_restart]` can take `&ExitReason` and `&Context<Self>`, and nothing else"
                .to_owned()
        }
        HookKind::Start | HookKind::Stop => format!(
            "`#[{}]` can take `&Context<Self>`, and nothing else",
            kind.name()
        ),
    };
    Err(syn::Error::new_spanned(ty, text))
}

fn is_fallible(output: &ReturnType, kind: HookKind) -> syn::Result<bool> {
    let ReturnType::Type(_, ty) = output else {
        return Ok(false);
    };
    if is_unit(ty) {
        return Ok(false);
    }
    let text = match kind {
        HookKind::Stop => "`#[on_stop]` returns nothing: a stop cannot fail".to_owned(),
        HookKind::Start | HookKind::Restart if types::fallible(ty).is_some_and(is_unit) => {
            return Ok(true);
        }
        HookKind::Start | HookKind::Restart => format!(
            "`#[{}]` returns nothing or `Result<(), Failure>`",
            kind.name()
        ),
    };
    Err(syn::Error::new_spanned(ty, text))
}

fn is_unit(ty: &Type) -> bool {
    matches!(types::bare(ty), Type::Tuple(tuple) if tuple.elems.is_empty())
}
