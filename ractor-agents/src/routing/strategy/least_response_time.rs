//! Whoever is expected to answer first.

use super::sample::{a_few, random_place};
use super::{Candidates, Strategy, as_score};
use crate::routing::Candidate;

/// Whoever is expected to answer first: the moving average of its response times, once for each message that it has already and once
/// for the new one. Those that have not answered anything yet come first.
///
/// Looks at all where there are up to eight, otherwise at four that are drawn at random. One choice in 32 is that of them which was
/// measured longest ago, whatever it is expected to take: one that was slow once is tried again, and found to be quick by now.
#[derive(Debug, Default)]
pub struct LeastResponseTime(());

/// One choice of so many explores. Source: a guess, about 3 %.
const EXPLORES: usize = 32;

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
        let fit = a_few(len).filter_map(|place| Some((place, candidates.fit(place)?)));
        let best = if random_place(EXPLORES) == 0 {
            fit.min_by_key(|(_, candidate)| candidate.measured_at())
        } else {
            fit.min_by(|(_, one), (_, two)| expected(one).total_cmp(&expected(two)))
        };
        best.map(|(place, _)| place)
            .or_else(|| candidates.first_fit_from(random_place(len)))
    }

    fn score(&self, candidate: &Candidate) -> f64 {
        expected(candidate)
    }
}
