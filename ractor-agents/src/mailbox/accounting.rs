//! Where every accepted message went.

use std::iter::Sum;
use std::ops::Add;

/// How many messages a mailbox accepted, and where each of them is or ended.
///
/// Taken under the mailbox's locks, so that [`balances`](Self::balances) holds at every instant. What was refused was
/// never accepted and does not appear. All counts are since the agent was spawned; they survive its restarts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accounting {
    /// Taken in.
    pub accepted: u64,
    /// A handler finished it.
    pub handled: u64,
    /// No attempt succeeded, or the agent ended first.
    pub failed: u64,
    /// Its time was up before a handler began.
    pub expired: u64,
    /// The same message had been accepted within the window.
    pub deduplicated: u64,
    /// It had to make room, or found none.
    pub shed: u64,
    /// Its asker went away, or lost patience while a handler was at it.
    pub cancelled: u64,
    /// Handed on to another agent.
    pub moved: u64,
    /// In line, waiting for another attempt, or scheduled for later.
    pub queued: u64,
    /// A handler is at it.
    pub in_flight: u64,
    /// Of those that ended as failed, expired or shed: how many went to the dead letters. Counted apart.
    pub dead_lettered: u64,
    /// Attempts after the first. Counted apart.
    pub retried: u64,
}

impl Accounting {
    /// Whether every accepted message is accounted for exactly once.
    pub fn balances(&self) -> bool {
        self.accepted == self.ended() + self.queued + self.in_flight
    }

    /// Messages that have reached their end, whichever it was.
    pub fn ended(&self) -> u64 {
        self.handled
            + self.failed
            + self.expired
            + self.deduplicated
            + self.shed
            + self.cancelled
            + self.moved
    }
}

impl Add for Accounting {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            accepted: self.accepted + other.accepted,
            handled: self.handled + other.handled,
            failed: self.failed + other.failed,
            expired: self.expired + other.expired,
            deduplicated: self.deduplicated + other.deduplicated,
            shed: self.shed + other.shed,
            cancelled: self.cancelled + other.cancelled,
            moved: self.moved + other.moved,
            queued: self.queued + other.queued,
            in_flight: self.in_flight + other.in_flight,
            dead_lettered: self.dead_lettered + other.dead_lettered,
            retried: self.retried + other.retried,
        }
    }
}

impl Sum for Accounting {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), Add::add)
    }
}
