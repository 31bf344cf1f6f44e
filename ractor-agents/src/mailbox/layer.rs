//! Layers: what stands between a sender and the lanes.

use super::{Mailbox, Offer, Refusal};
use crate::agent::Agent;

/// Takes messages in, on the sender's task. What a [`Layer`] makes out of another one.
///
/// A layer may change the message's envelope, pass it on, pass it on in another lane, refuse it with a [`Refusal`], or end
/// it as a duplicate with [`Mailbox::deduplicate`]. It must not block: it runs on
/// the sender's task, outside the lanes' lock. Where a lane is full and senders wait, the same message is offered
/// again when room has come free, so a layer sees every try, and one that counts takes its count back when the inner
/// one refuses.
pub trait Inbound<A: Agent>: Send + Sync + 'static {
    /// Offers a message to `mailbox`. `Ok` means in line, never handled.
    ///
    /// # Errors
    /// [`Refusal`] says why it was turned away; its sender still has it.
    fn offer(&self, offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal>;
}

/// Turns one [`Inbound`] into another that behaves a little differently.
pub trait Layer<Inner> {
    /// What it becomes.
    type Outer;

    /// Wraps `inner`.
    fn layer(self, inner: Inner) -> Self::Outer;
}

/// No layer at all: straight into the lanes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identity;

impl<A: Agent> Inbound<A> for Identity {
    fn offer(&self, offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal> {
        mailbox.push(offer)
    }
}

impl<Inner> Layer<Inner> for Identity {
    type Outer = Inner;

    fn layer(self, inner: Inner) -> Inner {
        inner
    }
}

/// Two layers in order: the first sees the envelope first.
#[derive(Clone, Copy, Debug)]
pub struct Stack<First, Then> {
    first: First,
    then: Then,
}

impl<First, Then> Stack<First, Then> {
    /// Puts `then` behind `first`.
    pub fn new(first: First, then: Then) -> Self {
        Self { first, then }
    }
}

impl<Inner, First, Then> Layer<Inner> for Stack<First, Then>
where
    Then: Layer<Inner>,
    First: Layer<Then::Outer>,
{
    type Outer = First::Outer;

    fn layer(self, inner: Inner) -> First::Outer {
        self.first.layer(self.then.layer(inner))
    }
}
