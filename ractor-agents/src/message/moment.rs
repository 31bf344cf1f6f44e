//! Points in time that fit into eight bytes.

use std::num::NonZeroU64;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

/// A point in time as whole microseconds since the process first asked, and one more.
///
/// Half the size of an `Instant`, and never zero, so that an `Option` is no larger: an envelope carries two of them. It
/// follows tokio's clock, so that tests can pause it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(NonZeroU64);

static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Moment {
    /// Later than every other moment: what is due then is never due.
    pub(crate) const NEVER: Self = Self(NonZeroU64::MAX);

    pub(crate) fn now() -> Self {
        Self::from(Instant::now())
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

    pub(crate) fn is_never(self) -> bool {
        self == Self::NEVER
    }

    /// The instant itself, or a point some thirty years ahead where it would not fit.
    pub(crate) fn instant(self) -> Instant {
        const FAR: Duration = Duration::from_hours(30 * 365 * 24);
        *BASE + Duration::from_micros(self.micros() - 1).min(FAR)
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        Self(NonZeroU64::MIN).after(instant.saturating_duration_since(*BASE))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
