//! Whoever is expected to answer first.

use super::{Candidates, Strategy, as_score, random_place};
use crate::routing::Candidate;

/// Whoever is expected to answer first: the moving average of its response times, once for each message that it has already and once
/// for the new one. Those that have not answered anything yet come first.
///
/// Looks at all where there are up to eight, otherwise at four that are drawn at random. One choice in 32 is that of them which was
/// measured longest ago, whatever it is expected to take: one that was slow once is tried again, and found to be quick by now.
#[derive(Debug, Default)]
pub struct LeastResponseTime(());

/// Up to how many are all looked at.
const ALL_MAX: usize = 8;

/// How many are drawn where there are more. Source: a guess; two are nearly as good as all (see [`PowerOfTwo`](super::PowerOfTwo)), but
/// response times differ more than loads do.
const DRAWS: usize = 4;

/// One choice of so many explores. Source: a guess, about 3 %.
const EXPLORES: usize = 32;

impl LeastResponseTime {
    fn best(candidates: &Candidates<'_>, places: impl Iterator<Item = usize>) -> Option<usize> {
        let fit = places.filter_map(|place| Some((place, candidates.fit(place)?)));
        let best = if random_place(EXPLORES) == 0 {
            fit.min_by_key(|(_, candidate)| candidate.measured_at())
        } else {
            fit.min_by(|(_, one), (_, two)| expected(one).total_cmp(&expected(two)))
        };
        best.map(|(place, _)| place)
    }
}

/// In microseconds.
fn expected(candidate: &Candidate) -> f64 {
    let average = candidate.response_time().unwrap_or(0.0);
    average * as_score(candidate.load() + 1)
}

impl Strategy for LeastResponseTime {
    fn name(&self) -> &'static str {
        "least response time"
    }

    fn choose(&self, candidates: &Candidates<'_>) -> Option<usize> {
        let len = candidates.len();
        if len == 0 {
            return None;
        }
        let first = random_place(len);
        if len <= ALL_MAX {
            return Self::best(candidates, (0..len).map(|place| (first + place) % len));
        }
        let drawn = (0..DRAWS).map(|_| random_place(len));
        Self::best(candidates, drawn).or_else(|| candidates.first_fit_from(first))
    }

    fn score(&self, candidate: &Candidate) -> f64 {
        expected(candidate)
    }
}
