//! An agent with a backlog, into which urgent messages come.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use super::Role;
use crate::{Latch, Message};

/// What handling one message of the backlog costs.
const WORK: Duration = Duration::from_micros(1);

/// What the agent and its bench share.
#[derive(Debug)]
pub struct Backlog {
    /// Opens when the backlog, and one more message that ends it, are gone.
    pub latch: Latch,
    queued: AtomicBool,
    release: Notify,
    began: Instant,
    latencies: Mutex<Vec<Duration>>,
}

impl Backlog {
    /// A backlog of `count` messages, none of which is handled before [`release`](Self::release).
    pub fn new(count: usize) -> Arc<Self> {
        let latch = Latch::default();
        latch.arm(count + 1);
        Arc::new(Self {
            latch,
            queued: AtomicBool::new(false),
            release: Notify::new(),
            began: Instant::now(),
            latencies: Mutex::default(),
        })
    }

    /// Lets the agent begin: all of the backlog is queued.
    pub fn release(&self) {
        self.queued.store(true, Ordering::Release);
        self.release.notify_waiters();
    }

    /// An urgent message, stamped with the time of this call.
    pub fn urgent_message(&self) -> Message {
        Message::stamped(self.now())
    }

    /// From sending to handling of each urgent message so far.
    pub fn latencies(&self) -> Vec<Duration> {
        self.latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn released(&self) {
        if self.queued.load(Ordering::Acquire) {
            return;
        }
        // Looked at again once the release can no longer be missed.
        let release = self.release.notified();
        if !self.queued.load(Ordering::Acquire) {
            release.await;
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).expect("a bench ends within centuries")
    }

    fn record(&self, latency: Duration) {
        self.latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(latency);
    }
}

/// Works through its backlog, a microsecond for each message, and notes how late urgent ones come.
#[derive(Clone, Debug)]
pub struct Busy {
    backlog: Arc<Backlog>,
}

impl Busy {
    /// The agent that `backlog` waits for.
    pub fn new(backlog: &Arc<Backlog>) -> Self {
        Self {
            backlog: Arc::clone(backlog),
        }
    }
}

impl Role for Busy {
    async fn handle(&mut self, message: &Message) {
        self.backlog.released().await;
        if let Some(stamp) = message.stamp() {
            let latency = self.backlog.now().saturating_sub(stamp);
            self.backlog.record(Duration::from_nanos(latency));
            return;
        }
        let began = Instant::now();
        while began.elapsed() < WORK {
            std::hint::spin_loop();
        }
        self.backlog.latch.count_down();
    }
}
