//! What a swarm and its agents are doing.

use std::sync::Arc;

use super::member::Member;
use crate::agent::{AgentId, Status};
use crate::mailbox::Accounting;
use crate::registry::Capability;

/// What one agent is doing.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AgentStatus {
    /// The agent.
    pub id: AgentId,
    /// Its name, if it has one.
    pub name: Option<Arc<str>>,
    /// What it can do.
    pub capabilities: Vec<Capability>,
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
            capabilities: member.traits().capabilities.clone(),
            status: member.status(),
            messages: member.accounting(),
            restarts: member.restarts(),
        }
    }
}

/// What all agents of one type are doing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct KindStatus {
    /// The name of the type.
    pub kind: &'static str,
    /// Agents that have been spawned and have not ended.
    pub agents: usize,
    /// Where their messages went, those of agents that have ended included.
    pub messages: Accounting,
    /// How many restarts there were.
    pub restarts: u64,
    by_status: [usize; Status::ALL.len()],
}

impl KindStatus {
    /// How many agents are in `status`.
    pub fn count_of(&self, status: Status) -> usize {
        self.by_status
            .get(status as usize)
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, member: &dyn Member) {
        self.agents += 1;
        self.messages = self.messages + member.accounting();
        self.restarts += member.restarts();
        if let Some(count) = self.by_status.get_mut(member.status() as usize) {
            *count += 1;
        }
    }

    /// The agent has ended: what became of its messages stays.
    pub(super) fn add_past(&mut self, member: &dyn Member) {
        self.messages = self.messages + member.accounting();
        self.restarts += member.restarts();
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
    /// The same by the agents' types, in the order of their names.
    pub kinds: Vec<KindStatus>,
}

impl SwarmStatus {
    pub(super) fn of(kinds: Vec<KindStatus>) -> Self {
        Self {
            agents: kinds.iter().map(|kind| kind.agents).sum(),
            messages: kinds.iter().map(|kind| kind.messages).sum(),
            restarts: kinds.iter().map(|kind| kind.restarts).sum(),
            kinds,
        }
    }

    /// How many agents are in `status`.
    pub fn count_of(&self, status: Status) -> usize {
        self.kinds.iter().map(|kind| kind.count_of(status)).sum()
    }
}
