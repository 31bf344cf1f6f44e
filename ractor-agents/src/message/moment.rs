//! Points in time that fit into eight bytes.

use std::num::NonZeroU64;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

/// A point in time as whole microseconds since long before the process first asked.
///
/// Half the size of an `Instant`, and never zero, so that an `Option` is no larger: an envelope carries two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(NonZeroU64);

/// Where moments are counted from, as the clocks see it.
struct Base {
    instant: Instant,
    #[cfg(target_os = "linux")]
    coarse: rustix::time::Timespec,
    /// How far the coarse clock may be behind.
    tick: Duration,
}

/// So long before the first look at the clock: tokio's paused clock may be behind that.
const BEFORE: Duration = Duration::from_hours(24);

static BASE: LazyLock<Base> = LazyLock::new(|| Base {
    // Not tokio's clock: that may be paused, and have been moved ahead.
    instant: Instant::from_std(std::time::Instant::now()),
    #[cfg(target_os = "linux")]
    coarse: rustix::time::clock_gettime(rustix::time::ClockId::Monotonic),
    #[cfg(target_os = "linux")]
    tick: rustix::time::clock_getres(rustix::time::ClockId::MonotonicCoarse)
        .try_into()
        .unwrap_or_default(),
    #[cfg(not(target_os = "linux"))]
    tick: Duration::ZERO,
});

impl Moment {
    /// Later than every other moment: what is due then is never due.
    pub(crate) const NEVER: Self = Self(NonZeroU64::MAX);

    /// By tokio's clock, so that tests can pause it.
    pub(crate) fn now() -> Self {
        Self::from(Instant::now())
    }

    /// By the system's coarse clock: up to a [`tick`](Self::tick) behind [`now`](Self::now) and never ahead of it.
    #[cfg(target_os = "linux")]
    pub(crate) fn coarse() -> Self {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
        let base = &BASE.coarse;
        let micros = (now.tv_sec - base.tv_sec) * 1_000_000 + (now.tv_nsec - base.tv_nsec) / 1_000;
        // The first looks may come before the base: the coarse clock was behind it.
        Self::from_signed(micros)
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn coarse() -> Self {
        Self::now()
    }

    /// How far the coarse clock may be behind.
    pub(crate) fn tick() -> Duration {
        BASE.tick
    }

    fn from_signed(micros_after_base: i64) -> Self {
        const BASE_MICROS: u64 = BEFORE.as_secs() * 1_000_000;
        let micros = BASE_MICROS.saturating_add_signed(micros_after_base);
        NonZeroU64::new(micros).map_or(Self(NonZeroU64::MIN), Self)
    }

    /// Saturates at [`NEVER`](Self::NEVER): a duration of centuries means no limit.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(micros(wait)))
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.micros().saturating_sub(earlier.micros()))
    }

    pub(crate) fn micros(self) -> u64 {
        self.0.get()
    }

    /// The reverse of [`micros`](Self::micros); `None` for 0.
    pub(crate) fn from_micros(micros: u64) -> Option<Self> {
        NonZeroU64::new(micros).map(Self)
    }

    pub(crate) fn is_never(self) -> bool {
        self == Self::NEVER
    }

    /// The instant itself, or a point some thirty years ahead where it would not fit.
    pub(crate) fn instant(self) -> Instant {
        const FAR: Duration = Duration::from_hours(30 * 365 * 24);
        let since = Duration::from_micros(self.micros());
        let after = since.saturating_sub(BEFORE).min(FAR);
        let before = BEFORE.saturating_sub(since);
        let base = BASE.instant;
        base.checked_sub(before).unwrap_or(base) + after
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        let base = BASE.instant;
        let after = micros(instant.saturating_duration_since(base)).cast_signed();
        let before = micros(base.saturating_duration_since(instant)).cast_signed();
        Self::from_signed(after - before)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Moment;

    #[test]
    fn the_coarse_clock_is_never_ahead_and_a_tick_behind_at_most() {
        for _ in 0..10_000 {
            let before = Moment::now();
            let coarse = Moment::coarse();
            let after = Moment::now();
            assert!(coarse <= after);
            // Twice the tick: interrupts may be late on a busy machine.
            assert!(before.since(coarse) <= 2 * Moment::tick() + Duration::from_micros(10));
        }
    }

    #[test]
    fn an_instant_survives_the_way_through_a_moment() {
        let base = Instant::now();
        let hour = Duration::from_hours(1);
        for instant in [base, base + hour, base.checked_sub(hour).unwrap_or(base)] {
            let way = Moment::from(instant).instant();
            let error = (way - instant).max(instant - way);
            assert!(error < Duration::from_micros(2), "{error:?}");
        }
    }
}
