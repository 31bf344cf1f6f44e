//! The consumer's hold on the envelopes that it handles.

use std::sync::Arc;
use std::task::{Context, Poll};

use super::delayed::DELAYED_MAX;
use super::outlet::InFlight;
use super::{Buried, Gate, Mailbox, Phase};
use crate::agent::{Agent, Failure};
use crate::dead_letter::Reason;
use crate::message::{Envelope, Expiry, Extras, Moment, Payload, Stamp};

/// What the consumer is to do next.
pub(crate) enum Next<'a, A: Agent> {
    /// Handle this.
    Deliver(InHand<'a, A>),
    /// Park: nothing is in line.
    Empty,
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
        let is_watched = start_by < outlet.watched;
        if is_watched {
            outlet.watched = start_by;
        }
        let epoch = outlet.epoch;
        drop(outlet);
        if is_watched {
            self.arm(start_by);
        }
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
        loop {
            let mut outlet = self.outlet.lock();
            if outlet.epoch != epoch {
                return Next::Fenced;
            }
            if outlet.delayed.len() >= DELAYED_MAX && outlet.chunk.len() == 0 {
                return Next::Empty;
            }
            let Some(envelope) = self.pick(&mut outlet) else {
                return Next::Empty;
            };
            let Some(reason) = unwanted(&envelope, now) else {
                let (in_hand, watch) = self.take_in_hand(&mut outlet, envelope, now);
                drop(outlet);
                if let Some(due) = watch {
                    self.arm(due);
                }
                return Next::Deliver(in_hand);
            };
            outlet.count(reason.end(envelope.stamp.attempt > 0));
            drop(outlet);
            self.bury(Buried::from(envelope), reason);
        }
    }

    fn take_in_hand(
        &self,
        outlet: &mut super::Outlet<A>,
        envelope: Envelope<A>,
        now: Moment,
    ) -> (InHand<'_, A>, Option<Moment>) {
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
        let deadline = extras
            .as_ref()
            .and_then(|extras| extras.deadline)
            .unwrap_or(self.settings.deadline);
        let mut due = now.after(deadline);
        if stamp.expiry == Expiry::Patience {
            due = due.min(stamp.expires);
        }
        let copy = message.share();
        let in_hand = InHand {
            mailbox: self,
            epoch: outlet.epoch,
            stamp,
            extras: extras.clone(),
            message: Some(message),
        };
        outlet.in_flight.push(InFlight {
            stamp,
            reply,
            extras,
            copy,
            due,
            cause: None,
        });
        let is_watched = due < outlet.watched;
        if is_watched {
            outlet.watched = due;
        }
        (in_hand, is_watched.then_some(due))
    }

    /// Parks the consumer until something comes in line or the gate changes.
    pub(crate) fn poll_unparked(&self, epoch: u32, cx: &Context<'_>) -> Poll<Unparked> {
        let outlet = self.outlet.lock();
        let mut inlet = self.inlet.lock();
        debug_assert_eq!(
            self.hint(),
            inlet.lanes.mask(),
            "the hint is exact under the lock"
        );
        let may_start = outlet.delayed.len() < DELAYED_MAX;
        if outlet.epoch != epoch || outlet.chunk.len() > 0 || (self.hint() != 0 && may_start) {
            return Poll::Ready(Unparked::Ready);
        }
        if inlet.gate == Gate::Draining && outlet.is_idle() {
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
        if outlet.epoch != epoch || in_line >= size || inlet.gate != Gate::Open {
            return Poll::Ready(());
        }
        inlet.park(cx);
        Poll::Pending
    }

    /// Ends everything that is left, since no incarnation will come any more. Returns how many that were.
    pub(crate) fn close(&self) -> usize {
        self.set_gate(Gate::Closed);
        let mut outlet = self.outlet.lock();
        outlet.epoch = outlet.epoch.wrapping_add(1);
        outlet.phase = Phase::Down;
        let mut inlet = self.inlet.lock();
        let mut left: Vec<Buried<A>> = outlet
            .chunk
            .take_all()
            .into_iter()
            .map(Buried::from)
            .collect();
        left.extend(
            std::mem::take(&mut outlet.delayed)
                .into_iter()
                .map(|delayed| Buried::from(delayed.envelope)),
        );
        left.extend(inlet.lanes.take_all().into_iter().map(Buried::from));
        left.extend(
            std::mem::take(&mut outlet.in_flight)
                .into_iter()
                .map(|in_flight| in_flight.into_buried(None)),
        );
        inlet.failed += left.len() as u64;
        self.set_hint(0);
        drop(inlet);
        drop(outlet);
        let count = left.len();
        left.into_iter()
            .for_each(|envelope| self.bury(envelope, Reason::Stopped));
        count
    }
}

/// Why nobody wants it handled any more.
fn unwanted<A: Agent>(envelope: &Envelope<A>, now: Moment) -> Option<Reason> {
    if envelope.stamp.expires <= now {
        return Some(match envelope.stamp.expiry {
            Expiry::TimeToLive => Reason::Expired,
            Expiry::Patience => Reason::Patience,
        });
    }
    envelope
        .reply
        .as_ref()
        .filter(|reply| reply.is_closed())
        .map(|_| Reason::AskerGone)
}

/// An envelope in the consumer's hand.
///
/// Dropped without [`complete`](Self::complete) or [`fail`](Self::fail), because the handler's future was dropped or
/// unwound, it gives the envelope back: to the front of its lane while it has attempts left, otherwise to the dead
/// letters.
pub(crate) struct InHand<'a, A: Agent> {
    mailbox: &'a Mailbox<A>,
    epoch: u32,
    pub(crate) stamp: Stamp,
    pub(crate) extras: Option<Arc<Extras>>,
    message: Option<Payload<A::Message>>,
}

impl<A: Agent> InHand<'_, A> {
    pub(crate) fn message(&self) -> Option<&A::Message> {
        self.message.as_ref().map(Payload::get)
    }

    /// The handler is done with it.
    pub(crate) fn complete(mut self, reply: A::Reply) {
        let mut outlet = self.mailbox.outlet.lock();
        let Some(in_flight) = self.release(&mut outlet) else {
            return;
        };
        outlet.count_handled();
        drop(outlet);
        self.message = None;
        if let Some(reply_to) = in_flight.reply {
            reply_to.send(Ok(reply));
        }
    }

    /// The handler gave up on it.
    pub(crate) fn fail(mut self, failure: &Failure) {
        let reason = failure.reason();
        self.give_back(reason, failure.is_retryable());
    }

    /// Takes its record back, unless another incarnation has ended it.
    fn release(&mut self, outlet: &mut super::Outlet<A>) -> Option<InFlight<A>> {
        if outlet.epoch != self.epoch {
            self.message = None;
            return None;
        }
        let at = outlet
            .in_flight
            .iter()
            .position(|in_flight| in_flight.stamp.number == self.stamp.number)?;
        Some(outlet.in_flight.swap_remove(at))
    }

    fn give_back(&mut self, reason: Reason, may_retry: bool) {
        let mut outlet = self.mailbox.outlet.lock();
        let Some(mut in_flight) = self.release(&mut outlet) else {
            return;
        };
        let Some(message) = self.message.take() else {
            return;
        };
        // Why the supervisor had it killed is more to the point than that it was killed.
        let reason = in_flight.cause.take().unwrap_or(reason);
        in_flight.copy = None;
        if let Some(ended) =
            self.mailbox
                .requeue(&mut outlet, in_flight, Some(message), may_retry, &reason)
        {
            drop(outlet);
            self.mailbox.bury(ended, reason);
        }
    }
}

impl<A: Agent> Mailbox<A> {
    /// Puts an envelope back for another attempt, or counts its end and returns it for burial.
    pub(super) fn requeue(
        &self,
        outlet: &mut super::Outlet<A>,
        in_flight: InFlight<A>,
        message: Option<Payload<A::Message>>,
        may_retry: bool,
        reason: &Reason,
    ) -> Option<Buried<A>> {
        let attempts_max = self.attempts_max(&in_flight.stamp);
        let is_wanted = !matches!(
            reason,
            Reason::Patience | Reason::AskerGone | Reason::Quarantined
        );
        match message {
            Some(message) if may_retry && is_wanted && in_flight.stamp.attempt < attempts_max => {
                let own = in_flight.extras.as_ref().and_then(|extras| extras.backoff);
                let wait = own
                    .unwrap_or(self.settings.backoff)
                    .wait(u32::from(in_flight.stamp.attempt));
                let envelope = in_flight.into_envelope(message);
                if wait.is_zero() {
                    outlet.chunk.put_back(envelope);
                } else {
                    self.delay(outlet, envelope, Moment::now().after(wait));
                }
                None
            }
            message => {
                outlet.count(reason.end(true));
                Some(in_flight.into_buried(message))
            }
        }
    }

    fn attempts_max(&self, stamp: &Stamp) -> u16 {
        match stamp.attempts_max {
            0 => self.settings.attempts,
            chosen => chosen,
        }
    }
}

impl<A: Agent> Drop for InHand<'_, A> {
    fn drop(&mut self) {
        if self.message.is_some() {
            let reason = if std::thread::panicking() {
                Reason::Panicked
            } else {
                Reason::Killed
            };
            self.give_back(reason, true);
        }
    }
}
