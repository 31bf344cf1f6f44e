//! What a swarm and its agents are doing.

use std::sync::Arc;

use super::member::Member;
use crate::agent::{AgentId, Status};
use crate::mailbox::Accounting;

/// What one agent is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgentStatus {
    /// The agent.
    pub id: AgentId,
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// What it can do.
    pub capabilities: Vec<Arc<str>>,
    /// What it is doing.
    pub status: Status,
    /// Where its messages went.
    pub messages: Accounting,
    /// How many times it has been restarted.
    pub restarts: u64,
}

impl AgentStatus {
    pub(super) fn of(member: &dyn Member) -> Self {
        Self {
            id: member.id(),
            name: member.name().cloned(),
            capabilities: member.capabilities().to_vec(),
            status: member.status(),
            messages: member.accounting(),
            restarts: member.restarts(),
        }
    }
}

/// What a swarm is doing: the sum of its agents, each looked at under its own locks.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SwarmStatus {
    /// Agents that have been spawned and have not ended.
    pub agents: usize,
    /// Where all messages went, those of agents that have ended included.
    pub messages: Accounting,
    /// How many restarts of agents there were.
    pub restarts: u64,
    /// How many agents are doing what.
    pub by_status: Vec<(Status, usize)>,
}
