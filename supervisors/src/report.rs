//! What a shutdown did.

use std::time::Duration;

/// What an orderly shutdown did, over the whole subtree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Children that ended within their own limit.
    pub stopped: usize,
    /// Children that had to be killed, and ended.
    pub killed: usize,
    /// Children that did not end even after a kill: their paths. They compute without awaiting and end when they return.
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
}
