//! What can go wrong with a specification, a start, a command.

use std::time::Duration;

use ractor::SpawnErr;

use crate::{ChildId, ExitReason};

/// Why a specification is refused, before anything was started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// A name is an empty text.
    #[error("a child has an empty name")]
    EmptyId,
    /// Two children have the same name.
    #[error("child {id} is specified twice")]
    DuplicateId {
        /// The name.
        id: ChildId,
    },
    /// A significant child must be able to end for good.
    #[error("child {id} is significant and permanent, so it would never end by itself")]
    SignificantPermanent {
        /// The child.
        id: ChildId,
    },
    /// A significant child under a supervisor without auto-shutdown.
    #[error("child {id} is significant, but its supervisor never shuts itself down")]
    SignificantWithoutAutoShutdown {
        /// The child.
        id: ChildId,
    },
    /// A supervisor that waits for significant children and has none.
    #[error("the supervisor shuts down with its significant children, but has none")]
    AutoShutdownWithoutSignificant,
    /// A shutdown limit of zero; that is `Shutdown::BrutalKill`.
    #[error("child {id} has no time to shut down; brutal kill says that better")]
    ZeroShutdown {
        /// The child.
        id: ChildId,
    },
    /// A period, a deadline or a limit is zero where that makes no sense, or larger than a year.
    #[error("{what} is {value:?}; it must be more than zero and at most a year")]
    OutOfRange {
        /// Which setting.
        what: &'static str,
        /// Its value.
        value: Duration,
    },
    /// More restarts allowed than [`Intensity::RESTARTS_MAX`](crate::Intensity::RESTARTS_MAX).
    #[error("{restarts} restarts per period are more than the maximum of {max}")]
    IntensityTooLarge {
        /// The number asked for.
        restarts: u32,
        /// The largest allowed.
        max: u32,
    },
    /// The waiting time's bound starts above its cap.
    #[error("the backoff starts at {base:?}, above its cap of {cap:?}")]
    BackoffAboveCap {
        /// The first bound.
        base: Duration,
        /// The cap.
        cap: Duration,
    },
}

/// Why a child's start function did not give a running actor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The start failed.
    #[error("start failed: {0}")]
    Failed(String),
    /// The start panicked.
    #[error("start panicked: {0}")]
    Panicked(String),
    /// The child does not want to run now. Not a failure: a static supervisor keeps it in its table, not running.
    #[error("the child does not want to run")]
    Ignore,
}

impl StartError {
    pub(crate) fn into_reason(self) -> ExitReason {
        match self {
            Self::Failed(text) => ExitReason::StartFailed(text),
            Self::Panicked(text) => ExitReason::Panicked(text),
            Self::Ignore => ExitReason::Normal,
        }
    }
}

impl From<SpawnErr> for StartError {
    fn from(error: SpawnErr) -> Self {
        match error {
            SpawnErr::StartupFailed(cause) => match ExitReason::from_error(&cause) {
                ExitReason::Panicked(text) => Self::Panicked(text),
                ExitReason::StartFailed(text) | ExitReason::Failed(text) => Self::Failed(text),
                other => Self::Failed(other.to_string()),
            },
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<String> for StartError {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

/// Why a command to a supervisor was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no such child.
    #[error("no child {id}")]
    NotFound {
        /// The name asked for.
        id: ChildId,
    },
    /// A child of that name runs already.
    #[error("child {id} runs already")]
    AlreadyStarted {
        /// The name.
        id: ChildId,
    },
    /// A child of that name is in the table, not running: restart or delete it.
    #[error("child {id} is known already, not running")]
    AlreadyPresent {
        /// The name.
        id: ChildId,
    },
    /// The child runs (or is starting or stopping).
    #[error("child {id} is running")]
    Running {
        /// The name.
        id: ChildId,
    },
    /// The child waits for its next restart.
    #[error("child {id} is being restarted")]
    Restarting {
        /// The name.
        id: ChildId,
    },
    /// The specification makes no sense.
    #[error("invalid specification")]
    Spec(#[from] SpecError),
    /// The child did not get through its start.
    #[error("child {id} did not start: {reason}")]
    StartFailed {
        /// The name.
        id: ChildId,
        /// Why.
        reason: ExitReason,
    },
    /// The child's start function said that it does not want to run.
    #[error("child {id} does not want to run")]
    Ignored {
        /// The name.
        id: ChildId,
    },
    /// The child was terminated before its start was over.
    #[error("child {id} was terminated while it was starting")]
    Terminated {
        /// The name.
        id: ChildId,
    },
    /// The supervisor is shutting down or has ended for good.
    #[error("the supervisor has ended")]
    Closed,
    /// Too many commands wait already. Worth another try later.
    #[error("{max} commands are waiting already")]
    Overloaded {
        /// The limit.
        max: usize,
    },
}

impl CommandError {
    /// Whether the same command may succeed later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Overloaded { .. } | Self::Restarting { .. })
    }
}
