//! What a supervisor decides, without any actor: events in, effects out.
//!
//! ```text
//!   command, start result, exit, timer ──▶ Engine ──▶ Effect: start, stop, kill, arm a timer, reply, end
//! ```
//!
//! The engine keeps the table of children and one [`Plan`]: what the supervisor is in the middle of. Static supervisors start and stop
//! their children one after the other, so a start, a group restart and a shutdown are plans; commands and exits that come in
//! meanwhile are put off, as OTP's supervisor leaves them in its mailbox. Waiting for a backoff is not a plan: commands and
//! a shutdown get through.
//!
//! **Invariant:** nothing here waits, spawns, locks or reads a clock; `now` is an argument.

mod begin;
mod command;
mod effect;
mod exits;
mod force;
mod plan;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

pub(crate) use command::Command;
pub use command::{ChildInfo, ChildState, Counts};
pub(crate) use effect::{Effect, Exit, Outcome, Timer};
pub(crate) use table::{Policy, Run, Tuning};

use crate::intensity::Window;
use crate::{AutoShutdown, Backoff, ChildId, Event, ExitReason, Intensity, Strategy};
use command::Deferred;
use plan::Plan;
use table::{Child, Phase, Table};

/// The settings of a supervisor.
#[derive(Clone, Debug)]
pub(crate) struct Flags {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: Intensity,
    pub(crate) counting: Counting,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) backoff: Backoff,
    /// A dynamic supervisor starts and stops its children at once, and forgets those that have ended for good.
    pub(crate) dynamic: bool,
    /// A child that is given up leaves the table.
    pub(crate) forget_given_up: bool,
    pub(crate) kill_grace: Duration,
    pub(crate) start_deadline: Duration,
    pub(crate) abandoned_max: usize,
}

/// Whose restarts are counted against the intensity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Counting {
    /// All children's together; past it the supervisor escalates. OTP's rule.
    #[default]
    PerSupervisor,
    /// Each child's alone; past it that child is given up and the supervisor lives on.
    PerChild,
}

/// How the supervisor's previous life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Past {
    /// There was none.
    None,
    /// It ended by itself: its children were stopped first.
    Ended,
    /// It is going on, or it was killed.
    Alive,
}

pub(crate) struct Engine<R> {
    flags: Flags,
    table: Table,
    window: Window,
    plan: Plan,
    deferred: VecDeque<Deferred<R>>,
    waiters: HashMap<u32, Vec<R>>,
    effects: VecDeque<Effect<R>>,
    abandoned: usize,
    past: Past,
    life: u64,
    /// Distinguishes group restarts that wait for their backoff.
    held: u32,
    /// A shutdown past its limit: workers are killed, supervisors hurry too.
    hurry: bool,
    jitter: fn() -> f64,
}

impl<R> Engine<R> {
    pub(crate) fn new(flags: Flags, jitter: fn() -> f64) -> Self {
        Self {
            flags,
            table: Table::default(),
            window: Window::default(),
            plan: Plan::Open,
            deferred: VecDeque::new(),
            waiters: HashMap::new(),
            effects: VecDeque::new(),
            abandoned: 0,
            past: Past::None,
            life: 0,
            held: 0,
            hurry: false,
            jitter,
        }
    }

    pub(crate) fn flags(&self) -> &Flags {
        &self.flags
    }

    pub(crate) fn next_effect(&mut self) -> Option<Effect<R>> {
        self.effects.pop_front()
    }

    /// Whether the supervisor has ended by itself and is about to start anew.
    pub(crate) fn has_ended(&self) -> bool {
        self.past == Past::Ended
    }

    /// How many former children survived their kill and still run.
    pub(crate) fn abandoned(&self) -> usize {
        self.abandoned
    }

    pub(crate) fn find(&self, id: &ChildId) -> Option<u32> {
        self.table.find(id)
    }

    /// Whether `run` is what its child is doing now, not an earlier life of it.
    pub(crate) fn is_current(&self, run: Run) -> bool {
        self.table.run(run).is_some()
    }

    /// Whether this start is not over yet.
    pub(crate) fn is_starting(&self, run: Run) -> bool {
        self.table
            .run(run)
            .is_some_and(|child| child.phase == Phase::Starting)
    }

    /// What a start function is told: the child's name, how often it was started, why again, and whether on the relief runtime.
    pub(crate) fn start_facts(&mut self, run: Run) -> Option<StartFacts> {
        let child = self
            .table
            .run_mut(run)
            .filter(|child| child.phase == Phase::Starting)?;
        Some(StartFacts {
            id: child.id.clone(),
            incarnation: child.incarnation,
            reason: child
                .trouble
                .as_mut()
                .and_then(|trouble| trouble.reason.clone()),
            relief: std::mem::take(&mut child.relief),
        })
    }

    fn emit(&mut self, event: Event) {
        self.effects.push_back(Effect::Emit(event));
    }

    fn reply_all(&mut self, key: u32, outcome: &Outcome) {
        for reply in self.waiters.remove(&key).unwrap_or_default() {
            self.effects
                .push_back(Effect::Reply(reply, outcome.clone()));
        }
    }
}

/// What a start function is told about its child.
pub(crate) struct StartFacts {
    pub(crate) id: ChildId,
    pub(crate) incarnation: u64,
    pub(crate) reason: Option<ExitReason>,
    pub(crate) relief: bool,
}
