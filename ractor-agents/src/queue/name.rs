//! What a queue is called.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// What a queue is called: a namespace and a name, as in `billing/invoices`. Queues of different namespaces have nothing to do with each
/// other, whatever their names.
///
/// Both are 1 to 64 letters, digits, `-`, `_` and `.` of ASCII, and begin with a letter or a digit, so that they can be names of folders,
/// keys and queues at any broker. Where no namespace is given it is `default`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    namespace: Arc<str>,
    name: Arc<str>,
}

/// A text that is no [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name of a queue: 1 to {LENGTH_MAX} letters, digits, `-`, `_` and `.`, the first a letter or digit, perhaps behind a namespace of the same kind and `/`"
)]
pub struct NameError(Box<str>);

/// How long each of both is at most. Source: a guess; a key at Redis and a name at `RabbitMQ` may be longer, a folder's may not be much.
const LENGTH_MAX: usize = 64;

impl Name {
    /// The namespace of queues that have no other.
    pub const NAMESPACE: &str = "default";

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name in its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same name in another namespace.
    ///
    /// # Errors
    /// [`NameError`] if that can be none.
    pub fn in_namespace(&self, namespace: &str) -> Result<Self, NameError> {
        Ok(Self {
            namespace: part(namespace)?,
            name: Arc::clone(&self.name),
        })
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (namespace, name) = text.split_once('/').unwrap_or((Self::NAMESPACE, text));
        Ok(Self {
            namespace: part(namespace)?,
            name: part(name)?,
        })
    }
}

impl TryFrom<&str> for Name {
    type Error = NameError;

    fn try_from(text: &str) -> Result<Self, NameError> {
        text.parse()
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

fn part(text: &str) -> Result<Arc<str>, NameError> {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_.".contains(&letter);
    let begins = |text: &str| {
        text.bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
    };
    if begins(text) && text.len() <= LENGTH_MAX && text.bytes().all(is_plain) {
        Ok(text.into())
    } else {
        Err(NameError(text.chars().take(2 * LENGTH_MAX).collect()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_and_without_a_namespace() {
        let name: Name = "reviews".parse().expect("a name");
        assert_eq!((name.namespace(), name.name()), ("default", "reviews"));
        let name = name.in_namespace("team-1").expect("a namespace");
        assert_eq!(name.to_string(), "team-1/reviews");
        assert_eq!("team-1/reviews".parse(), Ok(name));
    }

    #[test]
    fn what_could_lead_out_of_a_folder_is_no_name() {
        let long = "x".repeat(65);
        for bad in [
            "", "/", "a/", "/a", "..", "a/../b", "a/b/c", ".a", "a b", "ä", "a\\b", &long,
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }
}
