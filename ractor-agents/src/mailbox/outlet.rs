//! The consumer's side of a mailbox.

use std::collections::BinaryHeap;
use std::sync::Arc;

use super::chunk::{Chunk, InLane};
use super::{Accounting, Aging, Buried, CHUNK, Mailbox};
use crate::agent::{Agent, ReplyTo};
use crate::dead_letter::{End, Reason};
use crate::message::{Envelope, Extras, Moment, Payload, Priority, Stamp};

/// What the consumer's lock guards.
pub(super) struct Outlet<A: Agent> {
    pub(super) chunk: Chunk<Envelope<A>>,
    /// What a handler is at.
    pub(super) in_flight: Vec<InFlight<A>>,
    /// What waits for its time: another attempt after a backoff, or a message for later.
    pub(super) delayed: BinaryHeap<Delayed<A>>,
    /// Which incarnation may take envelopes and end them. Everything that an older one does is ignored.
    pub(super) epoch: u32,
    pub(super) phase: Phase,
    /// The earliest look that was asked for on behalf of what this lock guards.
    pub(super) watched: Moment,
    /// Counts the picks, for aging.
    turn: u32,
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

/// The record of an envelope that a handler is at. It outlives the handler, so that the supervisor can end the envelope
/// of one that cannot be killed.
pub(super) struct InFlight<A: Agent> {
    pub(super) stamp: Stamp,
    pub(super) reply: Option<ReplyTo<A::Reply>>,
    pub(super) extras: Option<Arc<Extras>>,
    /// A second hold on the message, if another attempt may need it.
    pub(super) copy: Option<Payload<A::Message>>,
    /// When the handler is to be killed.
    pub(super) due: Moment,
    /// Why it is being killed, once that is decided.
    pub(super) cause: Option<Reason>,
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
            in_flight: Vec::new(),
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
        self.waiting() == 0 && self.in_flight.is_empty()
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

impl<A: Agent> InFlight<A> {
    /// The envelope as it was, given its message.
    pub(super) fn into_envelope(self, message: Payload<A::Message>) -> Envelope<A> {
        Envelope {
            message,
            reply: self.reply,
            stamp: self.stamp,
            extras: self.extras,
        }
    }

    pub(super) fn into_buried(self, message: Option<Payload<A::Message>>) -> Buried<A> {
        Buried {
            stamp: self.stamp,
            reply: self.reply,
            extras: self.extras,
            message,
        }
    }
}

impl<A: Agent> Mailbox<A> {
    /// The next envelope in turn, if any is there and none forbids it.
    pub(super) fn pick(&self, outlet: &mut Outlet<A>) -> Option<Envelope<A>> {
        let waiting = self.hint();
        outlet.turn = outlet.turn.wrapping_add(1);
        if outlet.turn.is_multiple_of(16) && self.settings.aging == Aging::Fair {
            let held = outlet.chunk.back_lane();
            if waiting != 0 || held != outlet.chunk.front_lane() {
                return self.pick_aged(outlet, waiting);
            }
        }
        let front = outlet
            .chunk
            .front_lane()
            .map_or(Priority::COUNT, Priority::index);
        if (waiting.trailing_zeros() as usize) < front {
            self.refill(outlet);
        }
        outlet.chunk.pop_front()
    }

    fn refill(&self, outlet: &mut Outlet<A>) {
        let mut inlet = self.inlet.lock();
        let left = outlet.chunk.refill(&mut inlet.lanes, CHUNK);
        self.set_hint(left);
        let granted = if inlet.waiting.is_some() {
            inlet.grant(&self.settings)
        } else {
            Vec::new()
        };
        drop(inlet);
        granted.into_iter().for_each(std::task::Waker::wake);
    }

    /// One pick in 32 is of the lowest lane that waits; one in 32 is of the lanes between, in turn.
    fn pick_aged(&self, outlet: &mut Outlet<A>, waiting: u32) -> Option<Envelope<A>> {
        let held = outlet
            .chunk
            .iter_mut()
            .fold(0, |mask, envelope| mask | envelope.stamp.lane.bit());
        let all = held | waiting;
        let lowest = Priority::lowest(all)?;
        let lane = if outlet.turn.is_multiple_of(32) {
            lowest
        } else {
            let highest = Priority::highest(all)?;
            let between = all & !lowest.bit() & !highest.bit();
            let turns = (0..).zip(
                Priority::ALL
                    .into_iter()
                    .filter(|lane| between & lane.bit() != 0),
            );
            let chosen = (outlet.turn / 32) % between.count_ones().max(1);
            turns
                .into_iter()
                .find_map(|(index, lane): (u32, _)| (index == chosen).then_some(lane))
                .unwrap_or(highest)
        };
        if held & lane.bit() == 0 {
            let mut inlet = self.inlet.lock();
            let taken = inlet.lanes.lane_mut(lane).pop_front();
            self.set_hint(inlet.lanes.mask());
            return taken;
        }
        outlet.chunk.pop_lane(lane)
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
