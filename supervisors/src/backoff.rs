//! How long to wait before the next restart.

use std::time::Duration;

/// Waiting times between restarts: the first is immediate, later ones grow exponentially with full jitter.
///
/// The n-th restart after the first waits a random time between zero and `min(cap, base * 2^(n-1))`.
/// Randomness keeps a crowd of children that failed together from coming back together
/// (full jitter, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
/// The count starts again after the restart period has passed without a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    /// The bound of the first waiting time. Zero: every restart is immediate.
    pub base: Duration,
    /// The largest waiting time.
    pub cap: Duration,
}

impl Backoff {
    /// Restarts at once, always, as OTP does.
    pub const NONE: Self = Self {
        base: Duration::ZERO,
        cap: Duration::ZERO,
    };

    /// Waits up to `base`, then up to twice as long each time, never longer than `cap`.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap }
    }

    /// A random wait before restart number `attempt`, 0 being the first, which is immediate.
    pub fn wait(&self, attempt: u32) -> Duration {
        self.delay(attempt, rand::random())
    }

    /// The wait before restart number `attempt` (0 is the first), `unit` being a random number in `0.0..=1.0`.
    pub(crate) fn delay(&self, attempt: u32, unit: f64) -> Duration {
        if attempt == 0 || self.base.is_zero() {
            return Duration::ZERO;
        }
        let doublings = (attempt - 1).min(31);
        let bound = self.base.saturating_mul(1 << doublings).min(self.cap);
        bound.mul_f64(unit.clamp(0.0, 1.0))
    }
}

impl Default for Backoff {
    /// 10 ms to 5 s. The base is about a hundred times what a restart itself costs
    /// (0.1 to 0.3 ms, measured), the cap is OTP's default restart period.
    fn default() -> Self {
        Self::new(Duration::from_millis(10), Duration::from_secs(5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_restart_is_immediate() {
        assert_eq!(Backoff::default().delay(0, 1.0), Duration::ZERO);
    }

    #[test]
    fn bounds_double_up_to_the_cap() {
        let backoff = Backoff::default();
        let bounds: Vec<_> = (1..=11)
            .map(|attempt| backoff.delay(attempt, 1.0).as_millis())
            .collect();
        assert_eq!(
            bounds,
            [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5000, 5000]
        );
        assert_eq!(backoff.delay(u32::MAX, 1.0), Duration::from_secs(5));
    }

    #[test]
    fn jitter_is_full() {
        let backoff = Backoff::default();
        assert_eq!(backoff.delay(3, 0.0), Duration::ZERO);
        assert_eq!(backoff.delay(3, 0.5), Duration::from_millis(20));
    }

    #[test]
    fn none_never_waits() {
        assert_eq!(Backoff::NONE.delay(9, 1.0), Duration::ZERO);
    }
}
