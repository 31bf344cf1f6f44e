//! Why a swarm or an agent could not be made.

use std::io;
use std::sync::Arc;

use crate::agent::AgentId;
use crate::queue;
use crate::registry::CapabilityError;

/// Why an agent was not spawned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// Another agent has the name; names are for one agent each.
    #[error("the name {name:?} is taken")]
    NameTaken {
        /// The name.
        name: Arc<str>,
    },
    /// An option is out of range.
    #[error("{option} must be {range}")]
    OutOfRange {
        /// The option.
        option: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// One of its capabilities is none.
    #[error(transparent)]
    Capability(#[from] CapabilityError),
    /// The agent did not get through its start hook.
    #[error("{agent} did not start: {reason}")]
    Start {
        /// The agent.
        agent: AgentId,
        /// Why.
        reason: String,
    },
    /// The durable queue of the agent could not be opened.
    #[error("no queue for the agent")]
    Queue(#[from] queue::Error),
    /// The thread of a blocking agent could not be started.
    #[error("no thread for a blocking agent")]
    Thread(#[source] io::Error),
    /// The swarm has ended or is ending.
    #[error("the swarm has ended")]
    Ended,
}

/// Why a swarm was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A runtime's threads could not be started.
    #[error("no runtime for the swarm")]
    Runtime(#[source] io::Error),
    /// The supervision tree was refused; a bug of this crate, with the supervisors' words.
    #[error("the supervision tree was refused: {0}")]
    Supervisors(String),
    /// The swarm for tests runs on the current runtime, and there is none.
    #[error("a swarm for tests needs a tokio runtime around it")]
    NoRuntime,
    /// An option is out of range.
    #[error("{option} must be {range}")]
    OutOfRange {
        /// The option.
        option: &'static str,
        /// What it may be.
        range: &'static str,
    },
}
