//! Agents in a ring that pass a token round.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use super::Role;
use crate::{Latch, Message, Peer};

/// What the agents of one ring share.
pub struct Ring<P: Peer> {
    /// Everyone's address, in order; set once all of them are there.
    pub addresses: OnceLock<Vec<P::Address<Link<P>>>>,
    /// The token that has gone far enough.
    pub last: AtomicU64,
    /// Opens when that token arrives.
    pub latch: Latch,
}

impl<P: Peer> Default for Ring<P> {
    fn default() -> Self {
        Self {
            addresses: OnceLock::new(),
            last: AtomicU64::new(0),
            latch: Latch::default(),
        }
    }
}

impl<P: Peer> fmt::Debug for Ring<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ring").finish_non_exhaustive()
    }
}

/// Hands each token, raised by one, to the next agent of the ring.
#[derive(Debug)]
pub struct Link<P: Peer> {
    ring: Arc<Ring<P>>,
    next: usize,
}

impl<P: Peer> Link<P> {
    /// The link before place `next` of `ring`.
    pub fn new(ring: &Arc<Ring<P>>, next: usize) -> Self {
        Self {
            ring: Arc::clone(ring),
            next,
        }
    }
}

impl<P: Peer> Clone for Link<P> {
    fn clone(&self) -> Self {
        Self::new(&self.ring, self.next)
    }
}

impl<P: Peer> Role for Link<P> {
    async fn handle(&mut self, message: &Message) {
        let token = message.number();
        if token == self.ring.last.load(Ordering::Relaxed) {
            self.ring.latch.count_down();
        } else if let Some(addresses) = self.ring.addresses.get() {
            P::tell(&addresses[self.next], Message::numbered(token + 1)).await;
        }
    }
}
