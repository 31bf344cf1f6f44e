//! The end of a swarm: begun by the first `shutdown`, and brought to its end whoever still waits for it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{Inner, ShutdownReport};

/// The end of a swarm, once somebody has asked for it.
///
/// It is a task of the supervisors' runtime, which handlers that never await cannot stop, and which ends with the swarm.
pub(super) struct Ending {
    /// When what is left is killed; `None` is later than any clock can tell.
    due: watch::Sender<Option<Instant>>,
    /// What it came to. Closed without a report when the swarm was torn down meanwhile.
    report: watch::Receiver<Option<ShutdownReport>>,
}

impl Ending {
    fn begin(swarm: &Arc<Inner>, due: Option<Instant>) -> Self {
        swarm.refuse();
        let (due, until) = watch::channel(due);
        let (sender, report) = watch::channel(None);
        let ending = Arc::clone(swarm).end(until, sender);
        // Not detached: the runtime is the swarm's, and the report says whether it came to its end.
        drop(swarm.timers().spawn(ending));
        Self { due, report }
    }

    /// The earliest limit of all callers counts.
    fn hasten(&self, due: Option<Instant>) {
        self.due.send_if_modified(|until| {
            let is_sooner = due.is_some_and(|due| until.is_none_or(|until| due < until));
            if is_sooner {
                *until = due;
            }
            is_sooner
        });
    }
}

impl Inner {
    pub(super) async fn shutdown(self: &Arc<Self>, limit: Duration) -> ShutdownReport {
        let begun = Instant::now();
        let due = begun.checked_add(limit);
        let ending = self.ending.get_or_init(|| Ending::begin(self, due));
        ending.hasten(due);
        let mut report = ending.report.clone();
        let told = report.wait_for(Option::is_some).await;
        let told = told.ok().and_then(|report| report.clone());
        // Torn down meanwhile: by the drop of the last handle.
        told.unwrap_or_else(|| self.report(begun, 0))
    }

    /// Takes no agents and no messages any more.
    fn refuse(&self) {
        self.is_ending.store(true, Ordering::Release);
        self.index.close();
        for member in self.index.all() {
            member.drain();
        }
    }

    async fn end(
        self: Arc<Self>,
        mut due: watch::Receiver<Option<Instant>>,
        told: watch::Sender<Option<ShutdownReport>>,
    ) {
        let begun = Instant::now();
        let left = self.drained(&mut due).await;
        let report = self.tree.shutdown(left).await;
        let report = self.report(begun, report.abandoned.len());
        self.system.end();
        told.send_replace(Some(report));
    }

    /// Waits until all agents have ended, or until the limit; returns what is left of it.
    async fn drained(&self, due: &mut watch::Receiver<Option<Instant>>) -> Duration {
        let mut emptied = pin!(self.emptied());
        loop {
            let until = *due.borrow_and_update();
            let hastened = pin!(due.changed());
            let emptied_or_hastened = select(emptied.as_mut(), hastened);
            let come = match until {
                Some(until) => timeout_at(until, emptied_or_hastened).await.ok(),
                None => Some(emptied_or_hastened.await),
            };
            if !matches!(come, Some(Either::Right((Ok(()), _)))) {
                let left = until.map(|until| until.saturating_duration_since(Instant::now()));
                return left.unwrap_or(Duration::MAX);
            }
        }
    }

    fn report(&self, begun: Instant, abandoned: usize) -> ShutdownReport {
        let unfinished = self.close_all();
        ShutdownReport {
            messages: self.status().messages,
            unfinished,
            abandoned,
            took: begun.elapsed(),
        }
    }
}
