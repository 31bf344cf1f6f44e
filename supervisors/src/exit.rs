//! Why a child ended.

use std::fmt;

use ractor::{ActorProcessingErr, SupervisionEvent};

/// Why a child ended.
///
/// ractor reports a kill as an ordinary termination with the text "killed"; here it is what it is: a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExitReason {
    /// It stopped by itself, or drained.
    Normal,
    /// It was asked to stop, or it is a supervisor that shut itself down.
    Shutdown,
    /// It returned an error.
    Failed(String),
    /// It panicked.
    Panicked(String),
    /// It was killed, or the runtime it ran on went away.
    Killed,
    /// It was killed because its work in flight missed a deadline.
    Deadline,
    /// It did not get through its start.
    StartFailed(String),
    /// It is a supervisor that gave up, for the reason in the text.
    Escalated(String),
}

impl ExitReason {
    /// Whether a [`Transient`](crate::Restart::Transient) child is restarted after this.
    pub fn is_failure(&self) -> bool {
        !matches!(self, Self::Normal | Self::Shutdown)
    }

    /// Reads the reason out of ractor's report on an actor that ended; `None` for other events.
    pub fn from_event(event: &SupervisionEvent) -> Option<Self> {
        match event {
            SupervisionEvent::ActorTerminated(_, _, reason) => {
                Some(Self::from_stop(reason.as_deref()))
            }
            SupervisionEvent::ActorFailed(_, error) => Some(Self::from_error(error)),
            _ => None,
        }
    }

    /// Reads the reason ractor gives for an actor that did not fail.
    fn from_stop(reason: Option<&str>) -> Self {
        match reason {
            // Written by ractor 0.16.5 for a kill and for a task dropped with its runtime.
            Some("killed" | "actor_task_cancelled") => Self::Killed,
            Some(SHUTDOWN) => Self::Shutdown,
            _ => Self::Normal,
        }
    }

    /// Reads the reason out of the error an actor failed with.
    pub(crate) fn from_error(error: &ActorProcessingErr) -> Self {
        if let Some(StartFailed(text)) = error.downcast_ref() {
            Self::StartFailed(text.clone())
        } else if let Some(Panicked(text)) = error.downcast_ref() {
            Self::Panicked(text.clone())
        } else if let Some(Escalated(text)) = error.downcast_ref() {
            Self::Escalated(text.clone())
        } else {
            Self::Failed(error.to_string())
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::Failed(text) => write!(f, "failed: {text}"),
            Self::Panicked(text) => write!(f, "panicked: {text}"),
            Self::Killed => f.write_str("killed"),
            Self::Deadline => f.write_str("deadline missed"),
            Self::StartFailed(text) => write!(f, "start failed: {text}"),
            Self::Escalated(text) => write!(f, "escalated: {text}"),
        }
    }
}

/// The stop reason a supervisor gives its children, and leaves with itself after an orderly shutdown.
pub const SHUTDOWN: &str = "shutdown";

/// An actor's error that says: my start is what failed.
///
/// For a child whose first act after a quick `pre_start` is a longer asynchronous start. Failing with this
/// counts as a failed start: right after [`start_child`](crate::SupervisorRef::start_child) the child is removed and not
/// restarted, later it is a failed restart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("start failed: {0}")]
pub struct StartFailed(pub String);

/// An actor's error that says: my handler panicked.
///
/// ractor itself turns a panic into an error that looks like any other. Actors started by
/// [`ChildSpec::actor`](crate::ChildSpec::actor) are told apart with this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("panicked: {0}")]
pub struct Panicked(pub String);

/// The error a supervisor ends with when it gives up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("supervisor gave up: {0}")]
pub(crate) struct Escalated(pub(crate) String);

/// The text of a panic, for an actor that catches its own to fail with [`Panicked`].
pub fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a text".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_a_failure_whatever_ractor_calls_it() {
        assert_eq!(ExitReason::from_stop(Some("killed")), ExitReason::Killed);
        assert_eq!(
            ExitReason::from_stop(Some("actor_task_cancelled")),
            ExitReason::Killed
        );
        assert!(ExitReason::Killed.is_failure());
        assert!(ExitReason::Deadline.is_failure());
    }

    #[test]
    fn a_stop_is_normal_with_or_without_a_reason() {
        for reason in [None, Some("Drained"), Some("done for today")] {
            assert_eq!(ExitReason::from_stop(reason), ExitReason::Normal);
        }
        assert_eq!(
            ExitReason::from_stop(Some("shutdown")),
            ExitReason::Shutdown
        );
        assert!(!ExitReason::Shutdown.is_failure());
    }

    #[test]
    fn typed_errors_keep_their_kind() {
        let error: ActorProcessingErr = Box::new(Panicked("boom".into()));
        assert_eq!(
            ExitReason::from_error(&error),
            ExitReason::Panicked("boom".into())
        );
        let error: ActorProcessingErr = Box::new(StartFailed("no disk".into()));
        assert_eq!(
            ExitReason::from_error(&error),
            ExitReason::StartFailed("no disk".into())
        );
        let error: ActorProcessingErr = "plain".into();
        assert_eq!(
            ExitReason::from_error(&error),
            ExitReason::Failed("plain".into())
        );
    }
}
