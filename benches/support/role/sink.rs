//! An agent that counts what it gets.

use std::{hint::black_box, sync::Arc};

use super::Role;
use crate::{Latch, Message};

/// Counts the latch down once for every `share` messages handled.
#[derive(Clone, Debug)]
pub struct Sink {
    share: u64,
    left: u64,
    latch: Arc<Latch>,
}

impl Sink {
    /// A sink whose part of each batch is `share` messages.
    pub fn new(share: u64, latch: &Arc<Latch>) -> Self {
        Self {
            share,
            left: share,
            latch: Arc::clone(latch),
        }
    }
}

impl Role for Sink {
    async fn handle(&mut self, message: &Message) {
        black_box(message);
        self.left -= 1;
        if self.left == 0 {
            self.left = self.share;
            self.latch.count_down();
        }
    }
}
