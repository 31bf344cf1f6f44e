//! Risky constructs, language by language.
//!
//! None of them is wrong by itself; each is where an audit looks first. What stands in a comment or a string literal is
//! passed over as far as one line tells: a comment or string that spans lines is not seen as one.

mod c;
mod c_sharp;
mod check;
mod go;
mod java;
mod java_script;
mod php;
mod python;
mod ruby;
mod rust;
mod shell;

use std::collections::HashMap;
use std::sync::LazyLock;

use tokei::LanguageType;

use super::{Rule, Rules};
use crate::language::Language;

/// Languages that share their rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Family {
    C,
    CSharp,
    Go,
    Java,
    JavaScript,
    Php,
    Python,
    Ruby,
    Rust,
    Shell,
}

impl Family {
    const ALL: [Self; 10] = [
        Self::C,
        Self::CSharp,
        Self::Go,
        Self::Java,
        Self::JavaScript,
        Self::Php,
        Self::Python,
        Self::Ruby,
        Self::Rust,
        Self::Shell,
    ];

    fn of(language: Language) -> Option<Self> {
        use LanguageType as L;
        Some(match language.kind() {
            L::C
            | L::CHeader
            | L::Cpp
            | L::CppHeader
            | L::CppModule
            | L::ObjectiveC
            | L::ObjectiveCpp => Self::C,
            L::CSharp => Self::CSharp,
            L::Go => Self::Go,
            L::Java | L::Kotlin | L::Scala | L::Groovy => Self::Java,
            L::JavaScript | L::TypeScript | L::Jsx | L::Tsx | L::Html | L::Vue | L::Svelte => {
                Self::JavaScript
            }
            L::Php => Self::Php,
            L::Python | L::Cython => Self::Python,
            L::Ruby | L::RubyHtml => Self::Ruby,
            L::Rust => Self::Rust,
            L::Sh | L::Bash | L::Zsh | L::Ksh | L::Fish | L::Dockerfile | L::Makefile => {
                Self::Shell
            }
            _ => return None,
        })
    }

    /// What starts and ends a string, beside `"`.
    fn other_quotes(self) -> &'static [u8] {
        match self {
            Self::C | Self::CSharp | Self::Java | Self::Rust => b"",
            Self::Go => b"`",
            Self::JavaScript => b"'`",
            Self::Php | Self::Python | Self::Ruby | Self::Shell => b"'",
        }
    }

    fn rules(self) -> &'static [Rule] {
        match self {
            Self::C => &c::RULES,
            Self::CSharp => &c_sharp::RULES,
            Self::Go => &go::RULES,
            Self::Java => &java::RULES,
            Self::JavaScript => &java_script::RULES,
            Self::Php => &php::RULES,
            Self::Python => &python::RULES,
            Self::Ruby => &ruby::RULES,
            Self::Rust => &rust::RULES,
            Self::Shell => &shell::RULES,
        }
    }
}

/// The rules for a language, compiled when its first file turns up.
pub(super) fn rules_of(language: Option<Language>) -> Option<&'static Rules> {
    type Compiled = LazyLock<Rules, Box<dyn FnOnce() -> Rules + Send>>;
    static COMPILED: LazyLock<HashMap<Family, Compiled>> = LazyLock::new(|| {
        let lazily = |family: Family| -> Compiled {
            LazyLock::new(Box::new(move || Rules::new(family.rules().iter().copied())))
        };
        Family::ALL
            .into_iter()
            .map(|family| (family, lazily(family)))
            .collect()
    });
    let rules = COMPILED.get(&Family::of(language?)?)?;
    Some(LazyLock::force(rules))
}

/// Every rule of every family, for the tests.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = Rule> {
    Family::ALL
        .into_iter()
        .flat_map(|family| family.rules().iter().copied())
}
