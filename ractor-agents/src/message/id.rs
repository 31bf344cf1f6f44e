//! What a message is called.

use std::fmt;

use crate::agent::AgentId;

/// The name of one accepted message: the agent it was accepted for and its number there.
///
/// Unique within a swarm. Numbers grow in the order of acceptance, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId {
    /// Whose mailbox accepted it.
    pub agent: AgentId,
    /// Its number in that mailbox.
    pub number: u64,
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agent, self.number)
    }
}
