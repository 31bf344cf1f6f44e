//! What operators see of a queue: messages as they are, and dead letters.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Failure, History, MessageId, Payload, ReasonKind, time};
use crate::message::Priority;

/// A message of a queue as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Peeked {
    /// Its name.
    pub id: MessageId,
    /// What it counts for, in bytes.
    pub size: u32,
    /// Which line it is in.
    pub priority: Priority,
    /// Its group.
    pub group: Option<Box<str>>,
    /// When it came.
    #[serde(with = "time::serde")]
    pub enqueued_at: SystemTime,
    /// When its time to live ends.
    #[serde(with = "time::optional")]
    pub expires_at: Option<SystemTime>,
    /// Handlers that have started on it.
    pub attempts: u32,
    /// Handlers that may.
    pub attempts_max: u32,
    /// What went wrong last.
    pub failure: Option<Failure>,
    /// Where it is.
    pub position: Position,
    /// What is in it.
    pub payload: Payload,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Position {
    /// In line; not available while others of its group are before it.
    Ready,
    /// In line from then on.
    Delayed {
        /// From when.
        #[serde(with = "time::serde")]
        due: SystemTime,
    },
    /// On lease.
    Leased {
        /// Until when.
        #[serde(with = "time::serde")]
        until: SystemTime,
        /// Whether a handler has started on it.
        is_running: bool,
    },
    /// Among the dead letters.
    Dead,
}

/// A message that nobody could handle. It stays until it is redriven or discarded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its name.
    pub id: MessageId,
    /// What it counted for, in bytes.
    pub size: u32,
    /// Which line it was in.
    pub priority: Priority,
    /// Its group.
    pub group: Option<Box<str>>,
    /// When it came.
    #[serde(with = "time::serde")]
    pub enqueued_at: SystemTime,
    /// Why and when it died, what went wrong before, and earlier deaths.
    pub history: History,
    /// The page that begins behind it.
    pub cursor: Cursor,
    /// What is in it.
    pub payload: Payload,
}

/// Where a page of dead letters ends; the next begins behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Cursor {
    pub(crate) at: u64,
    pub(crate) order: u64,
}

impl Cursor {
    /// Behind the letter that died then; `order` tells those of one millisecond apart, as their broker likes.
    pub fn new(at: SystemTime, order: u64) -> Self {
        let at = time::millis(at);
        Self { at, order }
    }

    /// When the letter died.
    pub fn at(&self) -> SystemTime {
        time::at(self.at)
    }

    /// What tells it from others of the same millisecond.
    pub const fn order(&self) -> u64 {
        self.order
    }
}

/// Which dead letters. Default: all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Dead for this reason.
    pub reason: Option<ReasonKind>,
    /// Dead since then.
    #[serde(with = "time::optional")]
    pub since: Option<SystemTime>,
    /// Dead before then.
    #[serde(with = "time::optional")]
    pub before: Option<SystemTime>,
}

/// Which dead letters are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// Those of these names; others are passed over.
    Ids(Vec<MessageId>),
    /// Those that a filter means, oldest first.
    Oldest {
        /// Which.
        filter: Filter,
        /// At most so many.
        count_max: usize,
    },
}

impl Selection {
    /// This one.
    pub fn one(id: MessageId) -> Self {
        Self::Ids(vec![id])
    }

    /// Every dead letter, up to a million at a time.
    pub fn all() -> Self {
        Self::Oldest {
            filter: Filter::default(),
            count_max: 1_000_000,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Delayed { .. } => "delayed",
            Self::Leased {
                is_running: false, ..
            } => "leased",
            Self::Leased {
                is_running: true, ..
            } => "running",
            Self::Dead => "dead",
        })
    }
}
