//! What a shutdown did.

use std::time::Duration;

use crate::ChildId;

/// What an orderly shutdown did, over the whole subtree.
///
/// `stopped`, `killed` and `abandoned` add up to the actors there were when it began, former ones that had survived their kill
/// included; supervisors count like any child. Who ended without having been asked to is in neither. Of what a supervisor had
/// below it that had to be killed itself, only what it had dealt with by then is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Children that ended within their own limit.
    pub stopped: usize,
    /// Children that had to be killed, and ended; those abandoned earlier that ended meanwhile included.
    pub killed: usize,
    /// Children that did not end even after a kill and still run: their paths, such as `"agents/7"`, in order. They compute without
    /// awaiting and end when they return. Those that had been abandoned before the shutdown are among them, and a name that
    /// spins in several incarnations is there as often.
    pub abandoned: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

impl Report {
    /// Whether every child ended by itself within its limit.
    pub fn is_clean(&self) -> bool {
        self.killed == 0 && self.abandoned.is_empty()
    }

    /// Adds what was done in a part of the tree; the time is the whole's.
    pub(crate) fn absorb(&mut self, part: Self) {
        self.stopped += part.stopped;
        self.killed += part.killed;
        self.abandoned.extend(part.abandoned);
    }

    /// The same, seen from above the supervisor `name`.
    pub(crate) fn below(mut self, name: &ChildId) -> Self {
        for path in &mut self.abandoned {
            *path = format!("{name}/{path}");
        }
        self
    }
}
