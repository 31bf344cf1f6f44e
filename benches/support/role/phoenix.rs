//! An agent that is killed over and over.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use tokio::sync::Notify;

use super::Role;
use crate::{Message, latch::patiently};

/// What all lives of one agent share.
#[derive(Debug, Default)]
pub struct Lives {
    born: AtomicU64,
    handled_by: AtomicU64,
    handled: Notify,
}

impl Lives {
    /// Waits for the next message to be handled; returns the life that handled it.
    ///
    /// # Panics
    /// If no life handles it.
    pub async fn handled_by(&self) -> u64 {
        patiently(self.handled.notified()).await;
        self.handled_by.load(Ordering::Acquire)
    }
}

/// Reports which of its lives handles a message; a clone is a later life.
#[derive(Debug)]
pub struct Phoenix {
    life: u64,
    lives: Arc<Lives>,
}

impl Phoenix {
    /// The first life.
    pub fn new(lives: &Arc<Lives>) -> Self {
        Self {
            life: lives.born.fetch_add(1, Ordering::Relaxed),
            lives: Arc::clone(lives),
        }
    }
}

impl Clone for Phoenix {
    fn clone(&self) -> Self {
        Self::new(&self.lives)
    }
}

impl Role for Phoenix {
    async fn handle(&mut self, _message: &Message) {
        self.lives.handled_by.store(self.life, Ordering::Release);
        self.lives.handled.notify_one();
    }
}
