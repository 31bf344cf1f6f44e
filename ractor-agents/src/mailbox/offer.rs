//! A message on its way through the layers.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::agent::Agent;
use crate::dead_letter::Reason;
use crate::message::{Clock, Envelope, Moment};

/// A message on its way through the layers: reads and changes like the [`Envelope`] inside.
///
/// The envelope stays where its sender has it until the mailbox takes it in. A layer that turns the message away returns
/// a [`Refusal`](super::Refusal) and lets go of the offer: nothing is lost.
// Passed on by reference, because copies of an envelope are what a `tell` otherwise spends its time with.
pub struct Offer<'a, A: Agent> {
    /// Full.
    slot: &'a mut Option<Envelope<A>>,
    ended: &'a mut Option<Ended<A>>,
    clock: Clock,
    now: Option<Moment>,
}

/// An envelope that ended while one was offered, that one or another, and why.
pub(crate) struct Ended<A: Agent>(pub(super) Envelope<A>, pub(super) Reason);

impl<'a, A: Agent> Offer<'a, A> {
    /// Offers what is in `slot`, if there is anything. What `ended` thereby is to be buried when all layers have returned:
    /// they may hold locks.
    pub(crate) fn new(
        slot: &'a mut Option<Envelope<A>>,
        ended: &'a mut Option<Ended<A>>,
        clock: Clock,
    ) -> Option<Self> {
        slot.is_some().then_some(Self {
            slot,
            ended,
            clock,
            now: None,
        })
    }

    /// The time of the offer by the agent's clock: all layers look at it once.
    pub(crate) fn now(&mut self) -> Moment {
        *self.now.get_or_insert_with(|| self.clock.now())
    }

    /// When `wait` is over for certain.
    pub(crate) fn after(&mut self, wait: Duration) -> Moment {
        let now = self.now();
        self.clock.after(now, wait)
    }

    /// Takes the envelope away from its sender.
    #[expect(clippy::expect_used, reason = "nobody can take it twice")]
    pub(super) fn accept(self) -> Envelope<A> {
        self.slot.take().expect("an offer is full")
    }

    /// Takes the envelope away from its sender as number `number`, and ends it.
    pub(super) fn end(self, number: u64, reason: Reason) {
        *self.ended = self.slot.take().map(|mut envelope| {
            envelope.stamp.number = number;
            Ended(envelope, reason)
        });
    }

    /// Takes the envelope away from its sender; `other` is ended for it.
    pub(super) fn accept_for(self, other: Option<Envelope<A>>, reason: Reason) -> Envelope<A> {
        *self.ended = other.map(|envelope| Ended(envelope, reason));
        self.accept()
    }
}

impl<A: Agent> Deref for Offer<'_, A> {
    type Target = Envelope<A>;

    #[expect(clippy::expect_used, reason = "emptied only where it ends")]
    fn deref(&self) -> &Envelope<A> {
        self.slot.as_ref().expect("an offer is full")
    }
}

impl<A: Agent> DerefMut for Offer<'_, A> {
    #[expect(clippy::expect_used, reason = "emptied only where it ends")]
    fn deref_mut(&mut self) -> &mut Envelope<A> {
        self.slot.as_mut().expect("an offer is full")
    }
}

impl<A: Agent> fmt::Debug for Offer<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Offer").field(&**self).finish()
    }
}
