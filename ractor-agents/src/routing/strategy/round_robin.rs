//! One after the other.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Candidates, Strategy};
use crate::routing::Candidate;

/// One after the other, whatever they have to do.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turn: AtomicUsize,
}

impl Strategy for RoundRobin {
    fn name(&self) -> &'static str {
        "round robin"
    }

    fn choose(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(candidates.len())?;
        let Some(place) = candidates.first_fit_from(first) else {
            self.turn.fetch_sub(1, Ordering::Relaxed);
            return None;
        };
        if place != first {
            // Otherwise whoever stands behind an unfit one would have that one's turns too.
            let passed_over = (place + candidates.len() - first) % candidates.len();
            self.turn.fetch_add(passed_over, Ordering::Relaxed);
        }
        Some(place)
    }

    fn foresee(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let turn = self.turn.load(Ordering::Relaxed);
        candidates.first_fit_from(turn.checked_rem(candidates.len())?)
    }

    fn score(&self, _: &Candidate) -> f64 {
        0.0
    }
}
