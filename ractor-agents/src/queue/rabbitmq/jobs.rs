//! Calls to the server, which go on when whoever called has left: a copy is always followed by its acknowledgement.

use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::link::Link;
use crate::queue::{BrokerError, Error};

/// A call on its way.
pub(super) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Calls that are to be done by whoever runs the queue.
pub(super) struct Jobs {
    new: mpsc::Sender<Job>,
    taken: Mutex<mpsc::Receiver<Job>>,
}

/// How many calls wait to be begun, and how many are on their way at a time. Source: guesses; more than enough to share writes to disk.
const WAITING_MAX: usize = 1_024;
const DOING_MAX: usize = 1_024;

impl Jobs {
    pub(super) fn new() -> Self {
        let (new, taken) = mpsc::channel(WAITING_MAX);
        Self {
            new,
            taken: Mutex::new(taken),
        }
    }

    /// Has `work` done, and waits for what comes of it. `lost` is what is said if the connection is lost meanwhile.
    pub(super) async fn call<T, F>(
        &self,
        link: Arc<Link>,
        work: impl FnOnce(Arc<Link>) -> F,
        lost: fn(BrokerError) -> Error,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = work(link);
        let job: Job = Box::pin(async move {
            // Whoever has left does not need it.
            let _ = answer.send(work.await);
        });
        if self.new.send(job).await.is_err() {
            return Err(Error::Closed);
        }
        let cut = || lost(BrokerError::new("the connection was lost"));
        answered.await.unwrap_or_else(|_| Err(cut()))
    }

    /// Does what comes, until it is all done after `closing`.
    pub(super) async fn work(&self, closing: impl Future<Output = ()>) {
        let mut taken = self.taken.lock().await;
        let mut doing = FuturesUnordered::new();
        let mut closing = pin!(closing);
        let mut is_closing = false;
        while !is_closing || !doing.is_empty() || !taken.is_empty() {
            tokio::select! {
                () = &mut closing, if !is_closing => is_closing = true,
                Some(job) = taken.recv(), if doing.len() < DOING_MAX => doing.push(job),
                Some(()) = doing.next(), if !doing.is_empty() => {}
            }
        }
    }

    /// The connection is lost: nothing is done of what waits for it.
    pub(super) fn forget(&self) {
        if let Ok(mut taken) = self.taken.try_lock() {
            while taken.try_recv().is_ok() {}
        }
    }
}
