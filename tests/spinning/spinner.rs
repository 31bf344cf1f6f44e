//! An agent whose handler never awaits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ractor_agents::prelude::*;

/// Spins for as long as its message says.
#[derive(Clone, Default)]
pub(crate) struct Spinner {
    /// How many handlers spin now.
    pub(crate) spinning: Arc<AtomicU64>,
    /// How many have come to their end after spinning.
    pub(crate) came_back: Arc<AtomicU64>,
}

/// A message to a [`Spinner`].
#[derive(Clone)]
pub(crate) enum Spin {
    /// Answers at once.
    Not,
    /// Spins until the flag is up.
    Until(Arc<AtomicBool>),
    /// Spins until the flag is up, at the first attempt.
    OnceUntil(Arc<AtomicBool>),
}

impl Agent for Spinner {
    type Message = Spin;
    type Reply = u16;

    async fn handle(&mut self, spin: &Spin, ctx: &Context<Self>) -> Result<u16, Failure> {
        let attempt = ctx.attempt().unwrap_or_default();
        match spin {
            Spin::Until(flag) => self.spin(flag),
            Spin::OnceUntil(flag) if attempt == 1 => self.spin(flag),
            Spin::OnceUntil(_) | Spin::Not => {}
        }
        Ok(attempt)
    }
}

impl Spinner {
    fn spin(&self, flag: &AtomicBool) {
        self.spinning.fetch_add(1, Ordering::SeqCst);
        while !flag.load(Ordering::SeqCst) {
            // Leaves the processor to others, but not the worker.
            std::thread::yield_now();
        }
        self.spinning.fetch_sub(1, Ordering::SeqCst);
        self.came_back.fetch_add(1, Ordering::SeqCst);
    }
}
