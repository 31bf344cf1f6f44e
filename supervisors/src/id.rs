//! The name of a child inside its supervisor.

use std::fmt;
use std::sync::Arc;

/// Names a child inside one supervisor: a number or a text, cheap to clone.
///
/// Names are local to their supervisor, so two trees in one process never collide.
/// Numbers are for supervisors with very many children: they take no allocation.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChildId(Repr);

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Repr {
    Number(u64),
    Name(Arc<str>),
}

impl ChildId {
    /// The number, if this name is one.
    pub fn number(&self) -> Option<u64> {
        match &self.0 {
            Repr::Number(number) => Some(*number),
            Repr::Name(_) => None,
        }
    }

    /// The text, if this name is one.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Repr::Number(_) => None,
            Repr::Name(name) => Some(name),
        }
    }

    /// Whether the name is an empty text, which no specification may carry.
    pub(crate) fn is_empty(&self) -> bool {
        self.name().is_some_and(str::is_empty)
    }
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Number(number) => write!(f, "{number}"),
            Repr::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Debug for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Number(number) => write!(f, "ChildId({number})"),
            Repr::Name(name) => write!(f, "ChildId({name:?})"),
        }
    }
}

impl From<u64> for ChildId {
    fn from(number: u64) -> Self {
        Self(Repr::Number(number))
    }
}

impl From<&str> for ChildId {
    fn from(name: &str) -> Self {
        Self(Repr::Name(name.into()))
    }
}

impl From<String> for ChildId {
    fn from(name: String) -> Self {
        Self(Repr::Name(name.into()))
    }
}

impl From<Arc<str>> for ChildId {
    fn from(name: Arc<str>) -> Self {
        Self(Repr::Name(name))
    }
}

impl From<&ChildId> for ChildId {
    fn from(id: &ChildId) -> Self {
        id.clone()
    }
}
