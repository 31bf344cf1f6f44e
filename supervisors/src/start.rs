//! How a child comes to life.

use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, Weak};

use ractor::ActorCell;
use ractor::actor::messages::BoxedState;
use tokio::runtime::Handle;

use crate::engine::Run;
use crate::supervisor::{Input, Shared};
use crate::{ChildId, ExitReason, StartError};

/// Starts a child; called again for each restart.
///
/// It runs on the supervisor's own thread, so it must be quick and must not block. Children of one
/// [`start_children`](crate::SupervisorRef::start_children) whose runtime is another than the supervisor's start for the first time on a worker
/// of that runtime instead, where spawning is cheaper. It spawns a ractor actor on
/// [`cx.runtime()`](StartContext::runtime), linked to [`cx.supervisor()`](StartContext::supervisor).
///
/// Returning the cell means "started", unless [`cx.defer()`](StartContext::defer) was called: then the start is over when
/// the [`StartReport`] says so. Implemented by closures; [`ChildSpec::actor`](crate::ChildSpec::actor) writes one for you.
pub trait Start: Send + Sync + 'static {
    /// Starts the child.
    ///
    /// # Errors
    /// [`StartError`]; the supervisor counts it as a failed start, or leaves the child be for [`StartError::Ignore`].
    fn start(&self, cx: &StartContext<'_>) -> Result<ActorCell, StartError>;
}

impl<F> Start for F
where
    F: Fn(&StartContext<'_>) -> Result<ActorCell, StartError> + Send + Sync + 'static,
{
    fn start(&self, cx: &StartContext<'_>) -> Result<ActorCell, StartError> {
        self(cx)
    }
}

/// What a child's start may know and use.
pub struct StartContext<'a> {
    pub(crate) id: &'a ChildId,
    pub(crate) incarnation: u64,
    pub(crate) reason: Option<&'a ExitReason>,
    pub(crate) supervisor: &'a ActorCell,
    pub(crate) runtime: &'a Handle,
    pub(crate) on_relief: bool,
    pub(crate) state: Cell<Option<BoxedState>>,
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) run: Run,
    pub(crate) deferred: Cell<bool>,
}

impl StartContext<'_> {
    /// The child's name.
    pub fn id(&self) -> &ChildId {
        self.id
    }

    /// How many times the child has been started before: 0 for the first start.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Why the child is being started again, if it ended by a failure or with its supervisor.
    pub fn reason(&self) -> Option<&ExitReason> {
        self.reason
    }

    /// The supervisor's cell, to link the child to.
    pub fn supervisor(&self) -> &ActorCell {
        self.supervisor
    }

    /// The runtime the child is to run on. Enter it around the spawn.
    pub fn runtime(&self) -> &Handle {
        self.runtime
    }

    /// Whether [`runtime`](Self::runtime) is the relief runtime, because the previous incarnation was abandoned and may still occupy a worker.
    pub fn on_relief(&self) -> bool {
        self.on_relief
    }

    /// The state of the previous incarnation, which ractor hands over when an actor was killed or stopped. At most once.
    ///
    /// The state of a killed actor may be half changed.
    pub fn take_state(&self) -> Option<BoxedState> {
        self.state.take()
    }

    /// Says that the start is not over when the start function returns, but when the report says so.
    ///
    /// A report that is dropped without a word is a failed start, so nothing is ever waited for in vain.
    /// Call it at most once per start; a second report is stale as soon as the first has spoken.
    pub fn defer(&self) -> StartReport {
        self.deferred.set(true);
        StartReport {
            shared: Arc::downgrade(self.shared),
            run: self.run,
            verdict: None,
        }
    }
}

impl fmt::Debug for StartContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartContext")
            .field("id", self.id)
            .field("incarnation", &self.incarnation)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Tells the supervisor how a deferred start went. Dropped silently, it says "failed".
#[must_use = "a dropped report is a failed start"]
pub struct StartReport {
    shared: Weak<Shared>,
    run: Run,
    verdict: Option<Verdict>,
}

enum Verdict {
    Started,
    Failed(ExitReason),
}

impl StartReport {
    /// The start is over, the child runs.
    pub fn started(mut self) {
        self.verdict = Some(Verdict::Started);
    }

    /// The start failed.
    pub fn failed(mut self, reason: impl Into<String>) {
        self.verdict = Some(Verdict::Failed(ExitReason::StartFailed(reason.into())));
    }

    /// Remembers why the start fails; told when the report is dropped, that is, when the failed actor is gone.
    pub(crate) fn set_failure(&mut self, reason: ExitReason) {
        self.verdict = Some(Verdict::Failed(reason));
    }
}

impl Drop for StartReport {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        let run = self.run;
        shared.push(match self.verdict.take() {
            Some(Verdict::Started) => Input::Started { run },
            Some(Verdict::Failed(reason)) => Input::StartFailed { run, reason },
            None => Input::StartFailed {
                run,
                reason: ExitReason::StartFailed("ended during its start".into()),
            },
        });
    }
}

impl fmt::Debug for StartReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartReport")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}
