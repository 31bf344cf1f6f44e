//! What can go wrong with subscriptions and publications.

use std::fmt;

use super::NameError;
use crate::agent::AgentId;
use crate::budget::BudgetExhausted;

/// Why an agent was not subscribed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The pattern is none.
    #[error(transparent)]
    Pattern(#[from] NameError),
    /// The agent has ended.
    #[error("{agent} has ended")]
    AgentEnded {
        /// Who was to be subscribed.
        agent: AgentId,
    },
    /// The agent is of another swarm than the topics.
    #[error("{agent} is of another swarm")]
    OtherSwarm {
        /// Who was to be subscribed.
        agent: AgentId,
    },
    /// The topics have ended with their swarm.
    #[error("the topics have ended with their swarm")]
    Ended,
}

/// Why a message was published to nobody. It comes back.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PublishError<M> {
    /// The subject is none.
    #[error("{error}")]
    Subject {
        /// What is wrong with it.
        error: NameError,
        /// The message.
        message: Box<M>,
    },
    /// Its budget does not allow that it is sent.
    #[error("the message was published to nobody: {exhausted}")]
    BudgetExhausted {
        /// What has come to an end, and where.
        #[source]
        exhausted: Box<BudgetExhausted>,
        /// The message.
        message: Box<M>,
    },
    /// The topics have ended with their swarm.
    #[error("the topics have ended with their swarm")]
    Ended(Box<M>),
}

impl<M> PublishError<M> {
    /// The message, to publish it again.
    pub fn into_message(self) -> M {
        match self {
            Self::Subject { message, .. }
            | Self::BudgetExhausted { message, .. }
            | Self::Ended(message) => *message,
        }
    }
}

// By hand, so that messages need no `Debug` and do not end up in logs.
impl<M> fmt::Debug for PublishError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublishError({self})")
    }
}
