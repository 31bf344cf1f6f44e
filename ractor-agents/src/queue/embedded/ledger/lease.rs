//! Giving messages out.

use super::faults::Fault;
use super::message::{NEVER, Stage};
use super::record::Record;
use super::{Id, Ledger, Place, Token};
use crate::message::Priority;

/// A message on lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leased {
    /// What the lease is shown by.
    pub(crate) token: Token,
    /// The message.
    pub(crate) id: Id,
    /// Where its payload is, until it is carried to another segment.
    pub(crate) place: Place,
    /// When the lease runs out.
    pub(crate) until: u64,
    /// Handlers that have started on it before.
    pub(crate) attempts: u32,
    /// Handlers that may.
    pub(crate) attempts_max: u32,
    /// Which line it was in.
    pub(crate) priority: Priority,
    /// Its group.
    pub(crate) group: Option<Box<str>>,
    /// When it came.
    pub(crate) enqueued_at: u64,
    /// When its time to live ends: a handler that starts before may finish after.
    pub(crate) expires: Option<u64>,
}

impl Ledger {
    /// Whether [`lease`](Self::lease) would give anything, as of the last look at the clock.
    pub(crate) fn has_available(&self) -> bool {
        !self.paused && !self.ready.is_empty()
    }

    /// Leases up to `count` available messages for `length` milliseconds, at least 1.
    ///
    /// The next is the first in line of the highest priority that has something available, or of one whose turn it is (see
    /// [`Aging`](super::Aging)). Available is what is due, in no group or the first of its group, and of the group nothing on
    /// lease or between attempts. A paused queue gives nothing.
    ///
    /// The lease itself is not on disk. What `out` gets is what was due.
    pub(crate) fn lease(
        &mut self,
        count: usize,
        length: u64,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Vec<Leased> {
        self.advance(now, out);
        let until = self.now.saturating_add(length.max(1));
        let mut leased = Vec::new();
        while leased.len() < count
            && !self.paused
            && let Some(next) = self.lease_next(until, out)
        {
            leased.push(next);
        }
        leased
    }

    fn lease_next(&mut self, until: u64, out: &mut Vec<Record>) -> Option<Leased> {
        let handle = self.ready.next(self.settings.aging)?;
        self.detach(handle);
        self.attach(handle, Stage::Held);
        let number = self.leases.give(handle, until);
        let message = self.messages.get_mut(handle)?;
        message.lease = number;
        let group = message.group.and_then(|group| self.groups.key(group));
        let leased = Leased {
            token: Token {
                epoch: self.epoch,
                number,
                id: message.id,
            },
            id: message.id,
            place: message.place,
            until,
            attempts: message.attempts,
            attempts_max: message.attempts_max,
            priority: message.priority,
            group: group.map(Into::into),
            enqueued_at: message.enqueued_at,
            expires: (message.expires != NEVER).then_some(message.expires),
        };
        if self.faults.has(Fault::AttemptsCountAtLease) {
            let (id, attempts) = (message.id, message.attempts + 1);
            self.commit(Record::Started { id, attempts }, out);
        }
        Some(leased)
    }
}
