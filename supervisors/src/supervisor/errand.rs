//! Starts made on the children's own runtime.
//!
//! Spawning from another thread wakes an idle worker for nearly every child: measured for 100,000 children, 0.9 wake-ups each and about twice
//! the time of raw ractor. So the children of one `start_children` that run on a runtime other than the supervisor's are started there,
//! by a task for each [`BATCH_MAX`](super::drive::BATCH_MAX) of them. The supervisor does not wait for it.
//!
//! Each start is claimed, once, by the errand or by the supervisor that wants it no more; so a start that was revoked never happens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use ractor::ActorCell;
use tokio::runtime::Handle;

use super::{Input, Shared};
use crate::engine::Run;
use crate::exit::panic_text;
use crate::{ChildId, KILL_GRACE, Start, StartContext, StartError};

/// One start to be made.
pub(super) struct Job {
    pub(super) run: Run,
    pub(super) id: ChildId,
    pub(super) start: Arc<dyn Start>,
    pub(super) runtime: Handle,
}

/// What came of one start.
pub(crate) struct Called {
    pub(super) run: Run,
    pub(super) result: Result<ActorCell, StartError>,
    pub(super) deferred: bool,
}

/// Up to 64 starts, one bit of `claimed` each.
pub(crate) struct Errand {
    shared: Arc<Shared>,
    supervisor: ActorCell,
    jobs: Vec<Job>,
    claimed: AtomicU64,
    /// Held while a start function runs.
    busy: Mutex<()>,
}

impl Errand {
    /// Sends the jobs to the runtime of the first; each still runs on its own.
    pub(super) fn send(
        shared: Arc<Shared>,
        supervisor: ActorCell,
        jobs: Vec<Job>,
    ) -> Option<Arc<Self>> {
        let runtime = jobs.first()?.runtime.clone();
        let errand = Arc::new(Self {
            shared,
            supervisor,
            jobs,
            claimed: AtomicU64::new(0),
            busy: Mutex::new(()),
        });
        let messenger = Messenger(Arc::clone(&errand));
        // Not detached: it is dropped with its runtime, and says so.
        drop(runtime.spawn(async move { messenger.go() }));
        Some(errand)
    }

    pub(super) fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        self.jobs.iter().map(|job| job.run)
    }

    /// Takes the start of `run` back: `None` if it is none of this errand's, else whether it will never happen.
    pub(super) fn revoke(&self, run: Run) -> Option<bool> {
        let index = self.jobs.iter().position(|job| job.run == run)?;
        Some(self.claim(index))
    }

    /// Takes all starts back. One that is being made is waited for, not longer than the grace after a kill.
    pub(super) fn revoke_all(&self) {
        self.claimed.store(u64::MAX, Ordering::Release);
        drop(self.busy.try_lock_for(KILL_GRACE));
    }

    fn claim(&self, index: usize) -> bool {
        let bit = 1u64 << (index % 64);
        self.claimed.fetch_or(bit, Ordering::AcqRel) & bit == 0
    }

    /// Deals with every job that is not claimed yet.
    fn each(&self, start: impl Fn(&Job) -> Called) -> Vec<Called> {
        let mut results = Vec::with_capacity(self.jobs.len());
        for (index, job) in self.jobs.iter().enumerate() {
            let busy = self.busy.lock();
            if self.claim(index) {
                results.push(start(job));
            }
            drop(busy);
        }
        results
    }

    fn start(&self, job: &Job) -> Called {
        let cx = StartContext {
            id: &job.id,
            incarnation: 0,
            reason: None,
            supervisor: &self.supervisor,
            runtime: &job.runtime,
            on_relief: false,
            state: std::cell::Cell::new(None),
            shared: &self.shared,
            run: job.run,
            deferred: std::cell::Cell::new(false),
        };
        let result = catch_unwind(AssertUnwindSafe(|| job.start.start(&cx)))
            .unwrap_or_else(|payload| Err(StartError::Panicked(panic_text(&*payload))));
        Called {
            run: job.run,
            result,
            deferred: cx.deferred.get(),
        }
    }
}

/// Carries an errand to its runtime; dropped with that runtime, it reports that nothing was started.
struct Messenger(Arc<Errand>);

impl Messenger {
    fn go(self) {
        let errand = &self.0;
        let results = errand.each(|job| errand.start(job));
        errand.shared.push(Input::Called {
            errand: Arc::clone(errand),
            results,
        });
    }
}

impl Drop for Messenger {
    fn drop(&mut self) {
        let lost = self.0.each(|job| Called {
            run: job.run,
            result: Err(StartError::Failed("the child's runtime is gone".into())),
            deferred: false,
        });
        if !lost.is_empty() {
            self.0.shared.push(Input::Called {
                errand: Arc::clone(&self.0),
                results: lost,
            });
        }
    }
}
