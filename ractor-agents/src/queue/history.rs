//! What went wrong with a message, and why it died.

use std::fmt;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

/// How many of the latest causes, and of the latest deaths, a message keeps. Source: a guess; enough to see a pattern.
pub(crate) const KEPT_MAX: usize = 8;

/// How many bytes of a text are kept. Source: a guess; the head of an error is what tells it from others.
pub(crate) const TEXT_BYTES: usize = 256;

/// Why an attempt ended without an acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// The handler said so.
    Failed {
        /// What it said: the first 256 bytes.
        error: Box<str>,
    },
    /// The lease ran out while the handler was running.
    LeaseExpired,
    /// The process ended while the handler was running.
    ProcessEnded,
}

impl Cause {
    /// A failure, with the first 256 bytes of `error`.
    pub fn failed(error: &str) -> Self {
        Self::Failed {
            error: shortened(error),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { error } => f.write_str(error),
            Self::LeaseExpired => f.write_str("the lease ran out while the handler was running"),
            Self::ProcessEnded => f.write_str("the process ended while the handler was running"),
        }
    }
}

/// Why a message is a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Its attempts were used up; the last cause is the last of its history.
    Exhausted,
    /// Its time to live passed before an attempt was successful.
    Expired,
    /// Whoever had it on lease said that it can never succeed.
    Rejected {
        /// What it said: the first 256 bytes.
        why: Box<str>,
    },
}

impl Reason {
    /// A rejection, with the first 256 bytes of `why`.
    pub fn rejected(why: &str) -> Self {
        Self::Rejected {
            why: shortened(why),
        }
    }

    /// Which of the three it is.
    pub const fn kind(&self) -> ReasonKind {
        match self {
            Self::Exhausted => ReasonKind::Exhausted,
            Self::Expired => ReasonKind::Expired,
            Self::Rejected { .. } => ReasonKind::Rejected,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted => f.write_str("its attempts were used up"),
            Self::Expired => f.write_str("its time to live was over"),
            Self::Rejected { why } => write!(f, "rejected: {why}"),
        }
    }
}

/// A [`Reason`] without its particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReasonKind {
    /// [`Reason::Exhausted`].
    Exhausted,
    /// [`Reason::Expired`].
    Expired,
    /// [`Reason::Rejected`].
    Rejected,
}

impl ReasonKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Exhausted, Self::Expired, Self::Rejected];
}

/// One attempt that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// When it ended.
    #[serde(with = "super::time::serde")]
    pub at: SystemTime,
    /// Which attempt it was, from 1; counted anew after a redrive.
    pub attempt: u32,
    /// Why it ended.
    pub cause: Cause,
}

/// One time that a message became a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Death {
    /// When.
    #[serde(with = "super::time::serde")]
    pub at: SystemTime,
    /// Attempts it had had.
    pub attempts: u32,
    /// Why.
    pub reason: Reason,
}

/// The past of a message that has one: the last eight failures and the last eight deaths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Oldest first.
    pub failures: Vec<Failure>,
    /// Those it was redriven from, oldest first.
    pub deaths: Vec<Death>,
    /// That which it is a dead letter by.
    pub dead: Option<Death>,
}

impl History {
    /// For brokers: an attempt came to nothing. The last eight are kept.
    pub fn failed(&mut self, failure: Failure) {
        push(&mut self.failures, failure);
    }

    /// For brokers: the dead letter is back in the queue. Its last eight deaths are kept.
    pub fn revived(&mut self) {
        if let Some(death) = self.dead.take() {
            push(&mut self.deaths, death);
        }
    }
}

fn push<T>(kept: &mut Vec<T>, new: T) {
    if kept.len() >= KEPT_MAX {
        kept.remove(0);
    }
    kept.push(new);
}

fn shortened(text: &str) -> Box<str> {
    let mut end = text.len().min(TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}
