//! How much of what there is in a queue.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::time;
use crate::message::Priority;

/// A queue in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Messages in the queue by priority, highest first.
    pub lanes: [LaneStats; Priority::COUNT],
    /// Bytes of the messages in the queue.
    pub bytes: u64,
    /// Dead letters.
    pub dead: usize,
    /// Bytes of the dead letters.
    pub dead_bytes: u64,
    /// Fingerprints that are remembered.
    pub remembered: usize,
    /// When the oldest of the messages that are available was enqueued.
    #[serde(with = "time::optional")]
    pub oldest_at: Option<SystemTime>,
    /// Whether no leases are given.
    pub is_paused: bool,
}

impl Stats {
    /// Messages in the queue: in line, delayed, and on lease.
    pub fn count(&self) -> usize {
        self.lanes.iter().map(LaneStats::count).sum()
    }

    /// Messages in line.
    pub fn ready(&self) -> usize {
        self.lanes.iter().map(|lane| lane.ready).sum()
    }

    /// Messages that are not due yet.
    pub fn delayed(&self) -> usize {
        self.lanes.iter().map(|lane| lane.delayed).sum()
    }

    /// Messages on lease.
    pub fn leased(&self) -> usize {
        self.lanes.iter().map(|lane| lane.leased).sum()
    }
}

/// The messages of one priority in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneStats {
    /// In line, those behind the head of their group included.
    pub ready: usize,
    /// Not due yet, for the first time or again.
    pub delayed: usize,
    /// On lease.
    pub leased: usize,
}

impl LaneStats {
    /// All of them.
    pub const fn count(&self) -> usize {
        self.ready + self.delayed + self.leased
    }
}
