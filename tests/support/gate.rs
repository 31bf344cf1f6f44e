//! A gate that handlers wait at.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// A gate that handlers wait at until the test lets them through. Closed at first; clones share it.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Semaphore>);

impl Gate {
    /// Lets `count` through, now or later.
    pub fn let_through(&self, count: usize) {
        self.0.add_permits(count);
    }

    /// Lets everybody through from now on.
    pub fn open(&self) {
        self.0.add_permits(Semaphore::MAX_PERMITS / 2);
    }

    /// Waits until it is let through.
    pub async fn pass(&self) {
        self.0.acquire().await.expect("never closed").forget();
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(0)))
    }
}
