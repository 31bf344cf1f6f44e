//! Where in a tree an actor is.

use std::fmt;
use std::sync::Arc;

use crate::ChildId;

/// The names from the top of a tree down to one actor; none for the top itself. Cheap to clone.
///
/// Its `Display` joins them by `/`, as [`where_is`](crate::SupervisorRef::where_is) takes them; the top is `/`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChildPath(Arc<[ChildId]>);

impl ChildPath {
    /// The names, the uppermost first.
    pub fn names(&self) -> &[ChildId] {
        &self.0
    }

    /// Whether it is the top of its tree.
    pub fn is_top(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn top() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn child(&self, id: &ChildId) -> Self {
        Self(self.0.iter().chain([id]).cloned().collect())
    }

    /// From names whose lowest comes first.
    pub(crate) fn upwards(names: Vec<ChildId>) -> Self {
        Self(names.into_iter().rev().collect())
    }
}

impl fmt::Display for ChildPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((first, rest)) = self.0.split_first() else {
            return f.pad("/");
        };
        write!(f, "{first}")?;
        rest.iter().try_for_each(|name| write!(f, "/{name}"))
    }
}

impl fmt::Debug for ChildPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChildPath({self})")
    }
}
