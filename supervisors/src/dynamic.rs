//! Supervisors for very many children of no fixed number.

use std::time::Duration;

use tokio::runtime::Handle;

use crate::engine::{Counting, Flags};
use crate::spec::{check_backoff, check_duration, check_intensity};
use crate::supervisor::{Settings, SupervisorRef};
use crate::{AutoShutdown, Backoff, Intensity, SpecError, Strategy};

/// Builds a dynamic supervisor: children come and go, each is on its own (`one_for_one`), 100,000 of them are fine.
///
/// It starts empty. Children start and stop concurrently. A child that has ended for good is forgotten.
///
/// The restart intensity counts per child: a child that exceeds it is given up, stays in the table, not running, and an
/// [`Event::GaveUp`](crate::Event::GaveUp) says so; the supervisor lives on. [`counting`](Self::counting) chooses OTP's rule instead.
#[derive(Clone, Debug)]
pub struct DynamicSupervisor {
    settings: Settings,
}

impl DynamicSupervisor {
    /// A dynamic supervisor with the defaults.
    pub fn new() -> Self {
        let flags = Flags {
            dynamic: true,
            counting: Counting::PerChild,
            strategy: Strategy::OneForOne,
            ..Flags::default()
        };
        Self {
            settings: Settings::new(flags),
        }
    }

    /// How often a child may be restarted. Default: 1 in 5 s. A child's own setting goes first.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.settings.flags.intensity = intensity;
        self
    }

    /// Whose restarts are counted. Default: [`Counting::PerChild`].
    pub fn counting(mut self, counting: Counting) -> Self {
        self.settings.flags.counting = counting;
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

    /// Whether a child that is given up leaves the table too, for owners that keep their own books. Default: it stays.
    pub fn forget_given_up(mut self, forget: bool) -> Self {
        self.settings.flags.forget_given_up = forget;
        self
    }

    /// How long a killed child may take to end. Default: [`KILL_GRACE`](crate::KILL_GRACE).
    pub fn kill_grace(mut self, grace: Duration) -> Self {
        self.settings.flags.kill_grace = grace;
        self
    }

    /// How long a child may take to start. Default: [`START_DEADLINE`](crate::START_DEADLINE).
    pub fn start_deadline(mut self, deadline: Duration) -> Self {
        self.settings.flags.start_deadline = deadline;
        self
    }

    /// How many abandoned children are borne before the supervisor escalates. Default: [`ABANDONED_MAX`](crate::ABANDONED_MAX).
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

    /// Checks the settings.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn validate(&self) -> Result<(), SpecError> {
        self.settings.validate()
    }
}

impl Default for DynamicSupervisor {
    fn default() -> Self {
        Self::new()
    }
}

impl From<DynamicSupervisor> for SupervisorRef {
    fn from(supervisor: DynamicSupervisor) -> Self {
        supervisor.into_ref()
    }
}

impl Settings {
    pub(crate) fn validate(&self) -> Result<(), SpecError> {
        check_intensity(self.flags.intensity)?;
        check_backoff(self.flags.backoff)?;
        check_duration("the grace after a kill", self.flags.kill_grace)?;
        check_duration("the start deadline", self.flags.start_deadline)?;
        if self.flags.dynamic {
            Ok(())
        } else {
            crate::validate_specs(&self.children, self.flags.auto_shutdown)
        }
    }
}
