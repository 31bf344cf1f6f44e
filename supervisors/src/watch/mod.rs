//! Deadlines of work in flight, watched without looking at every child.
//!
//! ```text
//! child ── alarm.at(due) ──▶ heap ──▶ clock ── watch.look(now) ──▶ Idle | Again(due) | Overdue ──▶ supervisor kills and restarts
//! ```
//!
//! Cost sketch: `alarm.at` is one fence and one load while an earlier alarm is armed, else one short lock and one push.
//! A child has about one entry in the heap, however many messages it handles. The clock sleeps until the earliest entry.

mod clock;

use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use std::sync::{Arc, Weak};

use tokio::time::Instant;

pub(crate) use clock::{Clock, ClockActor, Target};

use crate::ExitReason;
use crate::engine::Run;
use crate::supervisor::Shared;

/// A child's work in flight, as its supervisor sees it.
///
/// All methods are called from supervisors' threads: they must be quick and must not block.
pub trait Watch: Send + Sync + 'static {
    /// Called once when the child enters a supervisor, before its first start. Keep the alarm; ask with it to be looked at.
    fn attach(&self, alarm: Alarm);

    /// Called when an alarm is due, now and then also without one.
    fn look(&self, now: Instant) -> Look;

    /// The child did not end within the grace after its kill: cut it off from its work, its successor is about to start.
    fn fence(&self);

    /// The child has ended for good: it was stopped, ended by itself, or was given up. Nothing starts it again but a
    /// [`restart_child`](crate::SupervisorRef::restart_child). May be called more than once. Not called for a child that ends
    /// with its supervisor, nor when the whole system ends at once.
    fn ended(&self) {}
}

/// What a look at a child's work in flight found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing is in flight that has a deadline.
    Idle,
    /// All is well until then.
    Again(Instant),
    /// A deadline is missed: the child is killed and restarted.
    Overdue {
        /// Whether the restart counts against the intensity.
        charge: bool,
        /// Why the child is killed.
        reason: ExitReason,
    },
}

/// Asks the clock for a [`look`](Watch::look) at a certain time. Cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Alarm(Arc<Watched>);

impl Alarm {
    /// Asks for a look at `due`, or sooner if an earlier one was asked for.
    ///
    /// Publish the work before the call: whoever asks second relies on the first look seeing both.
    pub fn at(&self, due: Instant) {
        let nanos = self.0.clock.nanos(due);
        // Pairs with the fence in `Watched::look`: either that look sees the work published before this call, or this load sees that it is over.
        fence(Ordering::SeqCst);
        if nanos >= self.0.armed.load(Ordering::Relaxed) {
            return;
        }
        self.0.armed.fetch_min(nanos, Ordering::Relaxed);
        self.0
            .clock
            .arm(due, Target::Watch(Arc::downgrade(&self.0)));
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
    }
}

/// A watched child.
pub(crate) struct Watched {
    clock: Arc<Clock>,
    supervisor: Weak<Shared>,
    watch: Weak<dyn Watch>,
    key: u32,
    /// The child's current start; a look belongs to the start it began in.
    epoch: AtomicU32,
    /// When the next look is due, in the clock's nanoseconds.
    armed: AtomicU64,
}

/// No look is due.
const DISARMED: u64 = u64::MAX;

impl Watched {
    /// Attaches `watch` to the child in place `key`.
    pub(crate) fn attach(
        watch: &Arc<dyn Watch>,
        clock: Arc<Clock>,
        supervisor: &Arc<Shared>,
        key: u32,
    ) -> Arc<Self> {
        let watched = Arc::new(Self {
            clock,
            supervisor: Arc::downgrade(supervisor),
            watch: Arc::downgrade(watch),
            key,
            epoch: AtomicU32::new(0),
            armed: AtomicU64::new(DISARMED),
        });
        watch.attach(Alarm(Arc::clone(&watched)));
        watched
    }

    /// The child is being started; looks that are under way belong to an earlier start.
    pub(crate) fn starting(&self, epoch: u32) {
        self.epoch.store(epoch, Ordering::SeqCst);
    }

    /// The child runs again. Work kept over the restart may be late already, so it is looked at.
    pub(crate) fn restarted(self: &Arc<Self>) {
        Alarm(Arc::clone(self)).at(Instant::now());
    }

    /// Looks at the child, at the clock's behest.
    fn look(self: &Arc<Self>, now: Instant) {
        let (Some(supervisor), Some(watch)) = (self.supervisor.upgrade(), self.watch.upgrade())
        else {
            return;
        };
        let run = Run {
            key: self.key,
            epoch: self.epoch.load(Ordering::SeqCst),
        };
        self.armed.store(DISARMED, Ordering::Relaxed);
        // Pairs with the fence in `Alarm::at`.
        fence(Ordering::SeqCst);
        match watch.look(now) {
            Look::Idle => {}
            Look::Again(due) => Alarm(Arc::clone(self)).at(due),
            Look::Overdue { charge, reason } => {
                supervisor.push(crate::supervisor::Input::Overdue {
                    run,
                    charged: charge,
                    reason,
                });
            }
        }
    }
}
