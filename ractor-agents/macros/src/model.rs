//! One agent, as understood.

use proc_macro2::TokenStream;
use syn::{Attribute, Generics, Ident, ItemImpl, Path, Type, Visibility};

/// An agent.
pub(crate) struct Agent {
    /// The block as written, without our attributes.
    pub(crate) block: ItemImpl,
    /// The last word of the agent's type.
    pub(crate) name: Ident,
    /// What messages and the message enum derive.
    pub(crate) derives: Vec<Path>,
    /// None if something is wrong with all of them.
    pub(crate) messages: Vec<Message>,
    /// One of each kind at most.
    pub(crate) hooks: Vec<Hook>,
}

impl Agent {
    pub(crate) fn generics(&self) -> &Generics {
        &self.block.generics
    }

    pub(crate) fn ty(&self) -> &Type {
        &self.block.self_ty
    }
}

/// A method that is a message.
pub(crate) struct Message {
    /// The message struct.
    pub(crate) name: Ident,
    pub(crate) visibility: Visibility,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) method: Method,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) reply: Reply,
}

impl Message {
    /// The parameters that travel in the message.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Part> {
        self.parameters
            .iter()
            .filter_map(|parameter| match parameter {
                Parameter::Part(part) => Some(&**part),
                Parameter::Context => None,
            })
    }

    pub(crate) fn takes_context(&self) -> bool {
        self.parameters
            .iter()
            .any(|parameter| matches!(parameter, Parameter::Context))
    }
}

/// What it takes to call a method.
pub(crate) struct Method {
    pub(crate) name: Ident,
    pub(crate) is_async: bool,
    /// Where it exists at all: its `#[cfg]` attributes.
    pub(crate) conditions: Vec<Attribute>,
}

impl Method {
    /// Whether both exist in one build, as far as can be seen here.
    pub(crate) fn coexists(&self, other: &Self) -> bool {
        self.conditions.is_empty() && other.conditions.is_empty()
    }
}

/// What a message method takes after `self`.
pub(crate) enum Parameter {
    /// `&Context<Self>`, which the agent has.
    Context,
    /// Something that the sender gives.
    Part(Box<Part>),
}

/// A field of a message struct.
pub(crate) struct Part {
    pub(crate) name: Ident,
    pub(crate) docs: Vec<Attribute>,
    /// The type that the message owns. `Self` does not occur in it.
    pub(crate) ty: Type,
    pub(crate) passing: Passing,
}

/// How a method gets at a part of the message, which it cannot have: the message stays for the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passing {
    /// Taken by value.
    Cloned,
    /// Taken by reference.
    Lent,
    /// Taken by reference out of a box.
    Unboxed,
}

/// What a message method returns.
pub(crate) struct Reply {
    /// What the asker gets. `Self` does not occur in it.
    pub(crate) ty: Type,
    /// Whether the method returns it in a `Result<_, Failure>`.
    pub(crate) is_fallible: bool,
}

/// A method that runs at a turn of the agent's life.
pub(crate) struct Hook {
    pub(crate) kind: HookKind,
    pub(crate) method: Method,
    pub(crate) parameters: Vec<HookParameter>,
    pub(crate) is_fallible: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookKind {
    Start,
    Restart,
    Stop,
}

impl HookKind {
    /// Its attribute, which is also the name of its method in the trait.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "on_start",
            Self::Restart => "on_restart",
            Self::Stop => "on_stop",
        }
    }
}

/// What a hook takes after `self`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookParameter {
    Context,
    Reason,
}

/// Replaces the word `Self` in what is copied out of the block.
pub(crate) fn without_self(tokens: TokenStream, agent: &TokenStream) -> TokenStream {
    use proc_macro2::{Group, TokenTree};
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(word) if word == "Self" => agent.clone(),
            TokenTree::Group(group) => {
                let inner = without_self(group.stream(), agent);
                let mut replaced = Group::new(group.delimiter(), inner);
                replaced.set_span(group.span());
                TokenTree::from(replaced).into()
            }
            other => other.into(),
        })
        .collect()
}
