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
    #[error(transparent)]
    NoCandidate(NoCandidate<M>),
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

/// Nobody could be given a message.
#[derive(thiserror::Error)]
#[error("nobody for {asked} within {waited:?}: {} candidate(s) passed over{}", passed_over.len(), suggestion(nearest))]
#[non_exhaustive]
pub struct NoCandidate<M> {
    /// What was asked for.
    pub asked: String,
    /// How long it was waited for.
    pub waited: Duration,
    /// Those who would have been able to, and why each was passed over. At most 16 of them.
    pub passed_over: Vec<(AgentId, PassedOver)>,
    /// Known names that are like the one that was asked for, the nearest first: perhaps one of them was meant.
    pub nearest: Vec<String>,
    /// The message.
    pub message: Box<M>,
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
            Self::NoCandidate(_) => true,
            Self::Failed(error) => error.is_retryable(),
            Self::BudgetExhausted { .. } | Self::Ended(_) => false,
        }
    }
}

// By hand, so that messages need no `Debug` and do not end up in logs.
impl<M> fmt::Debug for NoCandidate<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoCandidate")
            .field("asked", &self.asked)
            .field("waited", &self.waited)
            .field("passed_over", &self.passed_over)
            .field("nearest", &self.nearest)
            .finish_non_exhaustive()
    }
}

impl<M> fmt::Debug for RouteError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RouteError({self})")
    }
}
