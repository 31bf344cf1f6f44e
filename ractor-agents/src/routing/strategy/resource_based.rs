//! Whoever uses least.

use super::sample::{a_few, random_place};
use super::{Candidates, Strategy};
use crate::routing::Candidate;

/// Whoever uses least of processor, memory and queue: by the sum of the share of one processor that it uses, the share of the host's
/// memory that it [reports](crate::agent::Context::report_memory), and how [full](Candidate::fill) it is, each times its weight. What is
/// not known counts as nothing used.
///
/// Looks at all where there are up to eight, otherwise at four that are drawn at random: shares are known as of the last
/// [heartbeat](crate::swarm::Builder::heartbeat), and who is best by them would get everything until the next.
#[derive(Clone, Copy, Debug)]
pub struct ResourceBased {
    cpu: f64,
    memory: f64,
    queue: f64,
}

impl ResourceBased {
    /// How much the share of a processor counts, 0 or more. Default: 1.
    pub fn cpu(mut self, weight: f64) -> Self {
        self.cpu = weight;
        self
    }

    /// How much the share of memory counts, 0 or more. Default: 1.
    pub fn memory(mut self, weight: f64) -> Self {
        self.memory = weight;
        self
    }

    /// How much it counts how full the queue is, 0 or more. Default: 1.
    pub fn queue(mut self, weight: f64) -> Self {
        self.queue = weight;
        self
    }
}

impl Default for ResourceBased {
    fn default() -> Self {
        Self {
            cpu: 1.0,
            memory: 1.0,
            queue: 1.0,
        }
    }
}

impl Strategy for ResourceBased {
    fn name(&self) -> &'static str {
        "resource based"
    }

    fn choose(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let len = candidates.len();
        let fit = a_few(len).filter_map(|place| Some((place, candidates.fit(place)?)));
        let scored = fit.map(|(place, candidate)| (place, self.score(candidate)));
        let best = scored.min_by(|(_, one), (_, two)| one.total_cmp(two));
        best.map(|(place, _)| place)
            .or_else(|| candidates.first_fit_from(random_place(len)))
    }

    fn score(&self, candidate: &Candidate) -> f64 {
        let cpu = candidate.cpu_share().unwrap_or(0.0);
        let memory = candidate.memory_share().unwrap_or(0.0);
        self.cpu * cpu + self.memory * memory + self.queue * candidate.fill()
    }
}
