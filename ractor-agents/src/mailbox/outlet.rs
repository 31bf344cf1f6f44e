//! The consumer's side of a mailbox.

use std::collections::BinaryHeap;

use super::Accounting;
use super::chunk::{Chunk, InLane};
use super::in_flight::Flights;
use crate::agent::Agent;
use crate::dead_letter::End;
use crate::message::{Envelope, Moment, Priority};

/// What the consumer's lock guards.
pub(super) struct Outlet<A: Agent> {
    pub(super) chunk: Chunk<Envelope<A>>,
    /// What a handler is at.
    pub(super) in_flight: Flights<A>,
    /// What waits for its time: another attempt after a backoff, or a message for later.
    pub(super) delayed: BinaryHeap<Delayed<A>>,
    /// Which incarnation may take envelopes and end them. Everything that an older one does is ignored.
    pub(super) epoch: u32,
    pub(super) phase: Phase,
    /// The earliest look that was asked for on behalf of what this lock guards.
    pub(super) watched: Moment,
    /// Counts the picks, for aging.
    pub(super) turn: u32,
    handled: u64,
    failed: u64,
    expired: u64,
    cancelled: u64,
    retried: u64,
}

/// How far the current incarnation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// There has been none yet.
    New,
    /// Its start hook runs, until then at most.
    Starting(Moment),
    Running,
    /// It failed; the supervisor will start another.
    Down,
}

/// An envelope whose time has not come.
pub(super) struct Delayed<A: Agent> {
    pub(super) due: Moment,
    pub(super) envelope: Envelope<A>,
}

impl<A: Agent> InLane for Envelope<A> {
    fn lane(&self) -> Priority {
        self.stamp.lane
    }
}

impl<A: Agent> Outlet<A> {
    pub(super) fn new() -> Self {
        Self {
            chunk: Chunk::new(),
            in_flight: Flights::new(),
            delayed: BinaryHeap::new(),
            epoch: 0,
            phase: Phase::New,
            watched: Moment::NEVER,
            turn: 0,
            handled: 0,
            failed: 0,
            expired: 0,
            cancelled: 0,
            retried: 0,
        }
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// What has left the lanes and not yet been started on.
    pub(super) fn waiting(&self) -> usize {
        self.chunk.len() + self.delayed.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting() == 0 && self.in_flight.len() == 0
    }

    pub(super) fn accounting(&self) -> Accounting {
        Accounting {
            handled: self.handled,
            failed: self.failed,
            expired: self.expired,
            cancelled: self.cancelled,
            queued: self.waiting() as u64,
            in_flight: self.in_flight.len() as u64,
            dead_lettered: self.failed + self.expired,
            retried: self.retried,
            ..Accounting::default()
        }
    }

    /// Whether everything that must be done before an orderly end is done: what is scheduled for later need not be.
    pub(super) fn is_drained(&self) -> bool {
        let is_retry = |delayed: &Delayed<A>| delayed.envelope.stamp.attempt > 0;
        self.chunk.len() == 0 && self.in_flight.len() == 0 && !self.delayed.iter().any(is_retry)
    }

    /// Notes that a look is due; returns when to ask for one, or never if an earlier one was asked for.
    pub(super) fn watch(&mut self, due: Moment) -> Moment {
        if due < self.watched {
            self.watched = due;
            return due;
        }
        Moment::NEVER
    }

    pub(super) fn count_handled(&mut self) {
        self.handled += 1;
    }

    pub(super) fn count_retried(&mut self) {
        self.retried += 1;
    }

    pub(super) fn count(&mut self, end: End) {
        match end {
            End::Failed => self.failed += 1,
            End::Expired => self.expired += 1,
            End::Cancelled => self.cancelled += 1,
            // Ends of the inlet; they never come this far.
            End::Deduplicated | End::Shed => debug_assert!(false, "{end:?} at the outlet"),
        }
    }
}

// The heap gives the earliest first; among equals, the one accepted first.
impl<A: Agent> Ord for Delayed<A> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.due, other.envelope.stamp.number).cmp(&(self.due, self.envelope.stamp.number))
    }
}

impl<A: Agent> PartialOrd for Delayed<A> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<A: Agent> PartialEq for Delayed<A> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<A: Agent> Eq for Delayed<A> {}
