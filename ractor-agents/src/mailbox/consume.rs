//! What the consumer does with its mailbox: begin, take, park, end.

use std::task::{Context, Poll};

use parking_lot::MutexGuard;

use super::outlet::Outlet;
use super::{Buried, Gate, Hand, Mailbox};
use crate::agent::{Agent, Pace};
use crate::dead_letter::Reason;
use crate::message::{Envelope, Extras, Moment};

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
    /// An empty hand.
    pub(crate) fn hand(&self, epoch: u32) -> Hand<'_, A> {
        Hand::new(self, epoch)
    }

    /// Parks the consumer until something comes in line or the gate changes.
    pub(crate) fn poll_unparked(&self, epoch: u32, cx: &Context<'_>) -> Poll<Unparked> {
        let mut outlet = self.outlet.lock();
        let parked = if outlet.epoch != epoch || outlet.is_leaving {
            Poll::Ready(Unparked::Ready)
        } else {
            self.park(&mut outlet, cx)
        };
        Outlet::release(outlet);
        parked
    }

    fn park(&self, outlet: &mut Outlet<A>, cx: &Context<'_>) -> Poll<Unparked> {
        let mut inlet = self.inlet.lock();
        self.settle_up(&mut inlet, outlet);
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

    /// Why nobody wants it handled any more.
    fn unwanted(&self, envelope: &Envelope<A>, now: Moment) -> Option<Reason> {
        if envelope.stamp.expires.is_some_and(|expires| expires <= now) {
            return Some(Reason::Expired);
        }
        if let Some(extras) = &envelope.extras
            && let Some(exhausted) = extras.out_of_time(self.id, now)
        {
            return Some(Reason::budget(exhausted));
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
            let Some(done) = self.finish(&mut outlet) else {
                return Poll::Ready(Next::Fenced);
            };
            asker = done.reply;
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
            let pulse = &self.mailbox.pulse;
            let (next, watch) = self.take_next(&mut outlet, || {
                let now = pace.tick()?;
                pulse.begin(|| now);
                Some(now)
            });
            match next {
                Next::Empty => {
                    let parked = self.mailbox.park(&mut outlet, cx);
                    if parked == Poll::Ready(Unparked::Ready) {
                        continue;
                    }
                    Outlet::release(outlet);
                    pace.rest();
                    pulse.rest();
                    return parked.map(|_| Next::Drained);
                }
                Next::Yield => {
                    Outlet::release(outlet);
                    pace.rest();
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                next => {
                    Outlet::release(outlet);
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
        Outlet::release(outlet);
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
            let Some(reason) = self.mailbox.unwanted(&envelope, now) else {
                return (Next::Deliver, self.take(outlet, envelope, now));
            };
            let begun = envelope.stamp.attempt > 0;
            let end = Extras::end(envelope.extras.as_ref(), &reason, begun);
            self.mailbox.ends.count(end);
            MutexGuard::unlocked(outlet, || {
                self.mailbox.bury(Buried::from(envelope), reason);
            });
        }
    }
}
