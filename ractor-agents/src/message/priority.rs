//! The five lanes of a mailbox.

use std::borrow::Cow;
use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which of the five lanes of a mailbox a message travels in.
///
/// A message in a higher lane overtakes every message that waits in a lower one. Inside one lane the order per sender
/// is kept. Starvation is bounded: see [`mailbox::Aging`](crate::mailbox::Aging).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Priority {
    /// Overtakes everything: stop a runaway job, revoke a secret.
    Critical = 0,
    /// Somebody is waiting and it is late.
    Urgent = 1,
    /// Somebody is waiting.
    High = 2,
    /// The default.
    #[default]
    Normal = 3,
    /// Whenever there is time: reindexing, clean-up.
    Low = 4,
}

impl Priority {
    /// All lanes, highest first.
    pub const ALL: [Self; 5] = [
        Self::Critical,
        Self::Urgent,
        Self::High,
        Self::Normal,
        Self::Low,
    ];

    /// How many lanes there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The lane's position, 0 for [`Critical`](Self::Critical) to 4 for [`Low`](Self::Low).
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The lower-case name, as in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Urgent => "urgent",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// The lane's bit in the mailbox's mask: the lowest set bit is the highest lane.
    pub(crate) const fn bit(self) -> u32 {
        1 << self.index()
    }

    /// The highest lane of `mask`, if any.
    pub(crate) fn highest(mask: u32) -> Option<Self> {
        Self::ALL.get(mask.trailing_zeros() as usize).copied()
    }

    /// The lowest lane of `mask`, if any.
    pub(crate) fn lowest(mask: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .rev()
            .find(|lane| mask & lane.bit() != 0)
    }
}

/// By name where people read it, otherwise as one byte, 0 for critical.
impl Serialize for Priority {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return to.serialize_str(self.as_str());
        }
        to.serialize_u8(*self as u8)
    }
}

impl<'de> Deserialize<'de> for Priority {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() {
            let name = <Cow<'de, str>>::deserialize(from)?;
            let mut all = Self::ALL.into_iter();
            let found = all.find(|priority| priority.as_str() == name);
            return found.ok_or_else(|| D::Error::custom(format_args!("no priority {name:?}")));
        }
        let index = u8::deserialize(from)?;
        let found = Self::ALL.get(usize::from(index)).copied();
        found.ok_or_else(|| D::Error::custom(format_args!("priority {index} of 0 to 4")))
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One of something for each lane.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PerLane<T>([T; Priority::COUNT]);

impl<T> PerLane<T> {
    pub(crate) const fn new(each: [T; Priority::COUNT]) -> Self {
        Self(each)
    }

    pub(crate) fn get(&self, lane: Priority) -> &T {
        let [critical, urgent, high, normal, low] = &self.0;
        match lane {
            Priority::Critical => critical,
            Priority::Urgent => urgent,
            Priority::High => high,
            Priority::Normal => normal,
            Priority::Low => low,
        }
    }

    pub(crate) fn get_mut(&mut self, lane: Priority) -> &mut T {
        let [critical, urgent, high, normal, low] = &mut self.0;
        match lane {
            Priority::Critical => critical,
            Priority::Urgent => urgent,
            Priority::High => high,
            Priority::Normal => normal,
            Priority::Low => low,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut()
    }
}
