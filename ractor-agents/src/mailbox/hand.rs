//! The consumer's hold on an envelope that it handles.

use std::sync::Arc;

use super::in_flight::InFlight;
use super::outlet::Outlet;
use super::{Buried, Mailbox};
use crate::agent::{Agent, Failure};
use crate::dead_letter::Reason;
use crate::message::{Envelope, Extras, Moment, Payload, Priority, Stamp};
use crate::queue::Claim;

/// The hand of one incarnation: empty, or around an envelope that is being handled.
///
/// Dropped while it holds one, because the handler's future was dropped or unwound, it gives the envelope
/// back: to the front of its lane while it has attempts left, otherwise to the dead letters.
// One for the whole run loop: envelopes are moved into it and not with it.
pub(crate) struct Hand<'a, A: Agent> {
    pub(super) mailbox: &'a Mailbox<A>,
    pub(super) epoch: u32,
    pub(super) is_full: bool,
    pub(crate) stamp: Stamp,
    pub(crate) extras: Option<Arc<Extras>>,
    message: Option<Payload<A::Message>>,
}

impl<'a, A: Agent> Hand<'a, A> {
    pub(super) fn new(mailbox: &'a Mailbox<A>, epoch: u32) -> Self {
        Self {
            mailbox,
            epoch,
            is_full: false,
            stamp: Stamp::new(Priority::Normal),
            extras: None,
            message: None,
        }
    }

    pub(crate) fn message(&self) -> Option<&A::Message> {
        self.message.as_ref().map(Payload::get)
    }

    /// The lease on what is in it, where that is from a durable queue.
    #[inline]
    pub(crate) fn claim(&self) -> Option<&Arc<Claim>> {
        self.extras.as_ref()?.claim.as_ref()
    }

    /// Closes around `envelope`; returns when it wants to be looked at.
    pub(super) fn take(
        &mut self,
        outlet: &mut Outlet<A>,
        envelope: Envelope<A>,
        now: Moment,
    ) -> Moment {
        let settings = &self.mailbox.settings;
        let Envelope {
            mut message,
            reply,
            stamp,
            extras,
        } = envelope;
        if self.mailbox.attempts_max(&stamp) > 1 {
            message = message.into_shared();
        }
        if stamp.attempt > 0 {
            self.mailbox.ends.retry();
        }
        let mut due = match &extras {
            None => settings.clock.after(now, settings.deadline),
            Some(extras) => extras.due(settings, now),
        };
        if let Some(reply) = &reply {
            due = due.min(reply.until());
        }
        self.is_full = true;
        self.stamp = stamp;
        self.extras.clone_from(&extras);
        outlet.in_flight.push(InFlight {
            stamp,
            due,
            reply,
            extras,
            // A second hold on the message, where it is shared.
            copy: message.share(),
            cause: None,
        });
        self.message = Some(message);
        outlet.watch(due)
    }

    /// Lets go of the message, whose drop is the user's code and runs under no lock.
    pub(super) fn drop_message(&mut self) {
        self.message = None;
    }

    /// The handler is done with it.
    pub(crate) fn complete(mut self, reply: A::Reply) {
        self.drop_message();
        let mut outlet = self.mailbox.outlet.lock();
        let asker = self.finish(&mut outlet).and_then(|done| done.reply);
        drop(outlet);
        if let Some(asker) = asker {
            asker.send(Ok(reply));
        }
    }

    /// Opens, and counts the envelope as handled, unless another incarnation has ended it.
    pub(super) fn finish(&mut self, outlet: &mut Outlet<A>) -> Option<InFlight<A>> {
        let in_flight = self.release(outlet)?;
        self.mailbox.ends.handle();
        Some(in_flight)
    }

    /// The handler gave up on it.
    pub(crate) fn fail(&mut self, failure: &Failure) {
        if !failure.is_retryable()
            && let Some(claim) = self.claim()
        {
            claim.give_up_hope();
        }
        self.give_back(failure.reason(), failure.is_retryable());
    }

    /// Opens, and takes the envelope's record back, unless another incarnation has ended it.
    fn release(&mut self, outlet: &mut Outlet<A>) -> Option<InFlight<A>> {
        self.is_full = false;
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
        let reason = in_flight.reason(self.mailbox.id).unwrap_or(reason);
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

impl<A: Agent> Drop for Hand<'_, A> {
    fn drop(&mut self) {
        if self.is_full {
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
        let attempt = in_flight.stamp.begun().attempt;
        let has_attempts = attempt < self.attempts_max(&in_flight.stamp);
        match message {
            Some(message) if may_retry && reason.may_retry() && has_attempts => {
                let own = in_flight.extras.as_ref().and_then(|extras| extras.backoff);
                let backoff = own.unwrap_or(self.settings.backoff);
                let wait = backoff.wait(u32::from(attempt));
                let envelope = in_flight.into_envelope(message);
                if wait.is_zero() {
                    outlet.lanes.push_front(envelope.stamp.lane, envelope);
                } else {
                    self.delay(outlet, envelope, Moment::now().after(wait));
                }
                None
            }
            message => {
                let end = Extras::end(in_flight.extras.as_ref(), reason, true);
                self.ends.count(end);
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
