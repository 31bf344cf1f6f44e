//! Points in time that fit into eight bytes.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::time::Instant;

/// A point in time as whole microseconds since the process first asked.
///
/// Half the size of an `Instant`: an envelope carries two of them. It follows tokio's clock, so that
/// tests can pause it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

static BASE: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Moment {
    /// Later than every other moment: what is due then is never due.
    pub(crate) const NEVER: Self = Self(u64::MAX);

    pub(crate) fn now() -> Self {
        Self::from(Instant::now())
    }

    /// Saturates at [`NEVER`](Self::NEVER): a duration of centuries means no limit.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self(self.0.saturating_add(micros(wait)))
    }

    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    pub(crate) fn micros(self) -> u64 {
        self.0
    }

    pub(crate) fn is_never(self) -> bool {
        self == Self::NEVER
    }

    /// The instant itself, or a point some thirty years ahead where it would not fit.
    pub(crate) fn instant(self) -> Instant {
        const FAR: Duration = Duration::from_hours(30 * 365 * 24);
        *BASE + Duration::from_micros(self.0).min(FAR)
    }
}

impl From<Instant> for Moment {
    fn from(instant: Instant) -> Self {
        Self(micros(instant.saturating_duration_since(*BASE)))
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
