//! Refusing early what would wait too long.

use super::{Inbound, Mailbox, Offer, Refusal};
use crate::agent::Agent;
use crate::message::Priority;

/// Refuses messages while too many wait, instead of letting their senders wait too.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    depth_max: usize,
    spare: Priority,
}

impl Layer {
    /// Refuses from `depth_max` waiting messages on, all lanes together. Critical ones are spared.
    pub const fn above(depth_max: usize) -> Self {
        Self {
            depth_max,
            spare: Priority::Critical,
        }
    }

    /// Spares `priority` and everything above it. Default: [`Priority::Critical`].
    pub const fn sparing(mut self, priority: Priority) -> Self {
        self.spare = priority;
        self
    }
}

impl<Inner> super::Layer<Inner> for Layer {
    type Outer = LoadShed<Inner>;

    fn layer(self, inner: Inner) -> LoadShed<Inner> {
        LoadShed { inner, layer: self }
    }
}

/// What [`Layer`] makes of an inner one.
#[derive(Clone, Debug)]
pub struct LoadShed<Inner> {
    inner: Inner,
    layer: Layer,
}

impl<A: Agent, Inner: Inbound<A>> Inbound<A> for LoadShed<Inner> {
    fn offer(&self, offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal> {
        let Layer { depth_max, spare } = self.layer;
        if offer.priority() > spare {
            let depth = mailbox.in_line();
            if depth >= depth_max {
                return Err(Refusal::Overloaded { depth, depth_max });
            }
        }
        self.inner.offer(offer, mailbox)
    }
}
