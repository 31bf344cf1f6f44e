//! What an orderly end came to.

use std::time::Duration;

use crate::agent::AgentId;
use crate::mailbox::Accounting;

/// What was left when a swarm ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Where all messages of the swarm went.
    pub messages: Accounting,
    /// Agents that had not finished by the limit and were killed, with the number of messages that were left to them.
    pub unfinished: Vec<(AgentId, u64)>,
    /// Actors that could not be killed and still ran when the swarm ended: their handlers never await. Those abandoned long before
    /// the shutdown are among them, so an agent can be there more than once.
    pub abandoned: usize,
    /// How long it took.
    pub took: Duration,
}

impl ShutdownReport {
    /// Whether every message was handled or ended before, and nothing had to be killed.
    pub fn is_clean(&self) -> bool {
        self.unfinished.is_empty() && self.abandoned == 0
    }
}
