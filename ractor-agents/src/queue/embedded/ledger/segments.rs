//! Which messages keep a segment of the log alive.

use std::collections::{BTreeMap, BTreeSet};

use super::message::Handle;

/// The messages and dead letters of each segment that has any.
#[derive(Debug, Default)]
pub(super) struct Segments(BTreeMap<u64, BTreeSet<Handle>>);

impl Segments {
    pub(super) fn insert(&mut self, segment: u64, message: Handle) {
        self.0.entry(segment).or_default().insert(message);
    }

    pub(super) fn remove(&mut self, segment: u64, message: Handle) {
        if let Some(messages) = self.0.get_mut(&segment) {
            messages.remove(&message);
            if messages.is_empty() {
                self.0.remove(&segment);
            }
        }
    }

    pub(super) fn live_in(&self, segment: u64) -> usize {
        self.0.get(&segment).map_or(0, BTreeSet::len)
    }

    #[cfg(test)]
    pub(super) fn oldest(&self) -> Option<u64> {
        Some(*self.0.first_key_value()?.0)
    }

    pub(super) fn iter(&self, segment: u64) -> impl Iterator<Item = Handle> {
        self.0.get(&segment).into_iter().flatten().copied()
    }
}
