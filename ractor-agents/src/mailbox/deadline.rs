//! Handlers that may only take so long.

use std::time::Duration;

use super::{Inbound, Mailbox, Offer, Refusal};
use crate::agent::Agent;

/// Gives every message that has none of its own a deadline for each attempt. The layer only stamps: the supervisor acts.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    deadline: Duration,
}

impl Layer {
    /// Attempts may take `deadline`.
    pub const fn new(deadline: Duration) -> Self {
        Self { deadline }
    }
}

impl<Inner> super::Layer<Inner> for Layer {
    type Outer = Deadline<Inner>;

    fn layer(self, inner: Inner) -> Deadline<Inner> {
        Deadline {
            inner,
            deadline: self.deadline,
        }
    }
}

/// What [`Layer`] makes of an inner one.
#[derive(Clone, Debug)]
pub struct Deadline<Inner> {
    inner: Inner,
    deadline: Duration,
}

impl<A: Agent, Inner: Inbound<A>> Inbound<A> for Deadline<Inner> {
    fn offer(&self, mut offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal> {
        if offer.deadline().is_none() {
            offer.set_deadline(self.deadline);
        }
        self.inner.offer(offer, mailbox)
    }
}
