//! Times as they are on disk and at brokers: milliseconds since 1970.

use std::time::{Duration, SystemTime};

/// As milliseconds since 1970; times before that are 1970.
pub(crate) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, as_millis)
}

/// A duration in milliseconds; what is longer than anybody waits is the longest there is.
pub(crate) fn as_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The time that so many milliseconds after 1970 are; what no clock shows is the year 5138.
pub(crate) fn at(millis: u64) -> SystemTime {
    /// Source: a round number that every platform's clock can show.
    const LATEST: u64 = 100_000_000_000_000;
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis.min(LATEST))
}

/// For serde: a time as milliseconds since 1970.
pub(crate) mod serde {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(time: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(super::millis(*time))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SystemTime, D::Error> {
        u64::deserialize(from).map(super::at)
    }
}

/// For serde: a time that there may be, likewise.
pub(crate) mod optional {
    use std::time::SystemTime;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "what serde calls it with")]
    pub(crate) fn serialize<S: Serializer>(
        time: &Option<SystemTime>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        time.map(super::millis).serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SystemTime>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(super::at))
    }
}
