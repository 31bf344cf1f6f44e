//! In turn, by weight.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use parking_lot::Mutex;

use super::{Candidates, Strategy};
use crate::routing::Candidate;

/// In turn, as often as its weight says, and without bursts: the turns of one are spread over those of the others.
///
/// Everybody has a time at which its turn comes, and after it the next, later by one through the weight; the earliest is chosen
/// ("earliest deadline first", as Envoy's weighted round robin). Whoever is unfit loses the turn. A choice costs time in proportion to the
/// logarithm of the number of candidates; the times start anew when somebody comes or goes.
#[derive(Debug, Default)]
pub struct WeightedRoundRobin {
    turns: Mutex<Turns>,
}

#[derive(Clone, Debug, Default)]
struct Turns {
    version: u64,
    heap: BinaryHeap<Reverse<Turn>>,
}

#[derive(Clone, Debug)]
struct Turn {
    at: f64,
    place: usize,
    step: f64,
}

impl PartialEq for Turn {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Turn {}

impl PartialOrd for Turn {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Turn {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_time = self.at.total_cmp(&other.at);
        by_time.then(self.place.cmp(&other.place))
    }
}

impl Turns {
    fn start(&mut self, candidates: &Candidates<'_>) {
        self.version = candidates.version();
        self.heap = (0..candidates.len())
            .filter_map(|place| {
                let step = 1.0 / f64::from(candidates.get(place)?.weight());
                // In the middle of its first step, so that the heavy do not all begin.
                let at = step / 2.0;
                Some(Reverse(Turn { at, place, step }))
            })
            .collect();
    }

    fn choose(&mut self, candidates: &Candidates<'_>) -> Option<usize> {
        if self.version != candidates.version() || self.heap.len() != candidates.len() {
            self.start(candidates);
        }
        // Everybody's turn comes within the largest weight; whoever is unfit is passed over once.
        for _ in 0..candidates.len() {
            let mut first = self.heap.peek_mut()?;
            let Reverse(turn) = &mut *first;
            turn.at += turn.step;
            let place = turn.place;
            if candidates.fit(place).is_some() {
                return Some(place);
            }
        }
        None
    }
}

impl Strategy for WeightedRoundRobin {
    fn name(&self) -> &'static str {
        "weighted round robin"
    }

    fn choose(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let chosen = self.turns.lock().choose(candidates);
        chosen.or_else(|| candidates.first_fit_from(0))
    }

    fn foresee(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let mut turns = self.turns.lock().clone();
        let chosen = turns.choose(candidates);
        chosen.or_else(|| candidates.first_fit_from(0))
    }

    fn score(&self, candidate: &Candidate) -> f64 {
        1.0 / f64::from(candidate.weight())
    }
}
