//! What types of parameters and replies mean, by the way they are written: a macro does not see through aliases.

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{
    GenericArgument, Lifetime, ParenthesizedGenericArguments, PathArguments, PathSegment,
    TraitBound, Type, TypeFnPtr, TypeImplTrait, TypeReference, parse_quote,
};

use crate::model::Passing;

/// The type without parentheses around it, also the invisible ones that `macro_rules` leave.
pub(super) fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        _ => ty,
    }
}

/// The last word of a type's path.
pub(super) fn last_word(ty: &Type) -> Option<&PathSegment> {
    match bare(ty) {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// The types in the angle brackets behind a word.
fn arguments(word: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(brackets) = &word.arguments else {
        return Vec::new();
    };
    brackets.args.iter().filter_map(as_type).collect()
}

fn as_type(argument: &GenericArgument) -> Option<&Type> {
    if let GenericArgument::Type(ty) = argument {
        Some(ty)
    } else {
        None
    }
}

/// What stands behind the `&`, if the type is a shared reference that ends with the call.
pub(super) fn lent(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::Reference(reference) if reference.mutability.is_none() && !is_static(reference) => {
            Some(&reference.elem)
        }
        _ => None,
    }
}

fn is_static(reference: &TypeReference) -> bool {
    reference
        .lifetime
        .as_ref()
        .is_some_and(|lifetime| lifetime.ident == "static")
}

/// Whether it is `Context<Self>`, or has the agent's type written out.
pub(super) fn is_context(ty: &Type, agent: &Type) -> bool {
    let is_agent = |argument: &Type| {
        let written = argument.to_token_stream().to_string();
        written == "Self" || written == agent.to_token_stream().to_string()
    };
    last_word(ty).is_some_and(|word| {
        word.ident == "Context" && matches!(arguments(word)[..], [argument] if is_agent(argument))
    })
}

/// Whether it is called `ExitReason`.
pub(super) fn is_exit_reason(ty: &Type) -> bool {
    last_word(ty).is_some_and(|word| word.ident == "ExitReason")
}

/// What a `Result<_, Failure>` holds.
pub(super) fn fallible(ty: &Type) -> Option<&Type> {
    let word = last_word(ty).filter(|word| word.ident == "Result")?;
    let [value, error] = arguments(word)[..] else {
        return None;
    };
    let is_failure = last_word(error).is_some_and(|word| word.ident == "Failure");
    is_failure.then_some(value)
}

/// What the message has to own for a parameter of type `ty`, and how the method gets at it.
pub(super) fn owned(ty: &Type) -> syn::Result<(Type, Passing)> {
    let Some(lent) = lent(ty) else {
        if let Type::Reference(reference) = bare(ty)
            && reference.mutability.is_some()
        {
            let text = "a message is only lent to the method, since a further attempt may need it: take `&` or the value";
            return Err(syn::Error::new_spanned(ty, text));
        }
        keeps(ty, Place::Part)?;
        return Ok((ty.clone(), Passing::Cloned));
    };
    let owned = match bare(lent) {
        Type::Slice(slice) => {
            let element = &slice.elem;
            parse_quote!(::std::vec::Vec<#element>)
        }
        object @ Type::TraitObject(_) => {
            keeps(object, Place::Part)?;
            return Ok((parse_quote!(::std::boxed::Box<#object>), Passing::Unboxed));
        }
        Type::Path(path) if path.path.is_ident("str") => parse_quote!(::std::string::String),
        other if is_perhaps_unsized(other) => {
            parse_quote!(<#other as ::ractor_agents::__private::Lent>::Owned)
        }
        other => other.clone(),
    };
    keeps(lent, Place::Part)?;
    Ok((owned, Passing::Lent))
}

/// Whether the type has the name of one that is only ever seen behind a reference.
fn is_perhaps_unsized(ty: &Type) -> bool {
    last_word(ty).is_some_and(|word| {
        word.arguments.is_none()
            && ["Path", "OsStr", "CStr"]
                .into_iter()
                .any(|name| word.ident == name)
    })
}

/// Where a type has to be one that can be named and outlives the call.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Part,
    Reply,
}

/// Checks that a type can be kept: that it neither borrows nor is an `impl Trait`.
pub(super) fn keeps(ty: &Type, place: Place) -> syn::Result<()> {
    let mut offence = Offence { place, found: None };
    offence.visit_type(ty);
    offence.found.map_or(Ok(()), Err)
}

/// The first thing in a type that cannot be kept.
struct Offence {
    place: Place,
    found: Option<syn::Error>,
}

impl Offence {
    fn borrows(&mut self, culprit: impl ToTokens) {
        let text = match self.place {
            Place::Part => {
                "a message owns its parts: a parameter as a whole may be a reference, but not what is inside"
            }
            Place::Reply => {
                "a reply is sent to the asker and cannot borrow: return a value that owns what it holds"
            }
        };
        self.found
            .get_or_insert_with(|| syn::Error::new_spanned(culprit, text));
    }
}

impl<'ast> Visit<'ast> for Offence {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if is_static(reference) {
            visit::visit_type_reference(self, reference);
        } else {
            self.borrows(reference);
        }
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.borrows(lifetime);
        }
    }

    fn visit_type_impl_trait(&mut self, ty: &'ast TypeImplTrait) {
        let text = match self.place {
            Place::Part => {
                "a message has fields of types that can be named: write the type instead of `impl`"
            }
            Place::Reply => {
                "a reply has a type that can be named: write the type instead of `impl`, with `async fn` for futures"
            }
        };
        self.found
            .get_or_insert_with(|| syn::Error::new_spanned(ty, text));
    }

    // What these borrow are arguments of later calls.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}

    fn visit_trait_bound(&mut self, bound: &'ast TraitBound) {
        if bound.lifetimes.is_none() {
            visit::visit_trait_bound(self, bound);
        }
    }
}

/// The type with the agent's own in place of `Self`.
pub(super) fn named(ty: &Type, agent: &Type) -> Type {
    let tokens = crate::model::without_self(ty.to_token_stream(), &agent.to_token_stream());
    Type::Verbatim(tokens)
}
