//! Who has what, until when.

use std::collections::{BTreeSet, HashMap};

use super::message::Handle;
use super::names::Id;

/// What a lease is shown by. Never given twice: each opening has an epoch of its own, and numbers its leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Token {
    /// Of the opening that gave it. Later openings have higher epochs.
    pub(crate) epoch: u64,
    /// Of the lease in its opening, from 1. Later leases have higher numbers.
    pub(crate) number: u64,
    /// The message.
    pub(crate) id: Id,
}

/// Why a token is not good any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum Stale {
    /// It was given before the queue was opened anew.
    #[error("the lease is from before the queue was opened anew")]
    Restarted,
    /// No such token was ever given.
    #[error("no such lease was ever given")]
    Unknown,
    /// The message is acknowledged, purged, discarded or redriven since.
    #[error("the message is done with")]
    Gone,
    /// The message is a dead letter.
    #[error("the message is a dead letter")]
    Dead,
    /// The message has been leased anew since.
    #[error("the message has been leased anew")]
    Replaced,
    /// The lease ran out, and the message waits for another.
    #[error("the lease has run out")]
    Expired,
    /// The lease was given back, and the message waits for another.
    #[error("the lease was given back")]
    GivenBack,
}

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
