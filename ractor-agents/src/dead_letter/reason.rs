//! Why a message was not handled.

use std::sync::Arc;

use crate::budget::BudgetExhausted;

/// Why a message was not handled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The handler was past its deadline and was killed, or cut off where it could not be killed: then it may still be
    /// running.
    #[error("the handler missed its deadline")]
    Deadline,
    /// The agent was killed while it handled the message.
    #[error("the agent was killed")]
    Killed,
    /// The handler panicked.
    #[error("the handler panicked")]
    Panicked,
    /// The handler gave up, in its own words.
    #[error("the handler failed: {0}")]
    Failed(Arc<str>),
    /// The same content has crashed the agent too often.
    #[error("quarantined: the same content has crashed the agent before")]
    Quarantined,
    /// Its time to live was over before a handler began.
    #[error("the message expired in line")]
    Expired,
    /// The time of its budget was over, or the handler could not go on without more of something.
    #[error(transparent)]
    BudgetExhausted(Box<BudgetExhausted>),
    /// A router found nobody for what was asked for, and was [told to](crate::routing::WhenNobody::DeadLetter) put it here.
    #[error("nobody for {0}")]
    NoCandidate(Arc<str>),
    /// The asker lost patience.
    #[error("the asker lost patience")]
    Patience,
    /// The asker went away.
    #[error("the asker went away")]
    AskerGone,
    /// It had to make room, or found none.
    #[error("shed: the lane is full")]
    Shed,
    /// The same message had been accepted within the window.
    #[error("a duplicate of a message accepted before")]
    Duplicate,
    /// The agent stopped, or its supervisor gave it up, before a handler began.
    #[error("the agent ended")]
    Stopped,
}

/// The ends an accepted message can come to without being handled, as the accounting counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Failed,
    Expired,
    Deduplicated,
    Shed,
    Cancelled,
    /// Back to the queue that it was from.
    Moved,
}

impl Reason {
    pub(crate) fn budget(exhausted: BudgetExhausted) -> Self {
        Self::BudgetExhausted(Box::new(exhausted))
    }

    /// Whether another attempt makes any sense.
    pub(crate) fn may_retry(&self) -> bool {
        !matches!(
            self,
            Self::Patience | Self::AskerGone | Self::BudgetExhausted(_)
        )
    }

    /// The end that this is a reason for, given whether a handler had begun.
    pub(crate) fn end(&self, begun: bool) -> End {
        match self {
            Self::Patience if begun => End::Cancelled,
            Self::BudgetExhausted(_) if begun => End::Failed,
            Self::Expired | Self::Patience | Self::BudgetExhausted(_) => End::Expired,
            Self::AskerGone => End::Cancelled,
            Self::Shed => End::Shed,
            Self::Duplicate => End::Deduplicated,
            Self::Deadline
            | Self::Killed
            | Self::Panicked
            | Self::Failed(_)
            | Self::Quarantined
            | Self::NoCandidate(_)
            | Self::Stopped => End::Failed,
        }
    }

    /// A short constant name, for metrics and filters.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Killed => "killed",
            Self::Panicked => "panicked",
            Self::Failed(_) => "failed",
            Self::Quarantined => "quarantined",
            Self::Expired => "expired",
            Self::BudgetExhausted(_) => "budget_exhausted",
            Self::NoCandidate(_) => "no_candidate",
            Self::Patience => "patience",
            Self::AskerGone => "asker_gone",
            Self::Shed => "shed",
            Self::Duplicate => "duplicate",
            Self::Stopped => "stopped",
        }
    }
}

impl End {
    /// Whether messages that end so go to the dead letters.
    pub(crate) fn is_dead_lettered(self) -> bool {
        matches!(self, Self::Failed | Self::Expired | Self::Shed)
    }
}
