//! The consumer's side of a mailbox.

use std::task::Waker;

use parking_lot::MutexGuard;

use super::delayed::{DELAYED_MAX, Delayed};
use super::in_flight::Flights;
use super::lanes::Lanes;
use crate::agent::Agent;
use crate::message::{Envelope, Moment};

/// What the consumer's lock guards.
// In this order: what each message touches comes first.
#[repr(C)]
pub(super) struct Outlet<A: Agent> {
    /// Which incarnation may take envelopes and end them. Everything that an older one does is ignored.
    pub(super) epoch: u32,
    /// Counts the picks, for aging.
    pub(super) turn: u32,
    /// The supervisor has been told to kill the current incarnation: it is not given anything more.
    pub(super) is_condemned: bool,
    /// The supervisor has asked the current incarnation to end after what it has in hand.
    pub(super) is_leaving: bool,
    /// How many were taken out of `lanes` since the senders were told last, and when that was.
    pub(super) unsettled: u32,
    pub(super) settled: Moment,
    /// The earliest look that was asked for on behalf of what this lock guards.
    pub(super) watched: Moment,
    /// Senders who were given room and are woken when the lock is released. See [`release`](Self::release).
    pub(super) woken: Vec<Waker>,
    /// What a handler is at.
    pub(super) in_flight: Flights<A>,
    /// What was taken out of line ahead of being handled, and what comes back for another attempt.
    pub(super) lanes: Lanes<Envelope<A>>,
    /// What waits for its time: another attempt after a backoff, or a message for later.
    pub(super) delayed: Delayed<A>,
    pub(super) phase: Phase,
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

impl<A: Agent> Outlet<A> {
    pub(super) fn new() -> Self {
        Self {
            lanes: Lanes::new(),
            unsettled: 0,
            settled: Moment::NEVER,
            in_flight: Flights::new(),
            delayed: Delayed::new(),
            is_condemned: false,
            is_leaving: false,
            epoch: 0,
            phase: Phase::New,
            watched: Moment::NEVER,
            woken: Vec::new(),
            turn: 0,
        }
    }

    /// Releases the lock after envelopes were picked. No waker is woken under a lock, since it may be the user's.
    pub(super) fn release(mut outlet: MutexGuard<'_, Self>) {
        let woken = std::mem::take(&mut outlet.woken);
        drop(outlet);
        woken.into_iter().for_each(Waker::wake);
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// What has left the lanes and not yet been started on.
    pub(super) fn waiting(&self) -> usize {
        self.lanes.len() + self.delayed.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.waiting() == 0 && self.in_flight.len() == 0
    }

    /// Whether everything that must be done before an orderly end is done: what is scheduled for later need not be.
    pub(super) fn is_drained(&self) -> bool {
        self.lanes.mask() == 0 && self.in_flight.len() == 0 && self.delayed.retries() == 0
    }

    /// Whether so many wait for another attempt that nothing new is to be started on.
    fn is_full_of_retries(&self) -> bool {
        self.delayed.retries() >= DELAYED_MAX && self.lanes.mask() == 0
    }

    /// Whether the current incarnation may be given anything.
    pub(super) fn may_start(&self) -> bool {
        !self.is_condemned && !self.is_full_of_retries()
    }

    /// Notes that a look is due; returns when to ask for one, or never if an earlier one was asked for.
    pub(super) fn watch(&mut self, due: Moment) -> Moment {
        if due < self.watched {
            self.watched = due;
            return due;
        }
        Moment::NEVER
    }
}
