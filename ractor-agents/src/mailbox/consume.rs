//! What the consumer does with its mailbox: begin, take, park, end.

use std::task::{Context, Poll};

use parking_lot::MutexGuard;

use super::in_flight::InFlight;
use super::outlet::Outlet;
use super::{Buried, Gate, InHand, Mailbox, Phase};
use crate::agent::Agent;
use crate::dead_letter::Reason;
use crate::message::{Envelope, Moment};

/// What the consumer is to do next.
pub(crate) enum Next<'a, A: Agent> {
    /// Handle this.
    Deliver(InHand<'a, A>),
    /// Park: nothing is in line.
    Empty,
    /// Leave in order, with the rest in line: the supervisor asks for it.
    Leave,
    /// Leave: another incarnation has taken over.
    Fenced,
}

/// What came of parking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unparked {
    /// There is something to look at.
    Ready,
    /// The gate is closed and nothing is left.
    Drained,
}

impl<A: Agent> Mailbox<A> {
    /// Begins an incarnation: from now on only it takes and ends envelopes.
    pub(crate) fn begin(&self, start_by: Moment) -> u32 {
        let mut outlet = self.outlet.lock();
        outlet.epoch = outlet.epoch.wrapping_add(1);
        outlet.phase = Phase::Starting(start_by);
        outlet.is_condemned = false;
        outlet.is_leaving = false;
        let watch = outlet.watch(start_by);
        let epoch = outlet.epoch;
        drop(outlet);
        self.arm(watch);
        epoch
    }

    /// Moves the incarnation on. False if it is not the current one any more.
    pub(crate) fn set_phase(&self, epoch: u32, phase: Phase) -> bool {
        let mut outlet = self.outlet.lock();
        let is_current = outlet.epoch == epoch;
        if is_current {
            outlet.phase = phase;
            // What is left of the waker would keep a dead task's memory.
            self.inlet.lock().parked = None;
        }
        is_current
    }

    /// Takes the next envelope in hand.
    pub(crate) fn next(&self, epoch: u32, now: Moment) -> Next<'_, A> {
        let outlet = self.outlet.lock();
        if outlet.epoch == epoch {
            self.take_next(outlet, now)
        } else {
            Next::Fenced
        }
    }

    /// Takes the next envelope in hand that somebody still wants; the others end here.
    pub(super) fn take_next<'a>(
        &'a self,
        mut outlet: MutexGuard<'a, Outlet<A>>,
        now: Moment,
    ) -> Next<'a, A> {
        loop {
            if outlet.is_leaving {
                return Next::Leave;
            }
            if outlet.is_condemned || outlet.is_full_of_retries() {
                return Next::Empty;
            }
            let Some(envelope) = self.pick(&mut outlet) else {
                return Next::Empty;
            };
            let Some(reason) = unwanted(&envelope, now) else {
                return self.take_in_hand(outlet, envelope, now);
            };
            outlet.count(reason.end(envelope.stamp.attempt > 0));
            let epoch = outlet.epoch;
            MutexGuard::unlocked(&mut outlet, || self.bury(Buried::from(envelope), reason));
            if outlet.epoch != epoch {
                return Next::Fenced;
            }
        }
    }

    fn take_in_hand<'a>(
        &'a self,
        mut outlet: MutexGuard<'a, Outlet<A>>,
        envelope: Envelope<A>,
        now: Moment,
    ) -> Next<'a, A> {
        let Envelope {
            mut message,
            reply,
            mut stamp,
            extras,
        } = envelope;
        if self.attempts_max(&stamp) > 1 {
            message = message.into_shared();
        }
        stamp.attempt = stamp.attempt.saturating_add(1);
        if stamp.attempt > 1 {
            outlet.count_retried();
        }
        let own = extras.as_ref().and_then(|extras| extras.deadline);
        let mut due = now.after(own.unwrap_or(self.settings.deadline));
        if let Some(reply) = &reply {
            due = due.min(reply.until());
        }
        let in_hand = InHand::new(self, outlet.epoch, stamp, extras.clone(), message);
        outlet.in_flight.push(InFlight {
            stamp,
            due,
            reply,
            extras,
            copy: in_hand.copy(),
            cause: None,
        });
        let watch = outlet.watch(due);
        drop(outlet);
        self.arm(watch);
        Next::Deliver(in_hand)
    }

    /// Parks the consumer until something comes in line or the gate changes.
    pub(crate) fn poll_unparked(&self, epoch: u32, cx: &Context<'_>) -> Poll<Unparked> {
        let outlet = self.outlet.lock();
        let mut inlet = self.inlet.lock();
        let is_waiting = outlet.chunk.len() > 0 || inlet.lanes.mask() != 0;
        let may_start = !outlet.is_condemned && !outlet.is_full_of_retries();
        if outlet.epoch != epoch || outlet.is_leaving || (is_waiting && may_start) {
            return Poll::Ready(Unparked::Ready);
        }
        if !outlet.is_condemned
            && !is_waiting
            && inlet.gate == Gate::Draining
            && outlet.is_drained()
        {
            return Poll::Ready(Unparked::Drained);
        }
        inlet.park(cx);
        Poll::Pending
    }

    /// Parks the consumer until `size` envelopes are in line, or the gate is not open any more.
    pub(crate) fn poll_filled(&self, epoch: u32, size: usize, cx: &Context<'_>) -> Poll<()> {
        let outlet = self.outlet.lock();
        let mut inlet = self.inlet.lock();
        let in_line = outlet.chunk.len() + inlet.lanes.len();
        let is_open = inlet.gate == Gate::Open && !outlet.is_leaving;
        if outlet.epoch != epoch || in_line >= size || !is_open {
            return Poll::Ready(());
        }
        inlet.park(cx);
        Poll::Pending
    }

    /// Asks the current incarnation to end after what it has in hand, with the rest in line for the next one.
    pub(crate) fn leave(&self) {
        let mut outlet = self.outlet.lock();
        outlet.is_leaving = true;
        let parked = self.inlet.lock().parked.take();
        drop(outlet);
        if let Some(waker) = parked {
            waker.wake();
        }
    }

    /// Ends everything that is left, since no incarnation will come any more. Returns how many that were.
    pub(crate) fn close(&self) -> usize {
        self.set_gate(Gate::Closed);
        let mut outlet = self.outlet.lock();
        outlet.epoch = outlet.epoch.wrapping_add(1);
        outlet.phase = Phase::Down;
        let mut left: Vec<Buried<A>> = Vec::new();
        for in_flight in outlet.in_flight.take_all() {
            left.push(in_flight.into_buried(None));
        }
        left.extend(outlet.chunk.take_all().into_iter().map(Buried::from));
        left.extend(outlet.delayed.take_all().map(Buried::from));
        let mut inlet = self.inlet.lock();
        left.extend(inlet.lanes.take_all().into_iter().map(Buried::from));
        inlet.failed += left.len() as u64;
        self.set_hint(0);
        drop(inlet);
        drop(outlet);
        let count = left.len();
        for envelope in left {
            self.bury(envelope, Reason::Stopped);
        }
        count
    }
}

/// Why nobody wants it handled any more.
fn unwanted<A: Agent>(envelope: &Envelope<A>, now: Moment) -> Option<Reason> {
    if envelope.stamp.expires <= now {
        return Some(Reason::Expired);
    }
    if !envelope.stamp.is_ask {
        return None;
    }
    match &envelope.reply {
        // Its asker was told when the patience was over.
        None => Some(Reason::Patience),
        Some(reply) if reply.until() <= now => Some(Reason::Patience),
        Some(reply) => reply.is_closed().then_some(Reason::AskerGone),
    }
}
