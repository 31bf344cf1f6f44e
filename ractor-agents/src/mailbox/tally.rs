//! The counts of a mailbox. Each is written under the lock of its side and may be read by anybody at any time.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Accounting;
use crate::dead_letter::End;

/// A count with one writer at a time, which holds a lock: a plain load and a plain store.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Only under the lock of its side. Returns the new count.
    fn add(&self, more: u64) -> u64 {
        let count = self.get() + more;
        self.0.store(count, Ordering::Relaxed);
        count
    }
}

/// What senders count, under the inlet's lock.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Arrivals {
    accepted: Count,
    deduplicated: Count,
    shed: Count,
    /// Ended without ever reaching the outlet: the agent was closed.
    failed: Count,
    moved: Count,
}

impl Arrivals {
    /// Counts one more as accepted; returns its number.
    pub(super) fn accept(&self) -> u64 {
        self.accepted.add(1)
    }

    pub(super) fn deduplicate(&self) {
        self.deduplicated.add(1);
    }

    pub(super) fn shed(&self) {
        self.shed.add(1);
    }

    pub(super) fn fail(&self, count: usize) {
        self.failed.add(count as u64);
    }

    /// Handed on to another agent, or back to its queue.
    pub(super) fn move_on(&self, count: usize) {
        self.moved.add(count as u64);
    }

    pub(super) fn accounting(&self) -> Accounting {
        let (shed, failed) = (self.shed.get(), self.failed.get());
        Accounting {
            accepted: self.accepted.get(),
            deduplicated: self.deduplicated.get(),
            shed,
            failed,
            moved: self.moved.get(),
            dead_lettered: shed + failed,
            ..Accounting::default()
        }
    }
}

/// What the consumer counts, under the outlet's lock.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Ends {
    handled: Count,
    failed: Count,
    expired: Count,
    cancelled: Count,
    moved: Count,
    retried: Count,
}

impl Ends {
    pub(super) fn handle(&self) {
        self.handled.add(1);
    }

    pub(super) fn retry(&self) {
        self.retried.add(1);
    }

    pub(super) fn count(&self, end: End) {
        match end {
            End::Failed => self.failed.add(1),
            End::Expired => self.expired.add(1),
            End::Cancelled => self.cancelled.add(1),
            End::Moved => self.moved.add(1),
            // Ends of the inlet; they never come this far.
            End::Deduplicated | End::Shed => {
                debug_assert!(false, "{end:?} at the outlet");
                0
            }
        };
    }

    pub(super) fn accounting(&self) -> Accounting {
        let (failed, expired) = (self.failed.get(), self.expired.get());
        Accounting {
            handled: self.handled.get(),
            failed,
            expired,
            cancelled: self.cancelled.get(),
            moved: self.moved.get(),
            dead_lettered: failed + expired,
            retried: self.retried.get(),
            ..Accounting::default()
        }
    }
}

/// How many messages are in the mailbox or in hand: without a lock, so it is as old as the look at the counts. Never less
/// than there were when the look began.
pub(super) fn load(arrivals: &Arrivals, ends: &Ends) -> u64 {
    // The ends first: whatever ended was accepted before.
    let ended = ends.accounting().ended();
    let arrived = arrivals.accounting();
    arrived.accepted.saturating_sub(ended + arrived.ended())
}
