//! Supervisors: the settings, the handle, and the actor that carries out what the engine decides.

mod answer;
mod carry;
mod drive;
mod errand;
mod input;
mod reference;
mod shared;
mod shell;
mod survey;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::runtime::Handle;

pub(crate) use errand::Errand;
pub(crate) use input::{Input, Reply, Wish};
pub use reference::SupervisorRef;
pub(crate) use shared::Shared;
pub(crate) use shell::Shell;

use crate::engine::{Counting, Flags};
use crate::shutdown::{ABANDONED_MAX, KILL_GRACE, START_DEADLINE};
use crate::{AutoShutdown, Backoff, ChildSpec, Intensity, SpecError, Strategy};

/// Everything a supervisor is made from.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) flags: Flags,
    pub(crate) children: Vec<ChildSpec>,
    pub(crate) children_on: Option<Handle>,
}

impl Settings {
    pub(crate) fn new(flags: Flags) -> Self {
        Self {
            flags,
            children: Vec::new(),
            children_on: None,
        }
    }
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            intensity: Intensity::default(),
            counting: Counting::default(),
            auto_shutdown: AutoShutdown::default(),
            backoff: Backoff::default(),
            dynamic: false,
            forget_given_up: false,
            kill_grace: KILL_GRACE,
            start_deadline: START_DEADLINE,
            abandoned_max: ABANDONED_MAX,
        }
    }
}

/// Builds a static supervisor: children named beforehand, started in order, stopped in reverse order.
///
/// More children may be added while it runs; they come last.
///
/// As in OTP, a child whose first start fails keeps the whole supervisor from starting.
#[derive(Clone, Debug)]
pub struct Supervisor {
    settings: Settings,
}

impl Supervisor {
    /// A supervisor of the given strategy, without children yet.
    pub fn new(strategy: Strategy) -> Self {
        Self {
            settings: Settings::new(Flags {
                strategy,
                ..Flags::default()
            }),
        }
    }

    /// Only the child that failed is restarted.
    pub fn one_for_one() -> Self {
        Self::new(Strategy::OneForOne)
    }

    /// All children are restarted when one fails.
    pub fn one_for_all() -> Self {
        Self::new(Strategy::OneForAll)
    }

    /// The child that failed and all after it are restarted.
    pub fn rest_for_one() -> Self {
        Self::new(Strategy::RestForOne)
    }

    /// Adds a child; children start in the order in which they are added.
    pub fn child(mut self, spec: ChildSpec) -> Self {
        self.settings.children.push(spec);
        self
    }

    /// How often children may be restarted, all together. Default: 1 in 5 s.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.settings.flags.intensity = intensity;
        self
    }

    /// The waits between restarts of a child.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.settings.flags.backoff = backoff;
        self
    }

    /// When significant children shut the supervisor down. Default: never.
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.settings.flags.auto_shutdown = auto_shutdown;
        self
    }

    /// How long a killed child may take to end. Default: [`KILL_GRACE`].
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.settings.flags.kill_grace = grace;
        self
    }

    /// How long a child may take to start. Default: [`START_DEADLINE`].
    pub fn start_deadline(mut self, deadline: Duration) -> Self {
        self.settings.flags.start_deadline = deadline;
        self
    }

    /// How many abandoned children are borne before the supervisor escalates. Default: [`ABANDONED_MAX`].
    pub fn abandoned_max(mut self, max: usize) -> Self {
        self.settings.flags.abandoned_max = max;
        self
    }

    /// The runtime children run on unless they name one. Default: the supervisor's own.
    pub fn children_on(mut self, runtime: Handle) -> Self {
        self.settings.children_on = Some(runtime);
        self
    }

    /// Makes the supervisor's handle. It takes commands at once and carries them out when the supervisor is started.
    pub fn into_ref(self) -> SupervisorRef {
        SupervisorRef::new(self.settings)
    }

    /// Checks the settings and all children, without starting anything.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn validate(&self) -> Result<(), SpecError> {
        self.settings.validate()
    }
}

impl From<Supervisor> for SupervisorRef {
    fn from(supervisor: Supervisor) -> Self {
        supervisor.into_ref()
    }
}
