//! What a supervisor is apart from its actor: the table and the queue, which outlive it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use ractor::actor::messages::BoxedState;
use ractor::{ActorCell, ActorStatus};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use super::errand::{Errand, Job};
use super::shell::Signal;
use super::{Input, Settings, SupervisorRef};
use crate::engine::{Engine, Exit, Run};
use crate::event::EVENTS_MAX;
use crate::spec::Stop;
use crate::supervisor::Reply;
use crate::system::Core;
use crate::tree::Branch;
use crate::watch::{Target, Watched};
use crate::{ChildId, ChildSpec, CommandError, Event, ExitReason, Report, Start, Watch};

/// How many commands may wait for one supervisor: 65,536. The figure is a guess; a supervisor takes about 100,000 in a second.
pub(crate) const COMMANDS_MAX: usize = 65_536;

/// A supervisor apart from its actor. Handles, reports and timers point here, so they survive the actor.
///
/// Locks: `state` before `inbox`; a parent's `state` before its child's. User code runs under none of them.
pub(crate) struct Shared {
    pub(super) inbox: Mutex<Inbox>,
    pub(super) state: Mutex<State>,
    pub(super) settings: Settings,
    /// The system it belongs to, from its first start on.
    home: OnceLock<Arc<Core>>,
    pub(super) branch: Arc<Branch>,
    /// Made when somebody listens.
    events: OnceLock<broadcast::Sender<Event>>,
    /// Whether it is the top of a tree.
    root: AtomicBool,
    /// Why the supervisor ended, once it has ended for good.
    pub(super) ended: watch::Sender<Option<ExitReason>>,
}

#[derive(Default)]
pub(super) struct Inbox {
    pub(super) queue: VecDeque<Input>,
    /// The actor of the current life.
    pub(super) cell: Option<ActorCell>,
    /// A wake-up is on its way to the actor.
    pub(super) scheduled: bool,
    /// How many of `queue` are commands.
    pub(super) commands: usize,
    pub(super) closed: bool,
}

/// What only the supervisor's actor changes.
pub(super) struct State {
    pub(super) engine: Engine<Reply>,
    pub(super) slots: Vec<Option<Slot>>,
    /// ractor's ids of the children's actors.
    pub(super) pids: HashMap<u64, Run>,
    /// Starts for the errand that is being put together; `None` while starts are made at once.
    pub(super) jobs: Option<Vec<Job>>,
    /// Errands that have not reported yet.
    pub(super) errands: Vec<Arc<Errand>>,
    /// What overtook the report of an errand: ends of actors nobody knows yet, and words of starts.
    pub(super) early_ends: HashMap<u64, (ExitReason, Option<Box<BoxedState>>)>,
    pub(super) early_words: Vec<Input>,
    /// Former children that survived their kill.
    pub(super) abandoned: HashMap<Run, Former>,
    /// The supervisor's own specification; `None` where a child was deleted.
    pub(super) initial: Vec<Option<ChildSpec>>,
    /// Which life of the supervisor may act. An older one that comes back late does nothing.
    pub(super) life: u64,
    /// How many lives have come to an end in order, or by a failure. A kill is none.
    pub(super) ends: u64,
    pub(super) exit: Option<Exit>,
    /// A caller wants the supervisor to end; kept over a restart.
    pub(super) wanted_down: Option<ShutdownRequest>,
    pub(super) ending_since: Option<Instant>,
    pub(super) report: Report,
    /// What was done to end so far; only its growing means anything. Bounded by the children there are, since none is started then.
    pub(super) deeds: u64,
    /// What the actor of the previous life ended with, as the parent saw it.
    pub(super) ended_with: Option<ExitReason>,
}

/// A caller's wish that the supervisor end.
#[derive(Clone, Copy)]
pub(crate) struct ShutdownRequest {
    /// From then on everybody who is left is killed; `None` is later than any clock can tell.
    pub(super) due: Option<Instant>,
}

impl ShutdownRequest {
    pub(super) fn within(limit: Duration) -> Self {
        Self {
            due: Instant::now().checked_add(limit),
        }
    }

    pub(super) fn or_sooner(self, other: Self) -> Self {
        let due = match (self.due, other.due) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { due }
    }

    pub(super) fn is_over(self, now: Instant) -> bool {
        self.due.is_some_and(|due| due <= now)
    }
}

/// A former child that survived its kill.
pub(super) struct Former {
    pub(super) id: ChildId,
    pub(super) cell: ActorCell,
}

impl Former {
    pub(super) fn has_ended(&self) -> bool {
        self.cell.get_status() == ActorStatus::Stopped
    }
}

/// The part of a child that decisions do not depend on.
pub(super) struct Slot {
    pub(super) start: Arc<dyn Start>,
    pub(super) stop: Option<Stop>,
    pub(super) runtime: Option<Handle>,
    pub(super) watch: Option<(Arc<dyn Watch>, Arc<Watched>)>,
    pub(super) nested: Option<SupervisorRef>,
    pub(super) cell: Option<ActorCell>,
    pub(super) handed: Option<Box<BoxedState>>,
}

impl State {
    pub(super) fn slot(&self, key: u32) -> Option<&Slot> {
        self.slots.get(key as usize)?.as_ref()
    }

    pub(super) fn slot_mut(&mut self, key: u32) -> Option<&mut Slot> {
        self.slots.get_mut(key as usize)?.as_mut()
    }

    /// Takes back all starts that have not been made. What is returned holds values of the user's: drop it outside the lock.
    #[must_use = "dropping it runs user code"]
    pub(super) fn revoke_errands(&mut self) -> impl Sized + use<> {
        self.early_words.clear();
        let errands = std::mem::take(&mut self.errands);
        for errand in &errands {
            errand.revoke_all();
        }
        (
            self.jobs.take(),
            errands,
            std::mem::take(&mut self.early_ends),
        )
    }

    /// Whether the start of `run` is on an errand.
    pub(super) fn is_on_errand(&self, run: Run) -> bool {
        self.errands
            .iter()
            .any(|errand| errand.runs().any(|job| job == run))
    }

    /// What the shutdown did so far, and who still runs.
    pub(super) fn take_report(&mut self) -> Report {
        let mut report = std::mem::take(&mut self.report);
        for former in self.abandoned.values() {
            if former.has_ended() {
                report.killed += 1;
            } else {
                report.abandoned.push(former.id.to_string());
            }
        }
        report.abandoned.sort_unstable();
        report
    }

    pub(super) fn furnish(&mut self, key: u32, slot: Slot) {
        let key = key as usize;
        if self.slots.len() <= key {
            self.slots.resize_with(key + 1, || None);
        }
        if let Some(place) = self.slots.get_mut(key) {
            *place = Some(slot);
        }
    }
}

impl Shared {
    pub(super) fn new(settings: Settings) -> Arc<Self> {
        let state = State {
            engine: Engine::new(settings.flags.clone(), rand::random::<f64>),
            slots: Vec::new(),
            pids: HashMap::new(),
            jobs: None,
            errands: Vec::new(),
            early_ends: HashMap::new(),
            early_words: Vec::new(),
            abandoned: HashMap::new(),
            initial: settings.children.iter().cloned().map(Some).collect(),
            life: 0,
            ends: 0,
            exit: None,
            wanted_down: None,
            ending_since: None,
            report: Report::default(),
            deeds: 0,
            ended_with: None,
        };
        Arc::new(Self {
            inbox: Mutex::default(),
            state: Mutex::new(state),
            settings,
            home: OnceLock::new(),
            branch: Arc::default(),
            events: OnceLock::new(),
            root: AtomicBool::new(false),
            ended: watch::Sender::new(None),
        })
    }

    /// The system the supervisor belongs to; `None` before its first start.
    pub(crate) fn home(&self) -> Option<&Arc<Core>> {
        self.home.get()
    }

    /// Makes `home` the supervisor's system; false if it has another already.
    pub(super) fn settle_in(&self, home: &Arc<Core>) -> bool {
        Arc::ptr_eq(self.home.get_or_init(|| Arc::clone(home)), home)
    }

    /// A new life is about to begin. Inputs may come from now on; what the parent wanted of the one before has been settled.
    pub(super) fn reopen(&self) {
        let mut inbox = self.inbox.lock();
        inbox.closed = false;
        inbox
            .queue
            .retain(|input| !matches!(input, Input::FromParent(_)));
    }

    /// How long it may take to end once it [hurries](super::Wish::Hurry), the work itself apart: the grace of its workers, or the
    /// time of a supervisor below it, the grace for that one to end by itself and the grace after it is killed.
    pub(super) fn hurry_time(&self) -> Duration {
        let grace = self.settings.flags.kill_grace;
        let below = self.nested().into_iter().map(|nested| {
            let time = nested.shared().hurry_time();
            time.saturating_add(grace).saturating_add(grace)
        });
        below.max().unwrap_or(grace)
    }

    /// What was done to end, here and below.
    pub(super) fn deeds(&self) -> u64 {
        let below = self.nested();
        let below = below.iter().map(|nested| nested.shared().deeds());
        below.fold(self.state.lock().deeds, u64::wrapping_add)
    }

    /// The supervisors among the children.
    fn nested(&self) -> Vec<SupervisorRef> {
        let state = self.state.lock();
        let slots = state.slots.iter().flatten();
        slots.filter_map(|slot| slot.nested.clone()).collect()
    }

    pub(super) fn is_root(&self) -> bool {
        self.root.load(Ordering::Acquire)
    }

    pub(super) fn set_root(&self) {
        self.root.store(true, Ordering::Release);
    }

    /// Puts an input in line and wakes the supervisor. Dropped if the supervisor has ended for good.
    pub(crate) fn push(&self, input: Input) {
        // A refused input is dropped outside the lock: dropping may run user code.
        let _refused = self.try_push(input);
    }

    /// Puts a command in line.
    pub(super) fn submit(&self, input: Input) -> Result<(), CommandError> {
        self.try_push(input).map_err(|(_, error)| error)
    }

    fn try_push(&self, input: Input) -> Result<(), (Input, CommandError)> {
        let mut inbox = self.inbox.lock();
        if inbox.closed || self.home.get().is_some_and(|home| home.is_down()) {
            return Err((input, CommandError::Closed));
        }
        if input.is_command() {
            if inbox.commands >= COMMANDS_MAX {
                return Err((input, CommandError::Overloaded { max: COMMANDS_MAX }));
            }
            inbox.commands += 1;
        }
        inbox.queue.push_back(input);
        if inbox.scheduled {
            return Ok(());
        }
        if let Some(cell) = &inbox.cell {
            // A dying actor refuses; its successor looks into the queue first thing.
            inbox.scheduled = cell.send_message(Signal::Wake).is_ok();
        }
        Ok(())
    }

    pub(super) fn emit(&self, event: &Event) {
        if let Some(events) = self.events.get() {
            // Nobody may be listening any more.
            let _ = events.send(event.clone());
        }
        self.branch.tell(event);
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events
            .get_or_init(|| broadcast::Sender::new(EVENTS_MAX))
            .subscribe()
    }

    /// Makes the clock bring `target` back after `wait`.
    pub(super) fn arm(&self, wait: Duration, target: Target) {
        self.arm_at(Instant::now() + wait, target);
    }

    pub(super) fn arm_at(&self, due: Instant, target: Target) {
        if let Some(home) = self.home() {
            home.clock().arm(due, target);
        }
    }

    /// The parent has no actor left behind this supervisor and expects none: it has ended for good.
    pub(super) fn close_as_it_ended(&self) {
        let reason = self.state.lock().ended_with.take();
        self.close(&reason.unwrap_or(ExitReason::Shutdown));
    }

    /// Ends for good: everything that waits is answered, here and below.
    pub(crate) fn close(&self, reason: &ExitReason) {
        let left = {
            let mut inbox = self.inbox.lock();
            inbox.closed = true;
            inbox.cell = None;
            inbox.commands = 0;
            std::mem::take(&mut inbox.queue)
        };
        drop(left);
        let released = {
            let mut state = self.state.lock();
            state.wanted_down = None;
            let errands = state.revoke_errands();
            state.engine.answer_all();
            super::answer::flush_replies(&mut state);
            let slots = state.slots.iter_mut().flatten();
            let handed: Vec<_> = slots.filter_map(|slot| slot.handed.take()).collect();
            (errands, handed)
        };
        // User code runs when these are dropped.
        drop(released);
        for supervisor in self.nested() {
            supervisor.shared().close(reason);
        }
        self.ended.send_replace(Some(reason.clone()));
    }
}
