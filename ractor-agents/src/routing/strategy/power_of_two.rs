//! The better of two.

use super::{Candidates, Strategy, as_score, random_place};
use crate::routing::Candidate;

/// The less loaded of two that are drawn at random: nearly as even as looking at all of them, at the cost of two.
///
/// Source: Mitzenmacher, "The power of two choices in randomized load balancing" (2001).
#[derive(Debug, Default)]
pub struct PowerOfTwo(());

/// How often it draws until it has two fit ones. Then most are unfit, and it takes the first fit one from a random place on.
const DRAWS_MAX: usize = 8;

impl Strategy for PowerOfTwo {
    fn name(&self) -> &'static str {
        "power of two choices"
    }

    fn choose(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let len = candidates.len();
        if len < 2 {
            return candidates.first_fit_from(0);
        }
        let mut best: Option<(usize, u64)> = None;
        for _ in 0..DRAWS_MAX {
            let place = random_place(len);
            if best.is_some_and(|(known, _)| known == place) {
                continue;
            }
            let Some(candidate) = candidates.fit(place) else {
                continue;
            };
            let load = candidate.load();
            match best {
                None => best = Some((place, load)),
                Some((other, least)) => return Some(if load < least { place } else { other }),
            }
        }
        match best {
            Some((place, _)) => Some(place),
            None => candidates.first_fit_from(random_place(len)),
        }
    }

    fn score(&self, candidate: &Candidate) -> f64 {
        as_score(candidate.load())
    }
}
