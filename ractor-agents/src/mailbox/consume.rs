//! What the consumer does with its mailbox: begin, take, park, end.

use std::task::{Context, Poll};

use parking_lot::MutexGuard;

use super::outlet::Outlet;
use super::{Buried, Gate, Hand, Mailbox, Phase};
use crate::agent::{Agent, Pace};
use crate::dead_letter::Reason;
use crate::message::{Envelope, Moment};

/// What the consumer is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Handle what is in hand.
    Deliver,
    /// Park: nothing is in line.
    Empty,
    /// Let others run.
    Yield,
    /// End in order: the gate is closed and nothing is left.
    Drained,
    /// End in order, with the rest in line: the supervisor asks for it.
    Leave,
    /// End: another incarnation has taken over.
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

    /// An empty hand.
    pub(crate) fn hand(&self, epoch: u32) -> Hand<'_, A> {
        Hand::new(self, epoch)
    }

    /// Parks the consumer until something comes in line or the gate changes.
    pub(crate) fn poll_unparked(&self, epoch: u32, cx: &Context<'_>) -> Poll<Unparked> {
        let mut outlet = self.outlet.lock();
        self.settle_up(&mut outlet);
        if outlet.epoch != epoch || outlet.is_leaving {
            return Poll::Ready(Unparked::Ready);
        }
        self.park(&outlet, cx)
    }

    fn park(&self, outlet: &Outlet<A>, cx: &Context<'_>) -> Poll<Unparked> {
        let mut inlet = self.inlet.lock();
        let is_waiting = outlet.lanes.mask() | inlet.lanes.mask() != 0;
        if is_waiting && outlet.may_start() {
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
        let in_line = outlet.lanes.len() + inlet.lanes.len();
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
        left.extend(outlet.lanes.take_all().into_iter().map(Buried::from));
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

impl<A: Agent> Hand<'_, A> {
    /// Ends what is in hand with `reply`, and takes the next envelope in hand; parks the consumer where there is none.
    pub(crate) fn poll_next(
        &mut self,
        reply: &mut Option<A::Reply>,
        pace: &mut Pace,
        cx: &Context<'_>,
    ) -> Poll<Next> {
        self.drop_message();
        let mut outlet = self.mailbox.outlet.lock();
        let mut asker = None;
        if self.is_full {
            let Some(in_flight) = self.release(&mut outlet) else {
                return Poll::Ready(Next::Fenced);
            };
            outlet.count_handled();
            asker = in_flight.reply;
        }
        let next = self.poll_take(outlet, pace, cx);
        if let Some(asker) = asker
            && let Some(reply) = reply.take()
        {
            asker.send(Ok(reply));
        }
        next
    }

    fn poll_take(
        &mut self,
        mut outlet: MutexGuard<'_, Outlet<A>>,
        pace: &mut Pace,
        cx: &Context<'_>,
    ) -> Poll<Next> {
        loop {
            let (next, watch) = self.take_next(&mut outlet, || pace.tick());
            match next {
                // Others may have come to the mailbox in between.
                Next::Empty if outlet.unsettled > 0 => self.mailbox.settle_up(&mut outlet),
                Next::Empty => match self.mailbox.park(&outlet, cx) {
                    Poll::Ready(Unparked::Ready) => {}
                    Poll::Ready(Unparked::Drained) => return Poll::Ready(Next::Drained),
                    Poll::Pending => {
                        pace.rest();
                        return Poll::Pending;
                    }
                },
                Next::Yield => {
                    drop(outlet);
                    pace.rest();
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                next => {
                    drop(outlet);
                    self.mailbox.arm(watch);
                    return Poll::Ready(next);
                }
            }
        }
    }

    /// Takes the next envelope in hand, if there is one.
    pub(crate) fn try_next(&mut self, now: Moment) -> Next {
        let mut outlet = self.mailbox.outlet.lock();
        let (next, watch) = self.take_next(&mut outlet, || Some(now));
        drop(outlet);
        self.mailbox.arm(watch);
        next
    }

    /// Takes the next envelope in hand that somebody still wants; the others end here. Also returns when it wants to be
    /// looked at.
    ///
    /// `tick` tells the time if the next one may be taken now.
    fn take_next(
        &mut self,
        outlet: &mut MutexGuard<'_, Outlet<A>>,
        mut tick: impl FnMut() -> Option<Moment>,
    ) -> (Next, Moment) {
        loop {
            if outlet.epoch != self.epoch {
                return (Next::Fenced, Moment::NEVER);
            }
            if outlet.is_leaving {
                return (Next::Leave, Moment::NEVER);
            }
            if !outlet.may_start() || self.mailbox.waiting(outlet) == 0 {
                return (Next::Empty, Moment::NEVER);
            }
            let Some(now) = tick() else {
                return (Next::Yield, Moment::NEVER);
            };
            let Some(envelope) = self.mailbox.pick(outlet, now) else {
                return (Next::Empty, Moment::NEVER);
            };
            let Some(reason) = unwanted(&envelope, now) else {
                return (Next::Deliver, self.take(outlet, envelope, now));
            };
            outlet.count(reason.end(envelope.stamp.attempt > 0));
            MutexGuard::unlocked(outlet, || {
                self.mailbox.bury(Buried::from(envelope), reason);
            });
        }
    }
}

/// Why nobody wants it handled any more.
fn unwanted<A: Agent>(envelope: &Envelope<A>, now: Moment) -> Option<Reason> {
    if envelope.stamp.expires.is_some_and(|expires| expires <= now) {
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
