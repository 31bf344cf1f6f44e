//! Where supervisors and their clock live.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use ractor::ActorCell;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::Instant;

use crate::supervisor::{Input, SupervisorRef};
use crate::watch::{Clock, ClockActor};
use crate::{
    ChildSpec, CommandError, DynamicSupervisor, Intensity, Report, Restart, StartContext,
    StartError, spawn_now,
};

/// A place for supervision trees: the runtime of supervisors and their clock, and the relief runtime.
///
/// Workers that compute without awaiting occupy the threads of their runtime, timers included. Supervisors therefore have a small
/// runtime of their own (one thread), and the successor of a worker that could not be killed starts on a relief runtime (one thread,
/// made when it is first needed), where it runs even if its predecessors hold every other thread.
///
/// ```text
/// system ── init ─┬─ clock
///                 ├─ your tree      restarted if killed, ended for good once it gives up
///                 └─ another tree
/// ```
///
/// When the last handle is dropped, everything ends at once; call [`SupervisorRef::shutdown`] first for an orderly end. The drop may
/// happen inside async code.
#[derive(Clone)]
pub struct System {
    inner: Arc<Inner>,
}

struct Inner {
    core: Arc<Core>,
    init: SupervisorRef,
    next_root: AtomicU64,
}

/// What supervisors need of their system.
pub(crate) struct Core {
    runtime: Handle,
    /// The supervisors' own runtime, if there is one; taken out to be shut down.
    own: Mutex<Option<Runtime>>,
    relief: Mutex<Relief>,
    clock: Arc<Clock>,
    down: AtomicBool,
}

enum Relief {
    /// Everything runs on the ambient runtime.
    Ambient,
    Unused,
    Running(Runtime),
    Gone,
}

impl Core {
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(crate) fn clock(&self) -> &Arc<Clock> {
        &self.clock
    }

    pub(crate) fn is_down(&self) -> bool {
        self.down.load(Ordering::Acquire)
    }

    /// The relief runtime; `None` where there is none, or it cannot be made.
    pub(crate) fn relief(&self) -> Option<Handle> {
        let mut relief = self.relief.lock();
        if matches!(*relief, Relief::Unused) {
            match one_thread("supervisors-relief") {
                Ok(runtime) => *relief = Relief::Running(runtime),
                Err(error) => tracing::error!(%error, "no relief runtime"),
            }
        }
        match &*relief {
            Relief::Running(runtime) => Some(runtime.handle().clone()),
            Relief::Ambient | Relief::Unused | Relief::Gone => None,
        }
    }
}

/// A runtime of one thread, which runs without anybody blocking on it.
fn one_thread(name: &str) -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(name)
        .enable_all()
        .build()
}

/// How often the clock may be restarted: 10,000 times in 1 s. It fails only if it is killed, and everything depends on it.
const CLOCK_INTENSITY: Intensity = Intensity::new(10_000, Duration::from_secs(1));

/// How often the top of a tree may be killed and restarted: 10,000 times in 1 s. Whoever kills it so often means it.
const ROOT_INTENSITY: Intensity = CLOCK_INTENSITY;

impl System {
    /// Makes a system with a runtime of its own: one thread named `supervisors`.
    ///
    /// # Errors
    /// The operating system's, when it has no thread to give.
    pub fn new() -> std::io::Result<Self> {
        let runtime = one_thread("supervisors")?;
        let handle = runtime.handle().clone();
        Ok(Self::with(handle, Some(runtime), Relief::Unused))
    }

    /// Makes a system on the runtime this is called in, for tests that pause its time. There is no relief runtime.
    ///
    /// # Panics
    /// Outside a tokio runtime, as [`Handle::current`] does.
    pub fn current() -> Self {
        Self::with(Handle::current(), None, Relief::Ambient)
    }

    fn with(runtime: Handle, own: Option<Runtime>, relief: Relief) -> Self {
        let clock = {
            let _entered = runtime.enter();
            Clock::new()
        };
        let core = Arc::new(Core {
            runtime,
            own: Mutex::new(own),
            relief: Mutex::new(relief),
            clock,
            down: AtomicBool::new(false),
        });
        let init = DynamicSupervisor::new()
            .backoff(crate::Backoff::NONE)
            .into_ref();
        let inner = Arc::new(Inner {
            core,
            init,
            next_root: AtomicU64::new(0),
        });
        inner.boot();
        Self { inner }
    }

    /// Starts a tree and waits until all its children run.
    ///
    /// If the tree's top is killed it is restarted with its children; once it gives up, it has ended
    /// ([`SupervisorRef::ended`]).
    ///
    /// # Errors
    /// [`CommandError::Spec`] before anything was started, [`CommandError::StartFailed`] when a child did not start:
    /// then those that did are stopped again.
    ///
    /// # Cancel safety
    /// A dropped call does not take the command back: the tree starts all the same.
    pub async fn start(
        &self,
        tree: impl Into<SupervisorRef>,
    ) -> Result<SupervisorRef, CommandError> {
        let tree: SupervisorRef = tree.into();
        let spec = self.inner.root_spec(&tree)?;
        self.inner.init.start_child(spec).await?;
        Ok(tree)
    }

    /// Starts a tree like [`start`](Self::start), without waiting for its children: for code that cannot await.
    /// The tree takes commands at once.
    ///
    /// # Errors
    /// [`CommandError::Spec`] before anything was started. A child that does not start ends the tree
    /// ([`SupervisorRef::ended`]).
    pub fn launch(&self, tree: impl Into<SupervisorRef>) -> Result<SupervisorRef, CommandError> {
        let tree: SupervisorRef = tree.into();
        let spec = self.inner.root_spec(&tree)?;
        self.inner.init.shared().push(Input::Add {
            spec: Box::new(spec),
            reply: unanswered(),
        });
        Ok(tree)
    }

    /// Ends everything at once, whoever else holds a handle: the same as dropping the last one. Never waits.
    pub fn end(&self) {
        self.inner.end();
    }

    /// Shuts all trees down, the last started first, each as [`SupervisorRef::shutdown`] does, all within `limit`.
    ///
    /// # Cancel safety
    /// A dropped call leaves some trees shut down and others running.
    pub async fn shutdown(&self, limit: Duration) -> Report {
        let begun = Instant::now();
        let mut report = Report::default();
        let children = self.inner.init.which_children().await.unwrap_or_default();
        for tree in children
            .iter()
            .rev()
            .filter_map(|child| self.inner.init.supervisor(&child.id))
        {
            report.absorb(tree.shutdown(limit.saturating_sub(begun.elapsed())).await);
        }
        report.elapsed = begun.elapsed();
        report
    }

    /// The runtime supervisors run on.
    pub fn runtime(&self) -> &Handle {
        &self.inner.core.runtime
    }
}

impl Inner {
    fn root_spec(&self, tree: &SupervisorRef) -> Result<ChildSpec, CommandError> {
        tree.validate()?;
        tree.set_root();
        let number = self.next_root.fetch_add(1, Ordering::Relaxed);
        Ok(ChildSpec::supervisor(number, tree.clone())
            .restart(Restart::Transient)
            .intensity(ROOT_INTENSITY))
    }

    fn boot(&self) {
        let clock = Arc::clone(&self.core.clock);
        let spec = ChildSpec::new(
            "clock",
            move |cx: &StartContext<'_>| -> Result<ActorCell, StartError> {
                spawn_clock(&clock, cx)
            },
        )
        .intensity(CLOCK_INTENSITY);
        self.init.shared().push(Input::Add {
            spec: Box::new(spec),
            reply: unanswered(),
        });
        if let Err(error) = self.init.start_on_top(&self.core) {
            // Only a name that is taken is refused, and there is none.
            tracing::error!(%error, "the system's own supervisor did not start");
        }
    }
}

fn spawn_clock(clock: &Arc<Clock>, cx: &StartContext<'_>) -> Result<ActorCell, StartError> {
    spawn_now(ClockActor(Arc::clone(clock)), (), cx)
}

fn unanswered() -> crate::supervisor::Reply {
    crate::supervisor::Reply::Child(tokio::sync::oneshot::channel().0)
}

impl Inner {
    fn end(&self) {
        if self.core.down.swap(true, Ordering::AcqRel) {
            return;
        }
        let runtime = self.core.own.lock().take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        } else if let Some(cell) = self.init.cell() {
            // On the ambient runtime: ractor kills all that is below.
            cell.kill();
        }
        let relief = std::mem::replace(&mut *self.core.relief.lock(), Relief::Gone);
        if let Relief::Running(runtime) = relief {
            runtime.shutdown_background();
        }
        self.init.shared().close(&crate::ExitReason::Killed);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").finish_non_exhaustive()
    }
}
