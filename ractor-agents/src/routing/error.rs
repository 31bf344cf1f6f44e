//! What can go wrong when one talks to whoever can do it.

use std::fmt;
use std::time::Duration;

use super::PassedOver;
use crate::agent::{AgentId, AskError};
use crate::budget::BudgetExhausted;

/// Why a router could not deliver a message, or got no answer.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum RouteError<M> {
    /// Nobody could be given the message, which is in here.
    #[error("{nobody}")]
    NoCandidate {
        /// Why.
        nobody: NoCandidate,
        /// The message.
        message: Box<M>,
    },
    /// Nobody could be given the message, and it is with the dead letters, as the router was
    /// [told](super::WhenNobody::DeadLetter).
    #[error("{0}; the message is with the dead letters")]
    DeadLettered(NoCandidate),
    /// The budget of the message, which is in here, does not allow that it is sent, or its time was over before somebody took it.
    #[error("the message was given to nobody: {exhausted}")]
    BudgetExhausted {
        /// What has come to an end, and where.
        #[source]
        exhausted: Box<BudgetExhausted>,
        /// The message.
        message: Box<M>,
    },
    /// An agent was chosen, and this is what came of it.
    #[error(transparent)]
    Failed(AskError<M>),
    /// The router has ended with its swarm. The message is in here.
    #[error("the router has ended with its swarm")]
    Ended(Box<M>),
}

/// Why nobody could be given a message.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("nobody for {asked} within {waited:?}: {} candidate(s) passed over{}", passed_over.len(), suggestion(nearest))]
#[non_exhaustive]
pub struct NoCandidate {
    /// What was asked for.
    pub asked: String,
    /// How long it was waited for.
    pub waited: Duration,
    /// Those who would have been able to, and why each was passed over. At most 16 of them.
    pub passed_over: Vec<(AgentId, PassedOver)>,
    /// Known names that are like the one that was asked for, the nearest first: perhaps one of them was meant.
    pub nearest: Vec<String>,
}

fn suggestion(nearest: &[String]) -> String {
    if nearest.is_empty() {
        return String::new();
    }
    format!("; known names like it: {}", nearest.join(", "))
}

impl<M> RouteError<M> {
    /// Whether the same call may succeed later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::NoCandidate { .. } => true,
            Self::Failed(error) => error.is_retryable(),
            Self::DeadLettered(_) | Self::BudgetExhausted { .. } | Self::Ended(_) => false,
        }
    }
}

// By hand, so that messages need no `Debug` and do not end up in logs.
impl<M> fmt::Debug for RouteError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RouteError({self})")
    }
}
