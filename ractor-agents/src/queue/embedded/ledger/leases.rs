//! Who has what, until when.

use std::collections::{BTreeSet, HashMap};

use super::Stale;
use super::message::Handle;

/// Why a lease could not be given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum ReleaseError {
    /// There is no lease.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The attempt counts, since the handler has started; a nack ends it.
    #[error("the handler has started")]
    Started,
}

/// The leases of this opening. They die with it.
#[derive(Debug, Default)]
pub(super) struct Leases {
    /// The number of the latest.
    last: u64,
    held: HashMap<u64, Lease>,
    ends: BTreeSet<(u64, u64)>,
}

#[derive(Clone, Copy, Debug)]
struct Lease {
    message: Handle,
    until: u64,
}

impl Leases {
    /// A lease of `message` until then, exclusively; its number.
    pub(super) fn give(&mut self, message: Handle, until: u64) -> u64 {
        self.last += 1;
        self.held.insert(self.last, Lease { message, until });
        self.ends.insert((until, self.last));
        self.last
    }

    pub(super) fn end(&mut self, number: u64) {
        if let Some(lease) = self.held.remove(&number) {
            self.ends.remove(&(lease.until, number));
        }
    }

    /// Moves the end of a lease, never to an earlier time; where it is now.
    pub(super) fn extend(&mut self, number: u64, until: u64) -> Option<u64> {
        let lease = self.held.get_mut(&number)?;
        if until > lease.until {
            self.ends.remove(&(lease.until, number));
            lease.until = until;
            self.ends.insert((until, number));
        }
        Some(lease.until)
    }

    pub(super) fn message(&self, number: u64) -> Option<Handle> {
        Some(self.held.get(&number)?.message)
    }

    pub(super) fn until(&self, number: u64) -> Option<u64> {
        Some(self.held.get(&number)?.until)
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) const fn was_given(&self, number: u64) -> bool {
        number > 0 && number <= self.last
    }

    /// The next to run out, and when.
    pub(super) fn first(&self) -> Option<(u64, Handle)> {
        let (until, number) = self.ends.first()?;
        Some((*until, self.message(*number)?))
    }

    /// Those given, the next to run out first.
    pub(super) fn iter(&self) -> impl Iterator<Item = Handle> {
        self.ends
            .iter()
            .filter_map(|(_, number)| self.message(*number))
    }
}
