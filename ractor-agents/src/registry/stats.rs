//! How the registry and those in it are doing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Index;
use crate::agent::Status;

/// How the registry and those in it are doing. Each agent is looked at by itself: no one instant of the whole.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RegistryStats {
    /// Agents that have been spawned and have not ended.
    pub agents: usize,
    /// How many messages they have in hand, in line and scheduled.
    pub load: u64,
    /// How many of them are not [responsive](super::Entry::is_responsive).
    pub unresponsive: usize,
    /// How many of them routers leave in peace or probe.
    pub tripped: usize,
    /// How long they were polled, all together.
    pub cpu_time: Duration,
    /// How much memory they report, all together, in bytes.
    pub memory: u64,
    /// How many agents there are of each kind.
    pub kinds: BTreeMap<&'static str, usize>,
    /// How many agents have each capability, whatever its version.
    pub capabilities: BTreeMap<Arc<str>, usize>,
    by_status: [usize; Status::ALL.len()],
}

impl RegistryStats {
    /// How many agents are in `status`.
    pub fn count_of(&self, status: Status) -> usize {
        let count = self.by_status.get(status as usize);
        count.copied().unwrap_or_default()
    }

    pub(super) fn of(index: &Index) -> Self {
        let mut stats = Self::default();
        for member in index.all() {
            stats.agents += 1;
            stats.load += member.load();
            stats.memory += member.pulse().memory().unwrap_or(0);
            stats.cpu_time += member.pulse().cpu_time(member.clock().now());
            stats.unresponsive += usize::from(!member.is_responsive());
            let trip = member
                .known_vitals()
                .and_then(|vitals| vitals.breaker.trip());
            stats.tripped += usize::from(trip.is_some());
            *stats.kinds.entry(member.id().kind()).or_default() += 1;
            if let Some(count) = stats.by_status.get_mut(member.status() as usize) {
                *count += 1;
            }
        }
        stats.capabilities = index.capabilities();
        stats
    }
}
