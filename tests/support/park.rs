//! Waiting for a future without any runtime.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for `work` on this thread, outside of any runtime.
///
/// # Panics
/// If it takes longer than 20 s.
pub fn block_on<F: Future>(work: F) -> F::Output {
    let limit = Instant::now() + Duration::from_secs(20);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(output) = work.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let left = limit.saturating_duration_since(Instant::now());
        assert!(!left.is_zero(), "it takes longer than 20 s");
        std::thread::park_timeout(left);
    }
}
