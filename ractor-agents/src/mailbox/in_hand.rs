//! The consumer's hold on an envelope that it handles.

use std::sync::Arc;

use super::in_flight::InFlight;
use super::outlet::Outlet;
use super::{Buried, Mailbox, Next};
use crate::agent::{Agent, Failure};
use crate::dead_letter::Reason;
use crate::message::{Extras, Moment, Payload, Stamp};

/// An envelope in the consumer's hand.
///
/// Dropped without being completed or failed, because the handler's future was dropped or unwound, it gives the envelope
/// back: to the front of its lane while it has attempts left, otherwise to the dead letters.
pub(crate) struct InHand<'a, A: Agent> {
    mailbox: &'a Mailbox<A>,
    epoch: u32,
    is_released: bool,
    pub(crate) stamp: Stamp,
    pub(crate) extras: Option<Arc<Extras>>,
    message: Option<Payload<A::Message>>,
}

impl<'a, A: Agent> InHand<'a, A> {
    pub(super) fn new(
        mailbox: &'a Mailbox<A>,
        epoch: u32,
        stamp: Stamp,
        extras: Option<Arc<Extras>>,
        message: Payload<A::Message>,
    ) -> Self {
        Self {
            mailbox,
            epoch,
            is_released: false,
            stamp,
            extras,
            message: Some(message),
        }
    }

    pub(crate) fn message(&self) -> Option<&A::Message> {
        self.message.as_ref().map(Payload::get)
    }

    /// A second hold on the message, where it is shared.
    pub(super) fn copy(&self) -> Option<Arc<A::Message>> {
        self.message.as_ref().and_then(Payload::share)
    }

    /// The handler is done with it.
    pub(crate) fn complete(mut self, reply: A::Reply) {
        self.message = None;
        let mut outlet = self.mailbox.outlet.lock();
        let Some(in_flight) = self.release(&mut outlet) else {
            return;
        };
        outlet.count_handled();
        drop(outlet);
        if let Some(reply_to) = in_flight.reply {
            reply_to.send(Ok(reply));
        }
    }

    /// The handler is done with it, and the next one is taken in hand under the same lock.
    pub(crate) fn complete_and_next(mut self, reply: A::Reply, now: Moment) -> Next<'a, A> {
        self.message = None;
        let mut outlet = self.mailbox.outlet.lock();
        let Some(in_flight) = self.release(&mut outlet) else {
            return Next::Fenced;
        };
        outlet.count_handled();
        let next = self.mailbox.take_next(outlet, now);
        if let Some(reply_to) = in_flight.reply {
            reply_to.send(Ok(reply));
        }
        next
    }

    /// The handler gave up on it.
    pub(crate) fn fail(mut self, failure: &Failure) {
        self.give_back(failure.reason(), failure.is_retryable());
    }

    /// Takes its record back, unless another incarnation has ended it.
    fn release(&mut self, outlet: &mut Outlet<A>) -> Option<InFlight<A>> {
        self.is_released = true;
        if outlet.epoch != self.epoch {
            return None;
        }
        outlet.in_flight.remove(self.stamp.number)
    }

    fn give_back(&mut self, reason: Reason, may_retry: bool) {
        let message = self.message.take();
        let mut outlet = self.mailbox.outlet.lock();
        let Some(mut in_flight) = self.release(&mut outlet) else {
            return;
        };
        // Why the supervisor had it killed is more to the point than that it was killed.
        let reason = in_flight.cause.map_or(reason, Reason::from);
        in_flight.copy = None;
        let ended = self
            .mailbox
            .requeue(&mut outlet, in_flight, message, may_retry, &reason);
        drop(outlet);
        if let Some(ended) = ended {
            self.mailbox.bury(ended, reason);
        }
    }
}

impl<A: Agent> Drop for InHand<'_, A> {
    fn drop(&mut self) {
        if !self.is_released {
            let reason = if std::thread::panicking() {
                Reason::Panicked
            } else {
                Reason::Killed
            };
            self.give_back(reason, true);
        }
    }
}

impl<A: Agent> Mailbox<A> {
    /// Puts an envelope back for another attempt, or counts its end and returns it for burial.
    pub(super) fn requeue(
        &self,
        outlet: &mut Outlet<A>,
        in_flight: InFlight<A>,
        message: Option<Payload<A::Message>>,
        may_retry: bool,
        reason: &Reason,
    ) -> Option<Buried<A>> {
        let has_attempts = in_flight.stamp.attempt < self.attempts_max(&in_flight.stamp);
        let is_wanted = !matches!(reason, Reason::Patience | Reason::AskerGone);
        match message {
            Some(message) if may_retry && is_wanted && has_attempts => {
                let own = in_flight.extras.as_ref().and_then(|extras| extras.backoff);
                let backoff = own.unwrap_or(self.settings.backoff);
                let wait = backoff.wait(u32::from(in_flight.stamp.attempt));
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

    pub(super) fn attempts_max(&self, stamp: &Stamp) -> u16 {
        match stamp.attempts_max {
            0 => self.settings.attempts,
            chosen => chosen,
        }
    }
}
