//! What the parser makes of types and names. Errors are shown by the compile-fail tests.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Type, parse_quote};

use super::types;
use crate::model::{Agent, HookKind, Parameter, Passing};

fn parsed(item: TokenStream) -> Agent {
    match super::agent(quote!(), item) {
        Ok((agent, errors)) if errors.first().is_none() => agent,
        Ok((_, errors)) => panic!("{:?}", errors.texts()),
        Err(rejected) => panic!("{}", rejected.into_tokens()),
    }
}

#[track_caller]
fn assert_owned(taken: &Type, owned: &Type, passing: Passing) {
    let (ty, how) = types::owned(taken).expect("a fine type");
    assert_eq!(
        ty.to_token_stream().to_string(),
        owned.to_token_stream().to_string()
    );
    assert_eq!(how, passing);
}

#[test]
fn references_become_what_owns_the_same() {
    assert_owned(
        &parse_quote!(&str),
        &parse_quote!(::std::string::String),
        Passing::Lent,
    );
    assert_owned(
        &parse_quote!(&[u8]),
        &parse_quote!(::std::vec::Vec<u8>),
        Passing::Lent,
    );
    assert_owned(
        &parse_quote!(&[u8; 4]),
        &parse_quote!([u8; 4]),
        Passing::Lent,
    );
    assert_owned(
        &parse_quote!(&Vec<String>),
        &parse_quote!(Vec<String>),
        Passing::Lent,
    );
    assert_owned(
        &parse_quote!(&'a str),
        &parse_quote!(::std::string::String),
        Passing::Lent,
    );
    assert_owned(
        &parse_quote!(&(dyn Debug + Send)),
        &parse_quote!(::std::boxed::Box<dyn Debug + Send>),
        Passing::Unboxed,
    );
    let lent = parse_quote!(<std::path::Path as ::ractor_agents::__private::Lent>::Owned);
    assert_owned(&parse_quote!(&std::path::Path), &lent, Passing::Lent);
    assert_owned(
        &parse_quote!(&Path<u8>),
        &parse_quote!(Path<u8>),
        Passing::Lent,
    );
}

#[test]
fn values_stay_as_they_are() {
    assert_owned(&parse_quote!(u32), &parse_quote!(u32), Passing::Cloned);
    assert_owned(
        &parse_quote!(&'static str),
        &parse_quote!(&'static str),
        Passing::Cloned,
    );
    assert_owned(
        &parse_quote!(fn(&str) -> &str),
        &parse_quote!(fn(&str) -> &str),
        Passing::Cloned,
    );
    let function: Type = parse_quote!(Arc<dyn for<'a> Fn(&'a str) -> &'a str>);
    assert_owned(&function, &function, Passing::Cloned);
}

#[test]
fn borrowing_parts_are_refused() {
    let borrowing: [Type; 6] = [
        parse_quote!(&mut u32),
        parse_quote!(Option<&str>),
        parse_quote!(&&str),
        parse_quote!(Cow<'_, str>),
        parse_quote!(&[&str]),
        parse_quote!((u8, &'static [&'a u8])),
    ];
    for ty in borrowing {
        assert!(types::owned(&ty).is_err(), "{}", ty.to_token_stream());
    }
}

#[test]
fn only_a_result_with_failure_is_fallible() {
    let value = |ty: Type| types::fallible(&ty).map(|ty| ty.to_token_stream().to_string());
    assert_eq!(
        value(parse_quote!(Result<u32, Failure>)).as_deref(),
        Some("u32")
    );
    assert_eq!(
        value(parse_quote!(std::result::Result<(), agent::Failure>)).as_deref(),
        Some("()")
    );
    assert_eq!(value(parse_quote!(Result<u32, Error>)), None);
    assert_eq!(value(parse_quote!(Result<u32>)), None);
    assert_eq!(value(parse_quote!(Option<Failure>)), None);
}

#[test]
fn the_context_is_told_from_other_types_of_that_name() {
    let agent: Type = parse_quote!(Inventory<T>);
    for context in [
        parse_quote!(Context<Self>),
        parse_quote!(agent::Context<Inventory<T>>),
    ] {
        assert!(types::is_context(&context, &agent));
    }
    for other in [
        parse_quote!(Context),
        parse_quote!(Context<u8>),
        parse_quote!(Vec<Self>),
    ] {
        assert!(!types::is_context(&other, &agent));
    }
}

#[test]
fn messages_are_named_in_camel_case_or_as_chosen() {
    let agent = parsed(quote! {
        impl Inventory {
            #[message] fn add_2_items(&self) {}
            #[message] fn r#move(&self) {}
            #[message(Other)] fn add(&self) {}
        }
    });
    let names: Vec<_> = agent
        .messages
        .iter()
        .map(|message| message.name.to_string())
        .collect();
    assert_eq!(names, ["Add2Items", "Move", "Other"]);
}

#[test]
fn a_method_keeps_its_place_and_loses_our_marks() {
    let agent = parsed(quote! {
        impl Inventory {
            #[on_restart] async fn again(&mut self, reason: &ExitReason) {}
            #[message] #[inline] fn add(&self, #[doc = "How many."] count: u32, ctx: &Context<Self>) {}
            fn helper() {}
        }
    });
    let kept = quote! {
        impl Inventory {
            async fn again(&mut self, reason: &ExitReason) {}
            #[inline] fn add(&self, count: u32, ctx: &Context<Self>) {}
            fn helper() {}
        }
    };
    assert_eq!(agent.block.to_token_stream().to_string(), kept.to_string());
    assert!(
        matches!(agent.hooks[..], [ref hook] if hook.kind == HookKind::Restart && hook.method.is_async)
    );
    let [message] = &agent.messages[..] else {
        panic!("one message")
    };
    assert!(matches!(
        message.parameters[..],
        [Parameter::Part(_), Parameter::Context]
    ));
    let docs = message
        .parts()
        .next()
        .map(|part| part.docs[0].to_token_stream().to_string());
    assert_eq!(docs.as_deref(), Some(r#"# [doc = "How many."]"#));
}

#[test]
fn copied_words_say_self_no_more() {
    let agent = parsed(quote! {
        impl Inventory {
            /// As [`Self::add`].
            #[message]
            fn merge(&self, other: Vec<Self>) -> Option<Self> {}
        }
    });
    let message = &agent.messages[0];
    let part = message
        .parts()
        .next()
        .map(|part| part.ty.to_token_stream().to_string());
    assert_eq!(part.as_deref(), Some("Vec < Inventory >"));
    assert_eq!(
        message.reply.ty.to_token_stream().to_string(),
        "Option < Inventory >"
    );
    let docs = message.docs[0].to_token_stream().to_string();
    assert!(docs.contains("Inventory::add"), "{docs}");
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_the_rest_kept() {
    let item = quote! {
        impl Inventory {
            #[message] fn add() {}
            #[message] #[on_start] fn take(self) {}
            #[on_stop] fn close(&self) -> u32 {}
            #[message] fn count(&self) -> u32 {}
        }
    };
    let Ok((agent, errors)) = super::agent(quote!(colour = "red"), item) else {
        panic!("the head is fine");
    };
    let texts = errors.texts();
    assert_eq!(texts.len(), 5, "{texts:#?}");
    let kept: Vec<_> = agent
        .messages
        .iter()
        .map(|message| message.name.to_string())
        .collect();
    assert_eq!(kept, ["Count"]);
    assert!(agent.hooks.is_empty());
}

#[test]
fn the_same_names_under_conditions_are_the_compilers_business() {
    let agent = parsed(quote! {
        impl Inventory {
            #[cfg(unix)] #[message] fn add(&self) {}
            #[cfg(not(unix))] #[message] fn add(&self) {}
        }
    });
    assert_eq!(agent.messages.len(), 2);
}
