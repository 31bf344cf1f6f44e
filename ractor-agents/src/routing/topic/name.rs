//! What messages are about, and what subscribers want to hear of.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How long a name may be, in bytes. Source: AMQP's routing keys (0-9-1, short strings).
const BYTES_MAX: usize = 255;

/// What a message is about: words with dots between them, such as `orders.eu.created`.
///
/// Of up to 255 bytes; no word is empty, and none has a wildcard in it. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Subject(Arc<str>);

/// What a subscriber wants to hear of: words with dots between them, where `*` stands for exactly one word and `#` for any number of
/// words, none included. As in AMQP's topic exchanges.
///
/// Of up to 255 bytes; no word is empty, and a wildcard is a word of its own. Cheap to clone.
///
/// # Examples
/// ```
/// # use ractor_agents::routing::topic::{NameError, Pattern};
/// # fn main() -> Result<(), NameError> {
/// let created: Pattern = "orders.*.created".parse()?;
/// assert!(created.matches(&"orders.eu.created".parse()?));
/// assert!(!created.matches(&"orders.eu.north.created".parse()?));
///
/// let orders: Pattern = "orders.#".parse()?;
/// assert!(orders.matches(&"orders".parse()?));
/// assert!(orders.matches(&"orders.eu.north.created".parse()?));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(Arc<str>);

/// Why a text is no [`Subject`], or no [`Pattern`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is no word, or one of them is empty.
    #[error("{name:?} has an empty word")]
    EmptyWord {
        /// What was written.
        name: String,
    },
    /// It has more than 255 bytes.
    #[error("the name has {bytes} bytes, of {BYTES_MAX} at most")]
    TooLong {
        /// How many bytes it has.
        bytes: usize,
    },
    /// A subject has a wildcard in it: only patterns have.
    #[error("{name:?} is to be published to and has a wildcard in it")]
    WildcardInSubject {
        /// What was written.
        name: String,
    },
    /// A wildcard is a part of a word: it stands for whole words only.
    #[error("{name:?} has a wildcard inside the word {word:?}")]
    WildcardInWord {
        /// What was written.
        name: String,
        /// The word.
        word: String,
    },
}

impl Subject {
    fn new(name: &str) -> Result<Self, NameError> {
        check(name)?;
        if name.contains(['*', '#']) {
            return Err(NameError::WildcardInSubject { name: name.into() });
        }
        Ok(Self(name.into()))
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Pattern {
    fn new(name: &str) -> Result<Self, NameError> {
        check(name)?;
        let is_mixed = |word: &&str| word.len() > 1 && word.contains(['*', '#']);
        if let Some(word) = name.split('.').find(is_mixed) {
            return Err(NameError::WildcardInWord {
                name: name.into(),
                word: word.into(),
            });
        }
        Ok(Self(name.into()))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a message about `subject` is wanted.
    pub fn matches(&self, subject: &Subject) -> bool {
        let (mut wanted, mut words) = (self.0.split('.'), subject.0.split('.'));
        // What is behind the last `#`, and the words that it has not stood for yet.
        let mut again = None;
        loop {
            let rest = words.clone();
            match (wanted.next(), words.next()) {
                (None, None) => return true,
                (Some("#"), _) => {
                    words = rest.clone();
                    again = Some((wanted.clone(), rest));
                }
                (Some("*"), Some(_)) => {}
                (Some(word), Some(other)) if word == other => {}
                _ => {
                    // It stands for one word more.
                    let Some((behind, left)) = &mut again else {
                        return false;
                    };
                    if left.next().is_none() {
                        return false;
                    }
                    (wanted, words) = (behind.clone(), left.clone());
                }
            }
        }
    }
}

fn check(name: &str) -> Result<(), NameError> {
    if name.len() > BYTES_MAX {
        return Err(NameError::TooLong { bytes: name.len() });
    }
    if name.split('.').any(str::is_empty) {
        return Err(NameError::EmptyWord { name: name.into() });
    }
    Ok(())
}

macro_rules! conversions {
    ($name:ident) => {
        impl FromStr for $name {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = NameError;

            fn try_from(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = NameError;

            fn try_from(name: &String) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, NameError> {
                Self::new(&name)
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

conversions!(Subject);
conversions!(Pattern);

impl From<Infallible> for NameError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
