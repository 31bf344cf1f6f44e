//! The limits of a mailbox.

use std::time::Duration;

use supervisors::Backoff;

use crate::message::{Clock, PerLane, Priority};

/// What happens to a message for a lane that is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The sender waits for room, first come first served. An agent that sends to itself never waits: it is refused.
    #[default]
    Wait,
    /// The sender gets its message back.
    Reject,
    /// The oldest message of the lane is shed.
    DropOldest,
    /// The new message is accepted and shed at once.
    DropNewest,
}

/// How lower lanes get their share while higher ones are never empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aging {
    /// One message in 32 is the oldest of the lowest lane that waits, and one in 32 is of the other lanes that wait, in
    /// turn: under saturation the lowest lane keeps 3.1 % of the service and each lane between at least 1 %.
    #[default]
    Fair,
    /// A lower lane is served only when all higher ones are empty. It may wait for ever.
    Strict,
}

/// How deep one lane is and what happens when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LaneLimit {
    /// How many messages wait at most; at least 1. Those that the agent has taken ahead of handling them are among them.
    pub depth_max: usize,
    /// What happens to one more.
    pub overflow: Overflow,
}

impl LaneLimit {
    /// Source: the benches' bounded peers use 1,024 too; kameo's default is 64, Akka's bounded mailboxes hold 1,000.
    pub const DEPTH_DEFAULT: usize = 1024;
}

impl Default for LaneLimit {
    fn default() -> Self {
        Self {
            depth_max: Self::DEPTH_DEFAULT,
            overflow: Overflow::Wait,
        }
    }
}

/// What a mailbox does without asking its layers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) lanes: PerLane<LaneLimit>,
    pub(crate) aging: Aging,
    pub(crate) clock: Clock,
    /// How long one attempt may take.
    pub(crate) deadline: Duration,
    /// How many attempts a message has that does not say so itself.
    pub(crate) attempts: u16,
    /// The pause before another attempt.
    pub(crate) backoff: Backoff,
}

impl Settings {
    /// How long a handler may take by default. Source: Orleans' response timeout.
    pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

    /// The depth of the shallowest lane.
    pub(crate) fn depth_min(&self) -> usize {
        let depths = self.lanes.iter().map(|lane| lane.depth_max);
        depths.min().unwrap_or(LaneLimit::DEPTH_DEFAULT)
    }

    pub(crate) fn lane(&self, lane: Priority) -> LaneLimit {
        *self.lanes.get(lane)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lanes: PerLane::default(),
            aging: Aging::Fair,
            clock: Clock::default(),
            deadline: Self::DEADLINE,
            attempts: 1,
            backoff: Backoff::NONE,
        }
    }
}
