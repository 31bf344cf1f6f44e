//! More than one attempt, with a growing pause between them.

use supervisors::Backoff;

use super::{Inbound, Mailbox, Offer, Refusal};
use crate::agent::Agent;

/// Gives every message that has none of its own several attempts, with full-jitter exponential backoff between them.
///
/// More than one attempt means at least once: the handler must tolerate repeats. The envelope waits in the mailbox, never
/// inside a handler, and goes to the front of its lane when its time has come; others overtake it meanwhile.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    attempts: u16,
    backoff: Backoff,
}

impl Layer {
    /// Up to `attempts` attempts, at least 1, without a pause.
    pub const fn attempts(attempts: u16) -> Self {
        Self {
            attempts,
            backoff: Backoff::NONE,
        }
    }

    /// The pause before attempt n+1 is drawn evenly from zero to `base` times 2ⁿ⁻¹, at most `cap`.
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }
}

impl<Inner> super::Layer<Inner> for Layer {
    type Outer = Retry<Inner>;

    fn layer(self, inner: Inner) -> Retry<Inner> {
        Retry {
            inner,
            attempts: self.attempts,
            backoff: self.backoff,
        }
    }
}

/// What [`Layer`] makes of an inner one.
#[derive(Clone, Debug)]
pub struct Retry<Inner> {
    inner: Inner,
    attempts: u16,
    backoff: Backoff,
}

impl<A: Agent, Inner: Inbound<A>> Inbound<A> for Retry<Inner> {
    fn offer(&self, mut offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal> {
        if !offer.has_attempts() {
            offer.set_attempts(self.attempts);
        }
        if self.backoff != Backoff::NONE {
            offer.set_backoff(self.backoff);
        }
        self.inner.offer(offer, mailbox)
    }
}
