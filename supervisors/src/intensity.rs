//! How many restarts are too many.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// At most `restarts` restarts within `period`; one more is too many.
///
/// The default is 1 restart in 5 s. Source: OTP's `supervisor` defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intensity {
    /// How many restarts are allowed within `period`; 0 allows none.
    pub restarts: u32,
    /// How long a restart counts.
    pub period: Duration,
}

impl Intensity {
    /// The largest number of restarts that may be allowed within a period: 1,000,000.
    ///
    /// Each restart within the period is remembered (16 bytes), so the number must have a bound. The figure is a guess.
    pub const RESTARTS_MAX: u32 = 1_000_000;

    /// Allows `restarts` within `period`.
    pub const fn new(restarts: u32, period: Duration) -> Self {
        Self { restarts, period }
    }
}

impl Default for Intensity {
    fn default() -> Self {
        Self::new(1, Duration::from_secs(5))
    }
}

/// The restarts that still count.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    restarts: VecDeque<Instant>,
}

impl Window {
    /// Records a restart at `now` and says whether it was allowed.
    ///
    /// A restart exactly `period` old still counts. Source: OTP's `supervisor`, `add_restart/1`.
    pub(crate) fn record(&mut self, now: Instant, limit: Intensity) -> bool {
        while let Some(oldest) = self.restarts.front() {
            if now.saturating_duration_since(*oldest) <= limit.period {
                break;
            }
            self.restarts.pop_front();
        }
        self.restarts.push_back(now);
        let allowed = self.restarts.len() <= limit.restarts as usize;
        if !allowed {
            // Never more entries than the limit needs to be exceeded again.
            self.restarts.pop_front();
        }
        allowed
    }

    /// Forgets all restarts.
    pub(crate) fn clear(&mut self) {
        self.restarts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Intensity = Intensity::new(2, Duration::from_secs(5));

    #[test]
    fn exactly_the_limit_is_allowed_and_one_more_is_not() {
        let start = Instant::now();
        let mut window = Window::default();
        assert!(window.record(start, LIMIT));
        assert!(window.record(start, LIMIT));
        assert!(!window.record(start, LIMIT));
    }

    #[test]
    fn a_restart_exactly_one_period_old_still_counts() {
        let start = Instant::now();
        let mut window = Window::default();
        assert!(window.record(start, LIMIT));
        assert!(window.record(start, LIMIT));
        assert!(!window.record(start + LIMIT.period, LIMIT));
    }

    #[test]
    fn a_restart_older_than_the_period_is_forgotten() {
        let start = Instant::now();
        let mut window = Window::default();
        assert!(window.record(start, LIMIT));
        assert!(window.record(start, LIMIT));
        assert!(window.record(start + LIMIT.period + Duration::from_nanos(1), LIMIT));
    }

    #[test]
    fn intensity_zero_allows_no_restart() {
        let mut window = Window::default();
        assert!(!window.record(Instant::now(), Intensity::new(0, Duration::from_secs(1))));
    }

    #[test]
    fn the_window_never_grows_past_its_limit() {
        let now = Instant::now();
        let mut window = Window::default();
        for _ in 0..1000 {
            window.record(now, LIMIT);
        }
        assert!(window.restarts.len() <= 2);
    }
}
