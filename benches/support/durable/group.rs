//! Many who call, one who commits.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

/// A thread that takes all calls that have come while it was busy, does them at once, and answers.
pub(super) struct Group<Call, Reply> {
    shared: Arc<Shared<Call, Reply>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared<Call, Reply> {
    inbox: Mutex<Inbox<Call, Reply>>,
    came: Condvar,
    commits: AtomicU64,
}

struct Inbox<Call, Reply> {
    calls: Vec<(Call, oneshot::Sender<Reply>)>,
    is_closed: bool,
}

impl<Call: Send + 'static, Reply: Send + 'static> Group<Call, Reply> {
    /// Does calls by `work`, which gives as many replies, in their order, when all is on disk.
    pub(super) fn start(work: impl FnMut(Vec<Call>) -> Vec<Reply> + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            inbox: Mutex::new(Inbox {
                calls: Vec::new(),
                is_closed: false,
            }),
            came: Condvar::new(),
            commits: AtomicU64::new(0),
        });
        let of_thread = Arc::clone(&shared);
        Self {
            shared,
            thread: Some(thread::spawn(move || of_thread.run(work))),
        }
    }

    pub(super) async fn call(&self, call: Call) -> Reply {
        let (answer, answered) = oneshot::channel();
        self.shared.push(call, answer);
        answered.await.expect("the writer did not panic")
    }

    pub(super) fn commits(&self) -> u64 {
        self.shared.commits.load(Ordering::Relaxed)
    }
}

impl<Call, Reply> Shared<Call, Reply> {
    fn push(&self, call: Call, answer: oneshot::Sender<Reply>) {
        let mut inbox = self.inbox.lock();
        inbox.calls.push((call, answer));
        if inbox.calls.len() == 1 {
            self.came.notify_one();
        }
    }

    fn run(&self, mut work: impl FnMut(Vec<Call>) -> Vec<Reply>) {
        while let Some(taken) = self.take() {
            let (calls, answers): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
            let replies = work(calls);
            self.commits.fetch_add(1, Ordering::Relaxed);
            for (answer, reply) in answers.into_iter().zip(replies) {
                // Whoever asked may have gone.
                let _ = answer.send(reply);
            }
        }
    }

    fn take(&self) -> Option<Vec<(Call, oneshot::Sender<Reply>)>> {
        let mut inbox = self.inbox.lock();
        while inbox.calls.is_empty() {
            if inbox.is_closed {
                return None;
            }
            self.came.wait(&mut inbox);
        }
        Some(std::mem::take(&mut inbox.calls))
    }
}

impl<Call, Reply> Drop for Group<Call, Reply> {
    fn drop(&mut self) {
        self.shared.inbox.lock().is_closed = true;
        self.shared.came.notify_one();
        if let Some(thread) = self.thread.take() {
            // If it panicked, whoever called has been told.
            let _ = thread.join();
        }
    }
}

impl<Call, Reply> fmt::Debug for Group<Call, Reply> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Group").finish_non_exhaustive()
    }
}
