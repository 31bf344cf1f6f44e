//! Who does worse than its peers.

use std::time::Duration;

use super::breaker::Window;

/// When an agent does so much worse than its peers that routers leave it in peace for a while. Chosen by
/// [`Builder::outliers`](crate::swarm::Builder::outliers).
///
/// The peers of an agent are those of its [kind](crate::agent::AgentId::kind). They are compared at every
/// [heartbeat](crate::swarm::Builder::heartbeat), by how they answered routers since the one before. An outlier's circuit is opened as its
/// own [`Breaker`](super::Breaker) would, for the [pause](super::Breaker::pause) of that, twice as long each time it is one again, and
/// closed again by probes. Of the agents of a kind, no more than a tenth are ejected at a time, but at least one may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outliers {
    failing: f64,
    slow: f64,
    peers_min: usize,
    calls_min: u32,
}

/// By how much the share of successes has to be lower than the mean, whatever the deviation. Source: a guess; where nearly all
/// succeed, the deviation makes an outlier of one that failed once.
const FAILING_MIN: f64 = 0.05;

/// Answers up to this are never slow. Source: a guess; what differs below is the machine rather than the agent.
const SLOW_MIN: Duration = Duration::from_millis(10);

/// The share of the peers that may be ejected at a time. Source: Envoy's outlier detection.
const EJECTED_MAX: usize = 10;

impl Outliers {
    /// An agent is failing if its share of successes is below the mean of its peers by more than so many standard deviations, and
    /// by 5 percentage points. Default: 1.9. Source: Envoy's outlier detection.
    pub fn failing(mut self, deviations: f64) -> Self {
        self.failing = deviations;
        self
    }

    /// An agent is slow if its mean time to answer is more than so many times the median of its peers', and more than 10 ms.
    /// Default: 10. Source: a guess; what is ten times slower than others of its kind is broken rather than busy.
    pub fn slow(mut self, times: f64) -> Self {
        self.slow = times;
        self
    }

    /// How many peers with enough calls there have to be, itself included, at least 3. Default: 5. Source: Envoy.
    pub fn peers_min(mut self, peers: usize) -> Self {
        self.peers_min = peers.max(3);
        self
    }

    /// How many calls between two heartbeats are enough, at least 1. Default: 100. Source: Envoy.
    pub fn calls_min(mut self, calls: u32) -> Self {
        self.calls_min = calls.max(1);
        self
    }

    /// Nobody is an outlier.
    pub fn off() -> Self {
        Self {
            peers_min: usize::MAX,
            ..Self::default()
        }
    }

    /// The places of the outliers among the peers, the worst first, and of those that could be judged and are none.
    pub(super) fn judge(&self, peers: &[Window]) -> Verdict {
        let judged: Vec<(usize, Window)> = peers
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, window)| window.calls >= self.calls_min)
            .collect();
        if judged.len() < self.peers_min {
            return Verdict::default();
        }
        let rates: Vec<f64> = judged.iter().map(|(_, window)| window.success()).collect();
        let failing = rates_below(&rates, self.failing);
        let times = judged.iter().filter_map(|(_, window)| window.mean());
        let median = median(times.collect());
        let slow = |window: &Window| {
            let limit = (median * self.slow).max(SLOW_MIN.as_secs_f64());
            window.mean().is_some_and(|mean| mean > limit)
        };
        let (mut outliers, others): (Vec<_>, Vec<_>) = judged
            .into_iter()
            .partition(|(_, window)| window.success() < failing || slow(window));
        outliers.sort_by(|(_, one), (_, two)| one.success().total_cmp(&two.success()));
        Verdict {
            outliers: places(outliers),
            others: places(others),
        }
    }

    /// How many of so many peers may be ejected at a time.
    pub(super) fn ejected_max(peers: usize) -> usize {
        (peers / EJECTED_MAX).max(1)
    }
}

/// Who is an outlier, and who is none.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Verdict {
    pub(super) outliers: Vec<usize>,
    pub(super) others: Vec<usize>,
}

fn places(judged: Vec<(usize, Window)>) -> Vec<usize> {
    judged.into_iter().map(|(place, _)| place).collect()
}

/// Below which a rate is that of an outlier.
fn rates_below(rates: &[f64], deviations: f64) -> f64 {
    let each = 1.0 / f64::from(u32::try_from(rates.len()).unwrap_or(u32::MAX));
    let mean: f64 = rates.iter().map(|rate| rate * each).sum();
    let squares = rates.iter().map(|rate| (rate - mean).powi(2));
    let variance: f64 = squares.map(|square| square * each).sum();
    mean - (variance.sqrt() * deviations).max(FAILING_MIN)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

impl Window {
    /// The share of the calls that were no failures.
    fn success(&self) -> f64 {
        1.0 - f64::from(self.failures) / f64::from(self.calls.max(1))
    }

    /// How long an answer took, in seconds.
    fn mean(&self) -> Option<f64> {
        let answers = self.calls.saturating_sub(self.failures);
        (answers > 0).then(|| self.took.as_secs_f64() / f64::from(answers))
    }
}

impl Default for Outliers {
    fn default() -> Self {
        Self {
            failing: 1.9,
            slow: 10.0,
            peers_min: 5,
            calls_min: 100,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outliers, Window};

    /// Of so many calls each, with so many failures, that took so many milliseconds.
    fn peers(calls: u32, each: &[(u32, u64)]) -> Vec<Window> {
        let window = |(failures, millis): &(u32, u64)| Window {
            calls,
            failures: *failures,
            took: Duration::from_millis(*millis) * (calls - failures),
        };
        each.iter().map(window).collect()
    }

    fn outliers(calls: u32, each: &[(u32, u64)]) -> Vec<usize> {
        Outliers::default().judge(&peers(calls, each)).outliers
    }

    #[test]
    fn who_fails_much_more_often_than_the_others_is_one() {
        let even = (2, 5);
        assert_eq!(outliers(100, &[even; 6]), [0; 0]);
        assert_eq!(outliers(100, &[even, even, (60, 5), even, even, even]), [2]);
        assert_eq!(
            outliers(100, &[(0, 5), (4, 5), (0, 5), (0, 5), (0, 5)]),
            [0; 0],
            "not by five in a hundred"
        );
    }

    #[test]
    fn who_is_slower_by_far_is_one_unless_all_are_quick() {
        let slow = |usual, slow| [(0, usual), (0, usual), (0, usual), (0, slow), (0, usual)];
        assert_eq!(outliers(100, &slow(5, 51)), [3]);
        assert_eq!(outliers(100, &slow(5, 50)), [0; 0]);
        assert_eq!(outliers(100, &slow(0, 10)), [0; 0]);
        assert_eq!(outliers(100, &slow(0, 11)), [3]);
    }

    #[test]
    fn where_too_few_did_enough_nobody_is_one() {
        let each = [(0, 5), (0, 5), (0, 5), (90, 5), (0, 5)];
        assert_eq!(outliers(100, &each), [3]);
        assert_eq!(outliers(99, &each), [0; 0]);
        assert_eq!(outliers(100, &each[1..]), [0; 0]);
        let peers = peers(100, &each);
        assert_eq!(Outliers::off().judge(&peers).outliers, [0; 0]);
    }

    #[test]
    fn a_tenth_may_be_ejected_and_always_one() {
        let most = [1, 9, 19, 20, 100].map(Outliers::ejected_max);
        assert_eq!(most, [1, 1, 1, 2, 10]);
    }
}
