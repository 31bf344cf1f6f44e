//! The senders' side of a mailbox.

use std::task::{Context, Waker};

use parking_lot::MutexGuard;

use super::lanes::Lanes;
use super::waiting::{Ticket, Turn, Waiting};
use super::{Gate, LaneLimit, Mailbox, Offer, Overflow, Refusal, Settings};
use crate::agent::Agent;
use crate::dead_letter::Reason;
use crate::message::{Envelope, Moment, PerLane, Priority};

/// What the senders' lock guards.
// In this order: what each message touches comes first.
#[repr(C)]
pub(super) struct Inlet<A: Agent> {
    pub(super) gate: Gate,
    /// The consumer's waker; there is one if and only if the consumer is parked.
    pub(super) parked: Option<Waker>,
    pub(super) waiting: Option<Box<Waiting>>,
    /// The earliest look that was asked for on behalf of envelopes in line.
    pub(super) watched: Moment,
    pub(super) lanes: Lanes<Envelope<A>>,
    /// How many of each lane the consumer has taken ahead of handling them, as it last told. They use up room.
    pub(super) ahead: PerLane<usize>,
}

impl<A: Agent> Inlet<A> {
    pub(super) fn new() -> Self {
        Self {
            lanes: Lanes::new(),
            ahead: PerLane::new([0; Priority::COUNT]),
            gate: Gate::Open,
            parked: None,
            waiting: None,
            watched: Moment::NEVER,
        }
    }

    /// Keeps the consumer's waker for whoever comes next.
    pub(super) fn park(&mut self, cx: &Context<'_>) {
        match &mut self.parked {
            Some(waker) => waker.clone_from(cx.waker()),
            parked => *parked = Some(cx.waker().clone()),
        }
    }

    /// Whether a lane is filled to four fifths or more.
    pub(super) fn is_overloaded(&self, settings: &Settings) -> bool {
        let is_high = |lane: Priority| {
            let depth_max = settings.lane(lane).depth_max;
            self.depth(lane) >= depth_max - depth_max / 5
        };
        Priority::ALL.into_iter().any(is_high)
    }

    /// How many of a lane wait, as far as the consumer has told.
    fn depth(&self, lane: Priority) -> usize {
        self.lanes.depth(lane) + self.ahead.get(lane)
    }

    /// Room for one that does not wait in line: promises come first.
    fn has_room(&mut self, lane: Priority, limit: LaneLimit) -> bool {
        let depth = self.depth(lane);
        match &mut self.waiting {
            None => depth < limit.depth_max,
            Some(waiting) => {
                let queue = waiting.line(lane);
                queue.is_empty() && depth + queue.granted() < limit.depth_max
            }
        }
    }

    fn redeem(&mut self, lane: Priority) {
        if let Some(waiting) = &mut self.waiting {
            waiting.line(lane).redeem();
        }
    }

    /// Promises the room of a lane that is at most half full to those who wait for it.
    pub(super) fn grant(&mut self, settings: &Settings) -> Vec<Waker> {
        let mut woken = Vec::new();
        if self
            .waiting
            .as_ref()
            .is_none_or(|waiting| waiting.is_empty())
        {
            return woken;
        }
        for lane in Priority::ALL {
            let depth = self.depth(lane);
            let depth_max = settings.lane(lane).depth_max;
            if depth <= depth_max / 2
                && let Some(waiting) = &mut self.waiting
            {
                woken.extend(waiting.line(lane).grant(depth_max - depth));
            }
        }
        woken
    }
}

impl<A: Agent> Mailbox<A> {
    /// Puts a message in line.
    ///
    /// # Errors
    /// [`Refusal`] if the gate or a full lane turns it away.
    pub(super) fn push(&self, mut offer: Offer<'_, A>) -> Result<(), Refusal> {
        let lane = offer.stamp.lane;
        let mut inlet = self.inlet.lock();
        if let Some(refusal) = inlet.gate.refusal() {
            return Err(refusal);
        }
        let granted = offer.stamp.granted;
        if granted == Some(lane) {
            inlet.redeem(lane);
        } else if !inlet.has_room(lane, self.settings.lane(lane)) {
            return self.overflow(inlet, offer);
        }
        if granted.is_some() {
            offer.stamp.granted = None;
        }
        self.insert(inlet, offer.accept());
        if let Some(other) = granted.filter(|granted| *granted != lane) {
            // A layer has moved it to another lane since.
            self.return_room(other);
        }
        Ok(())
    }

    /// Takes `envelope` in, whatever the depth.
    fn insert(&self, mut inlet: MutexGuard<'_, Inlet<A>>, envelope: Envelope<A>) {
        let until = envelope.patience();
        let is_watched = until < inlet.watched;
        if is_watched {
            inlet.watched = until;
        }
        let number = self.arrivals.accept();
        // Stamped where it stands: a copy right after a write to a part of it would have to wait for that write.
        let envelope = inlet.lanes.push_back(envelope.stamp.lane, envelope);
        envelope.stamp.number = number;
        self.set_hint(inlet.lanes.mask());
        let parked = inlet.parked.take();
        drop(inlet);
        if let Some(waker) = parked {
            waker.wake();
        }
        if is_watched {
            self.arm(until);
        }
    }

    #[cold]
    fn overflow(
        &self,
        mut inlet: MutexGuard<'_, Inlet<A>>,
        offer: Offer<'_, A>,
    ) -> Result<(), Refusal> {
        let lane = offer.stamp.lane;
        let LaneLimit {
            depth_max,
            overflow,
        } = self.settings.lane(lane);
        match overflow {
            Overflow::Wait | Overflow::Reject => {
                return Err(Refusal::Full {
                    priority: lane,
                    depth_max,
                });
            }
            Overflow::DropNewest => {
                self.arrivals.shed();
                offer.end(self.arrivals.accept(), Reason::Shed);
            }
            Overflow::DropOldest => {
                let oldest = inlet.lanes.pop_front(lane);
                if oldest.is_some() {
                    self.arrivals.shed();
                }
                self.insert(inlet, offer.accept_for(oldest, Reason::Shed));
            }
        }
        Ok(())
    }

    /// Ends a message as a duplicate of one accepted before: a `tell` has succeeded, an `ask` gets
    /// [`AskError::Duplicate`](crate::agent::AskError::Duplicate).
    ///
    /// # Errors
    /// [`Refusal`] if the gate is closed; then it is not accounted for at all.
    pub fn deduplicate(&self, offer: Offer<'_, A>) -> Result<(), Refusal> {
        let inlet = self.inlet.lock();
        if let Some(refusal) = inlet.gate.refusal() {
            return Err(refusal);
        }
        self.arrivals.deduplicate();
        let granted = offer.stamp.granted;
        offer.end(self.arrivals.accept(), Reason::Duplicate);
        drop(inlet);
        if let Some(lane) = granted {
            self.return_room(lane);
        }
        Ok(())
    }

    /// How many messages wait, in all lanes. Advisory: counts up to 64 that have been handled since.
    pub fn in_line(&self) -> usize {
        let inlet = self.inlet.lock();
        inlet.lanes.len() + inlet.ahead.iter().sum::<usize>()
    }

    /// Waits in line for room in `lane`: a ticket to come back with, or `None` once there is (or may be) room. Then the
    /// envelope is to be offered with the grant, if one was given.
    pub(crate) fn poll_room(
        &self,
        lane: Priority,
        ticket: Option<Ticket>,
        cx: &Context<'_>,
    ) -> Room {
        let mut inlet = self.inlet.lock();
        if inlet.gate.refusal().is_some() {
            return Room::Retry;
        }
        if ticket.is_none() && inlet.has_room(lane, self.settings.lane(lane)) {
            return Room::Retry;
        }
        match inlet
            .waiting
            .get_or_insert_default()
            .line(lane)
            .poll(ticket, cx)
        {
            Turn::Granted => Room::Granted,
            Turn::Waiting(ticket) => Room::Waiting(ticket),
            Turn::Dismissed => Room::Retry,
        }
    }

    /// Gives up a place in line, or the room that was promised to it.
    pub(crate) fn leave_line(&self, lane: Priority, ticket: Ticket) {
        let mut inlet = self.inlet.lock();
        let Some(waiting) = &mut inlet.waiting else {
            return;
        };
        if waiting.line(lane).leave(ticket) {
            let woken = inlet.grant(&self.settings);
            drop(inlet);
            woken.into_iter().for_each(Waker::wake);
        }
    }

    /// Gives back room that was promised.
    pub(crate) fn return_room(&self, lane: Priority) {
        let mut inlet = self.inlet.lock();
        inlet.redeem(lane);
        let woken = inlet.grant(&self.settings);
        drop(inlet);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Closes the gate (or opens it again after maintenance) and wakes everybody who has to know.
    ///
    /// A gate that is closed for good stays closed.
    pub(crate) fn set_gate(&self, gate: Gate) {
        let mut inlet = self.inlet.lock();
        if matches!(inlet.gate, Gate::Closed)
            || (inlet.gate == Gate::Draining && gate != Gate::Closed)
        {
            return;
        }
        inlet.gate = gate;
        self.standings.note_gate(gate);
        let mut woken: Vec<Waker> = inlet.parked.take().into_iter().collect();
        if gate != Gate::Open {
            woken.extend(
                inlet
                    .waiting
                    .as_mut()
                    .map(|waiting| waiting.dismiss())
                    .unwrap_or_default(),
            );
        }
        drop(inlet);
        woken.into_iter().for_each(Waker::wake);
    }
}

/// What waiting for room has come to.
#[derive(Debug)]
pub(crate) enum Room {
    /// Offer again: there may be room, or the gate has changed.
    Retry,
    /// Offer again: room is promised.
    Granted,
    /// Not yet.
    Waiting(Ticket),
}
