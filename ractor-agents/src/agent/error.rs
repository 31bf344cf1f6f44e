//! What can go wrong when one talks to an agent.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::AgentId;
use crate::budget::BudgetExhausted;
use crate::dead_letter::Reason;
use crate::mailbox::Refusal;

/// A message that was turned away. It was never accepted: here it is back.
pub struct TellError<M> {
    /// Whose mailbox it was.
    pub agent: AgentId,
    /// Why.
    pub refusal: Refusal,
    /// The message.
    pub message: Box<M>,
}

impl<M> TellError<M> {
    /// The message, to send it again.
    pub fn into_message(self) -> M {
        *self.message
    }

    /// Whether the same call may succeed later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        self.refusal.is_retryable()
    }
}

/// Why an `ask` got no answer.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum AskError<M> {
    /// The message was turned away, and is in here.
    #[error(transparent)]
    Refused(TellError<M>),
    /// No answer within the ask's patience, or no attempt was done by the handler's deadline. Queued work was withdrawn;
    /// a handler that was at it was killed, except where it could not be: then it may still be running.
    #[error("{agent} did not answer within {waited:?}")]
    Timeout {
        /// Who was asked.
        agent: AgentId,
        /// How long the asker waited.
        waited: Duration,
    },
    /// The same message had been accepted within the window; the earlier one goes on.
    #[error("{agent} has accepted the same message before")]
    Duplicate {
        /// Who was asked.
        agent: AgentId,
    },
    /// Its time to live was over before a handler began.
    #[error("the message expired in line at {agent}")]
    Expired {
        /// Who was asked.
        agent: AgentId,
    },
    /// It had to make room, or found none.
    #[error("{agent} shed the message: its lane is full")]
    Shed {
        /// Who was asked.
        agent: AgentId,
    },
    /// No attempt succeeded. The message is with the dead letters.
    #[error("{agent} gave up after {attempts} attempt(s): {reason}")]
    Failed {
        /// Who was asked.
        agent: AgentId,
        /// How many times a handler had begun.
        attempts: u16,
        /// Why the last one ended.
        reason: Reason,
    },
    /// The asker would have waited for itself: the agent waits for another, that one perhaps for a third, and so on back to the
    /// asker, all of them by an `ask` that their handlers wait for and for nothing else. The message was withdrawn. The others are
    /// answered when the asker goes on.
    #[error("asking {agent} would wait for itself: {}", circle(cycle))]
    Deadlock {
        /// Who was asked.
        agent: AgentId,
        /// Who waits for whom: the asker, who was asked, and so on; the last waits for the asker.
        cycle: Vec<AgentId>,
    },
    /// The budget of the message has come to an end: its time was over before there was an answer, or some agent on the way, the last
    /// of the path, could not go on without more of something.
    #[error("{agent} did not answer: {exhausted}")]
    BudgetExhausted {
        /// Who was asked.
        agent: AgentId,
        /// What has come to an end, and where.
        #[source]
        exhausted: Box<BudgetExhausted>,
    },
    /// The agent ended before a handler began, or its supervisor gave it up.
    #[error("{agent} ended without an answer")]
    Stopped {
        /// Who was asked.
        agent: AgentId,
    },
}

impl<M> AskError<M> {
    pub(crate) fn from_reason(
        agent: AgentId,
        reason: Reason,
        attempts: u16,
        waited: Duration,
    ) -> Self {
        match reason {
            Reason::Patience | Reason::Deadline => Self::Timeout { agent, waited },
            Reason::Duplicate => Self::Duplicate { agent },
            Reason::Expired => Self::Expired { agent },
            Reason::Shed => Self::Shed { agent },
            Reason::BudgetExhausted(exhausted) => Self::BudgetExhausted { agent, exhausted },
            Reason::Stopped | Reason::AskerGone => Self::Stopped { agent },
            reason @ (Reason::Killed
            | Reason::Panicked
            | Reason::Failed(_)
            | Reason::NoCandidate(_)
            | Reason::Quarantined) => Self::Failed {
                agent,
                attempts,
                reason,
            },
        }
    }

    /// Who was asked.
    pub fn agent(&self) -> AgentId {
        match self {
            Self::Refused(refused) => refused.agent,
            Self::Timeout { agent, .. }
            | Self::Duplicate { agent }
            | Self::Expired { agent }
            | Self::Shed { agent }
            | Self::Failed { agent, .. }
            | Self::Deadlock { agent, .. }
            | Self::BudgetExhausted { agent, .. }
            | Self::Stopped { agent } => *agent,
        }
    }

    /// Whether asking again may succeed without anyone changing anything. After [`Timeout`](Self::Timeout) and
    /// [`Failed`](Self::Failed) a handler had begun, so that asking again may do the work twice.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.is_retryable(),
            Self::Timeout { .. } | Self::Expired { .. } | Self::Shed { .. } => true,
            Self::Failed { reason, .. } => !matches!(reason, Reason::Quarantined),
            // The same handler would be told the same again.
            Self::Deadlock { .. }
            | Self::BudgetExhausted { .. }
            | Self::Duplicate { .. }
            | Self::Stopped { .. } => false,
        }
    }
}

/// `a#1 -> b#2 -> a#1`.
fn circle(agents: &[AgentId]) -> String {
    let closed = agents.iter().chain(agents.first());
    closed
        .map(AgentId::to_string)
        .collect::<Vec<_>>()
        .join(" -> ")
}

impl<M> fmt::Display for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { agent, refusal, .. } = self;
        write!(f, "{agent} did not take the message: {refusal}")
    }
}

// By hand: only of a budget is it to be found out that all goes back to it.
impl<M> Error for TellError<M> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.refusal {
            Refusal::BudgetExhausted(exhausted) => Some(&**exhausted),
            _ => None,
        }
    }
}

// By hand, so that messages need no `Debug` and do not end up in logs.
impl<M> fmt::Debug for TellError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TellError")
            .field("agent", &self.agent)
            .field("refusal", &self.refusal)
            .finish_non_exhaustive()
    }
}

impl<M> fmt::Debug for AskError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AskError({self})")
    }
}
