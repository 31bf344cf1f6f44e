//! Who is in the swarm.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::member::Member;
use crate::agent::AgentId;

/// Who is in the swarm, by number and by name.
#[derive(Default)]
pub(super) struct Directory {
    members: RwLock<Members>,
}

#[derive(Default)]
struct Members {
    by_number: BTreeMap<u64, Arc<dyn Member>>,
    by_name: HashMap<Arc<str>, u64>,
    is_closed: bool,
}

/// Why an agent cannot be entered.
pub(super) enum Obstacle {
    NameTaken(Arc<str>),
    Closed,
}

impl Directory {
    /// Enters all of `newcomers` or none.
    pub(super) fn enter(&self, newcomers: &[Arc<dyn Member>]) -> Result<(), Obstacle> {
        let mut members = self.members.write();
        if members.is_closed {
            return Err(Obstacle::Closed);
        }
        let names = || newcomers.iter().filter_map(|newcomer| newcomer.name());
        if let Some(taken) = names().find(|name| members.by_name.contains_key(*name)) {
            return Err(Obstacle::NameTaken(Arc::clone(taken)));
        }
        if newcomers.len() > 1
            && let Some(name) = names().next()
        {
            return Err(Obstacle::NameTaken(Arc::clone(name)));
        }
        for newcomer in newcomers {
            let number = newcomer.id().number();
            if let Some(name) = newcomer.name() {
                members.by_name.insert(Arc::clone(name), number);
            }
            members.by_number.insert(number, Arc::clone(newcomer));
        }
        Ok(())
    }

    pub(super) fn remove(&self, id: AgentId) -> Option<Arc<dyn Member>> {
        let mut members = self.members.write();
        let member = members.by_number.remove(&id.number())?;
        if let Some(name) = member.name() {
            members.by_name.remove(name);
        }
        Some(member)
    }

    pub(super) fn get(&self, id: AgentId) -> Option<Arc<dyn Member>> {
        self.members.read().by_number.get(&id.number()).cloned()
    }

    pub(super) fn by_name(&self, name: &str) -> Option<Arc<dyn Member>> {
        let members = self.members.read();
        members.by_number.get(members.by_name.get(name)?).cloned()
    }

    pub(super) fn ids(&self) -> Vec<AgentId> {
        self.members
            .read()
            .by_number
            .values()
            .map(|member| member.id())
            .collect()
    }

    pub(super) fn all(&self) -> Vec<Arc<dyn Member>> {
        self.members.read().by_number.values().cloned().collect()
    }

    pub(super) fn len(&self) -> usize {
        self.members.read().by_number.len()
    }

    /// Nobody can be entered any more.
    pub(super) fn close(&self) {
        self.members.write().is_closed = true;
    }
}
