//! What went wrong with a message, and why it died.

use serde::{Deserialize, Serialize};

/// How many of the latest causes, and of the latest deaths, a message keeps. Source: a guess; enough to see a pattern.
pub(crate) const KEPT_MAX: usize = 8;

/// How many bytes of a text are kept. Source: a guess; the head of an error is what tells it from others.
pub(crate) const TEXT_BYTES: usize = 256;

/// Why an attempt ended without an acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// The handler said so.
    Failed { error: Box<str> },
    /// The lease ran out while the handler was running.
    LeaseExpired,
    /// The process ended while the handler was running.
    ProcessEnded,
}

impl Cause {
    /// A failure, with the first 256 bytes of `error`.
    pub(crate) fn failed(error: &str) -> Self {
        Self::Failed {
            error: shortened(error),
        }
    }
}

/// Why a message is a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reason {
    /// Its attempts were used up; the last cause is the last of its history.
    Exhausted,
    /// Its time to live passed before an attempt was successful.
    Expired,
    /// Whoever had it on lease said that it can never succeed.
    Rejected { why: Box<str> },
}

impl Reason {
    /// A rejection, with the first 256 bytes of `why`.
    pub(crate) fn rejected(why: &str) -> Self {
        Self::Rejected {
            why: shortened(why),
        }
    }

    /// Which of the three it is.
    pub(crate) const fn kind(&self) -> ReasonKind {
        match self {
            Self::Exhausted => ReasonKind::Exhausted,
            Self::Expired => ReasonKind::Expired,
            Self::Rejected { .. } => ReasonKind::Rejected,
        }
    }
}

/// A [`Reason`] without its particulars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ReasonKind {
    /// [`Reason::Exhausted`].
    Exhausted,
    /// [`Reason::Expired`].
    Expired,
    /// [`Reason::Rejected`].
    Rejected,
}

impl ReasonKind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Exhausted, Self::Expired, Self::Rejected];
}

/// One attempt that came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// When it ended, in milliseconds since 1970.
    pub(crate) at: u64,
    /// Which attempt it was, from 1; counted anew after a redrive.
    pub(crate) attempt: u32,
    /// Why it ended.
    pub(crate) cause: Cause,
}

/// One time that a message became a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Death {
    /// When, in milliseconds since 1970.
    pub(crate) at: u64,
    /// Attempts it had had.
    pub(crate) attempts: u32,
    /// Why.
    pub(crate) reason: Reason,
}

/// The past of a message that has one: the last eight failures and the last eight deaths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct History {
    /// Oldest first.
    pub(crate) failures: Vec<Failure>,
    /// Those it was redriven from, oldest first.
    pub(crate) deaths: Vec<Death>,
    /// That which it is a dead letter by.
    pub(crate) dead: Option<Death>,
}

impl History {
    pub(super) fn failed(&mut self, failure: Failure) {
        push(&mut self.failures, failure);
    }

    /// The dead letter is back in the queue.
    pub(super) fn revived(&mut self) {
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
