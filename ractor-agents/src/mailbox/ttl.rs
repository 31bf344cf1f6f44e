//! Messages that are worthless after a while.

use std::time::Duration;

use super::{Inbound, Mailbox, Offer, Refusal};
use crate::agent::Agent;

/// Gives every message that has no limit of its own a time to live; one in line for longer is expired.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    ttl: Duration,
}

impl Layer {
    /// Messages live for `ttl`, counted from when they are sent.
    pub const fn new(ttl: Duration) -> Self {
        Self { ttl }
    }
}

impl<Inner> super::Layer<Inner> for Layer {
    type Outer = Ttl<Inner>;

    fn layer(self, inner: Inner) -> Ttl<Inner> {
        Ttl {
            inner,
            ttl: self.ttl,
        }
    }
}

/// What [`Layer`] makes of an inner one.
#[derive(Clone, Debug)]
pub struct Ttl<Inner> {
    inner: Inner,
    ttl: Duration,
}

impl<A: Agent, Inner: Inbound<A>> Inbound<A> for Ttl<Inner> {
    fn offer(&self, mut offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal> {
        if !offer.has_ttl() {
            let expires = offer.after(self.ttl);
            offer.expire_at(expires);
        }
        self.inner.offer(offer, mailbox)
    }
}
