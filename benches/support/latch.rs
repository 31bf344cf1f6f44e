//! How a bench learns that a batch has been handled.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

/// A batch that takes longer has lost a message. Source: a guess, about a hundred times the slowest batch.
const PATIENCE: Duration = Duration::from_mins(2);

/// Opens when it has been counted down to nothing; one task may wait for it.
#[derive(Debug, Default)]
pub struct Latch {
    left: AtomicUsize,
    open: Notify,
}

impl Latch {
    /// Closes the latch until `count` calls of [`count_down`](Self::count_down) have come.
    pub fn arm(&self, count: usize) {
        self.left.store(count, Ordering::Release);
    }

    /// One of the things waited for is done.
    pub fn count_down(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.open.notify_one();
        }
    }

    /// How many calls are still to come. Advisory: already stale when it returns.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Acquire)
    }

    /// Waits until the latch opens.
    ///
    /// # Panics
    /// If that takes so long that a message must have been lost.
    pub async fn wait(&self) {
        patiently(self.open.notified()).await;
    }
}

/// Waits for what must come, so that a lost message ends a bench instead of hanging it.
pub(crate) async fn patiently(event: impl Future<Output = ()>) {
    timeout(PATIENCE, event).await.expect("a message was lost");
}
