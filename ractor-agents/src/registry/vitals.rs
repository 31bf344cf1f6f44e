//! How an agent has answered so far.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::breaker::BreakerState;
use super::{Breaker, Trip};
use crate::message::Moment;

/// How an agent has answered what routers asked. Made when the first of them does.
#[derive(Debug)]
pub(crate) struct Vitals {
    pub(super) breaker: BreakerState,
    /// The moving average of response times in microseconds, as the bits of a float. None yet: not a number.
    average: AtomicU64,
    sketch: [AtomicU32; BUCKETS],
    /// When the latest response time was noted, in microseconds; 0 for never.
    measured: AtomicU64,
}

/// How much a new response time counts in the average. Source: an eighth, as for round-trip times in TCP (RFC 6298).
const GAIN: f64 = 0.125;

/// Buckets of the response times: four for each doubling from 1 us on, so that a quantile is right to within a fifth; the last one is
/// for 67 s and more.
const BUCKETS: usize = 104;

/// At how many response times the older half of them is forgotten. Source: a guess.
const SKETCHED_MAX: u32 = 4_096;

impl Default for Vitals {
    fn default() -> Self {
        Self {
            breaker: BreakerState::default(),
            average: AtomicU64::new(f64::NAN.to_bits()),
            sketch: [const { AtomicU32::new(0) }; BUCKETS],
            measured: AtomicU64::new(0),
        }
    }
}

impl Vitals {
    /// Why routers may give it no work, if they may not.
    pub(crate) fn bars(&self, now: impl FnOnce() -> Moment) -> Option<Trip> {
        self.breaker.bars(now)
    }

    /// A router asks it something.
    pub(crate) fn begin(&self, now: impl FnOnce() -> Moment) {
        self.breaker.begin(now);
    }

    /// It has answered, or will not.
    pub(crate) fn note(&self, breaker: &Breaker, took: Duration, has_failed: bool, now: Moment) {
        // A failure that comes quickly must not look like a quick answer.
        if !has_failed {
            self.note_time(took, now);
        }
        let is_failure = has_failed || breaker.is_slow(took);
        self.breaker.note(breaker, took, is_failure, now);
    }

    /// Two that come at once may lose one of them, which an average bears.
    fn note_time(&self, took: Duration, now: Moment) {
        self.measured.store(now.micros(), Ordering::Relaxed);
        let took = took.as_secs_f64() * 1e6;
        let average = f64::from_bits(self.average.load(Ordering::Relaxed));
        let average = if average.is_nan() {
            took
        } else {
            average + (took - average) * GAIN
        };
        self.average.store(average.to_bits(), Ordering::Relaxed);
        if let Some(bucket) = self.sketch.get(bucket_of(took)) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        if self.sketched() >= SKETCHED_MAX {
            for bucket in &self.sketch {
                let half = bucket.load(Ordering::Relaxed) / 2;
                bucket.store(half, Ordering::Relaxed);
            }
        }
    }

    /// The lower, the longer ago it was measured; 0 for never.
    pub(crate) fn measured(&self) -> u64 {
        self.measured.load(Ordering::Relaxed)
    }

    fn sketched(&self) -> u32 {
        let counts = self.sketch.iter();
        counts.map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// The moving average of response times in microseconds.
    pub(crate) fn average(&self) -> Option<f64> {
        let average = f64::from_bits(self.average.load(Ordering::Relaxed));
        (!average.is_nan()).then_some(average)
    }

    /// The time within which this share of the answers came, rounded up to its bucket.
    pub(super) fn quantile(&self, share: f64) -> Option<Duration> {
        let all = self.sketched();
        if all == 0 {
            return None;
        }
        let due = f64::from(all) * share;
        let mut seen = 0;
        for (place, bucket) in (0_u32..).zip(&self.sketch) {
            seen += bucket.load(Ordering::Relaxed);
            if f64::from(seen) >= due {
                return Some(Duration::from_secs_f64(upper_bound(place) / 1e6));
            }
        }
        None
    }
}

/// Of a time in microseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "floats are cut off at the ends of the range"
)]
fn bucket_of(micros: f64) -> usize {
    let place = micros.max(1.0).log2() * 4.0;
    (place as usize).min(BUCKETS - 1)
}

/// In microseconds.
fn upper_bound(bucket: u32) -> f64 {
    (f64::from(bucket + 1) / 4.0).exp2()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Breaker, Vitals};
    use crate::message::Moment;

    fn noted(times: impl IntoIterator<Item = u64>) -> Vitals {
        let vitals = Vitals::default();
        for time in times {
            let took = Duration::from_micros(time);
            vitals.note(&Breaker::default(), took, false, Moment::now());
        }
        vitals
    }

    #[test]
    fn the_average_follows_what_came_last() {
        assert_eq!(Vitals::default().average(), None);
        assert_eq!(noted([80]).average(), Some(80.0));
        assert_eq!(noted([80, 160]).average(), Some(90.0));
        let average = noted([80; 100].into_iter().chain([1_000; 40])).average();
        assert!(average.is_some_and(|average| average > 990.0));
    }

    #[test]
    fn quantiles_are_right_to_within_a_fifth() {
        assert_eq!(Vitals::default().quantile(0.95), None);
        for times in [1_u64..=100, 1_000..=2_000, 50_000..=90_000] {
            let vitals = noted(times.clone());
            // Older ones are forgotten by halves, so that the shares stay.
            let exact = times.start() + (times.end() - times.start()) * 95 / 100;
            let got = vitals.quantile(0.95).map(|time| time.as_secs_f64() * 1e6);
            let exact = Duration::from_micros(exact).as_secs_f64() * 1e6;
            assert!(
                got.is_some_and(|got| got >= exact * 0.99 && got <= exact * 1.2),
                "{got:?} for {exact}"
            );
        }
    }

    #[test]
    fn what_takes_for_ever_is_in_the_last_bucket() {
        let vitals = noted([u64::MAX / 1_000]);
        assert!(vitals.quantile(0.95) >= Some(Duration::from_mins(1)));
    }

    #[test]
    fn failures_do_not_count_as_quick_answers() {
        let vitals = noted([1_000]);
        vitals.note(&Breaker::off(), Duration::ZERO, true, Moment::now());
        assert_eq!(vitals.average(), Some(1_000.0));
    }
}
