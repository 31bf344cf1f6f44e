//! What ten programs out of ten import.

pub use std::time::Duration;

pub use ractor_agents_macros::agent;

pub use crate::agent::{Agent, AgentRef, Context, Failure};
pub use crate::budget::Budget;
pub use crate::message::Priority;
pub use crate::swarm::Swarm;

/// A result with any error, for `main` and for tests.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
