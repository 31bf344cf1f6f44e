//! Why a mailbox turned a message away.

use std::time::Duration;

use crate::budget::BudgetExhausted;
use crate::message::Priority;
use crate::queue;

/// Why a mailbox turned a message away. It was never accepted, and its sender has it back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The agent has stopped or is stopping for good; a restart keeps the mailbox open.
    #[error("the agent has stopped or is stopping")]
    Closed,
    /// The agent takes nothing new until it is resumed.
    #[error("the agent is in maintenance")]
    Maintenance,
    /// The lane holds its maximum, and the sender may not or cannot wait.
    #[error("lane {priority} holds its maximum of {depth_max} messages")]
    Full {
        /// The lane.
        priority: Priority,
        /// Its limit.
        depth_max: usize,
    },
    /// No room came free within the ask's patience.
    #[error("no room came free within {waited:?}")]
    NoRoom {
        /// How long the sender waited.
        waited: Duration,
    },
    /// A rate limit is used up.
    #[error("rate limit reached, worth another try in {retry_after:?}")]
    RateLimited {
        /// When there will be room again, at the earliest.
        retry_after: Duration,
    },
    /// A load-shedding layer found the mailbox too deep or too old.
    #[error("shedding load: {depth} messages wait, the limit is {depth_max}")]
    Overloaded {
        /// How many messages waited.
        depth: usize,
        /// From how many on load is shed.
        depth_max: usize,
    },
    /// An agent asked itself: it would wait for its own answer until its deadline.
    #[error("an agent cannot ask itself")]
    AskedItself,
    /// Its budget does not allow that it is sent, or its time was over before there was room.
    #[error(transparent)]
    BudgetExhausted(Box<BudgetExhausted>),
    /// Messages to this agent go through a durable queue: only `tell` can send them, since nobody waits there for an answer, and nothing is
    /// done at once.
    #[error("messages to this agent go through a durable queue: `tell` it")]
    OnQueue,
    /// The durable queue of the agent did not take it.
    #[error(transparent)]
    Queue(Box<queue::Error>),
    /// A layer of the user's own turned it away.
    #[error("{layer}: {text}")]
    Layer {
        /// The layer's name.
        layer: &'static str,
        /// Its reason, without payloads or secrets.
        text: String,
    },
}

impl Refusal {
    pub(crate) fn budget(exhausted: BudgetExhausted) -> Self {
        Self::BudgetExhausted(Box::new(exhausted))
    }

    /// Whether the same call may succeed later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        if let Self::Queue(error) = self {
            return error.is_retryable();
        }
        matches!(
            self,
            Self::Full { .. }
                | Self::NoRoom { .. }
                | Self::RateLimited { .. }
                | Self::Overloaded { .. }
                | Self::Maintenance
        )
    }
}
