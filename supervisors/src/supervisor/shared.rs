//! What a supervisor is apart from its actor: the table and the queue, which outlive it.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use ractor::ActorCell;
use ractor::actor::messages::BoxedState;
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
use crate::watch::{Target, Watched};
use crate::{ChildSpec, CommandError, Event, ExitReason, Report, Start, Watch};

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
    pub(super) early_ends: HashMap<u64, (ExitReason, Option<BoxedState>)>,
    pub(super) early_words: Vec<Input>,
    /// Former children that survived their kill.
    pub(super) abandoned: HashMap<Run, ActorCell>,
    /// The supervisor's own specification; `None` where a child was deleted.
    pub(super) initial: Vec<Option<ChildSpec>>,
    /// Which life of the supervisor may act. An older one that comes back late does nothing.
    pub(super) life: u64,
    pub(super) exit: Option<Exit>,
    /// A caller wants the supervisor to end; kept over a restart.
    pub(super) wanted_down: Option<ShutdownRequest>,
    pub(super) ending_since: Option<Instant>,
    pub(super) report: Report,
    /// What the actor of the previous life ended with, as the parent saw it.
    pub(super) ended_with: Option<ExitReason>,
}

/// A wish that the supervisor end.
#[derive(Clone, Copy)]
pub(super) struct ShutdownRequest {
    /// After this long everybody who is left is killed.
    pub(super) limit: Option<Duration>,
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

    /// Takes back all starts that have not been made.
    pub(super) fn revoke_errands(&mut self) {
        self.jobs = None;
        self.early_ends.clear();
        self.early_words.clear();
        for errand in self.errands.drain(..) {
            errand.revoke_all();
        }
    }

    /// Whether the start of `run` is on an errand.
    pub(super) fn is_on_errand(&self, run: Run) -> bool {
        self.errands
            .iter()
            .any(|errand| errand.runs().any(|job| job == run))
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
            exit: None,
            wanted_down: None,
            ending_since: None,
            report: Report::default(),
            ended_with: None,
        };
        Arc::new(Self {
            inbox: Mutex::default(),
            state: Mutex::new(state),
            settings,
            home: OnceLock::new(),
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
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events
            .get_or_init(|| broadcast::Sender::new(EVENTS_MAX))
            .subscribe()
    }

    /// Makes the clock bring `target` back after `wait`.
    pub(super) fn arm(&self, wait: Duration, target: Target) {
        if let Some(home) = self.home() {
            home.clock().arm(Instant::now() + wait, target);
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
        let nested: Vec<SupervisorRef> = {
            let mut state = self.state.lock();
            state.wanted_down = None;
            state.revoke_errands();
            state.engine.answer_all();
            super::answer::flush_replies(&mut state);
            state
                .slots
                .iter()
                .flatten()
                .filter_map(|slot| slot.nested.clone())
                .collect()
        };
        for supervisor in nested {
            supervisor.shared().close(reason);
        }
        self.ended.send_replace(Some(reason.clone()));
    }
}
