//! The state of one durable queue, as a pure state machine.
//!
//! No I/O, no clock, no lock, no task and no chance but that of a seed. The time comes in as an argument, in milliseconds
//! since 1970; one that is earlier than the last is taken for the last.
//!
//! ```text
//!  an operation ──decides──▶ Record ──apply──▶ state          live: the records go into the log, and when they are on
//!                              │                              disk the answer goes out
//!                              ▼
//!                             log ──────apply──▶ state        opening: every record of the log, oldest first
//! ```
//!
//! - **Invariant: `apply` alone changes what is on disk.** After the records of any prefix of the log, the state is what the
//!   live ledger had there, leases apart.
//! - **Invariant: a message is in exactly one place at every prefix**: in line, delayed, on lease, dead, or gone. Whatever
//!   moves is one record.
//! - Leases are not on disk. They die with the process, as a folder belongs to one process; what is on disk is that a handler
//!   started, since that counts an attempt.
//! - Time itself is no record. That a delayed message is due, that a fingerprint is out of its window, and that a lease which
//!   nobody started on has run out all follow from the clock, and [`advance`](Ledger::advance) only moves what follows.
//! - Payloads stay on disk; the ledger knows their [`Place`].
//!
//! # What it costs
//! Every operation takes logarithmic time in the number of messages, times what it is asked for or moves; purging takes
//! time for each message that goes. Memory, measured with a million of each kind (`tests/memory.rs`):
//!
//! | | bytes |
//! |---|---|
//! | a message in line | 165 |
//! | delayed | 173 |
//! | with a time to live | 37 more |
//! | alone in a group with a key of 16 bytes | 132 more |
//! | a remembered fingerprint | 46 to 50, so 0.47 GB for 10 million |
//!
//! Slots of messages that are gone are used anew, not given back.
//!
//! # Opening and compacting
//! [`new`](Ledger::new), [`apply`](Ledger::apply) for every record, [`open`](Ledger::open). Segments are retired oldest first:
//! [`payloads_in`](Ledger::payloads_in) says what to copy, [`carry`](Ledger::carry) writes what else is needed, and when it
//! says that nothing is left, and its records are on disk, the segment can go.

mod apply;
mod carry;
mod clock;
mod dead;
mod dice;
mod enqueue;
mod faults;
mod groups;
mod lease;
mod leases;
mod letters;
mod message;
mod peek;
mod ready;
mod record;
mod remembered;
mod segments;
mod settings;
mod settle;
mod stages;
mod stats;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;

pub(crate) use self::enqueue::{Outcome, Refused};
pub(crate) use self::faults::Fault;
pub(crate) use self::lease::Leased;
pub(crate) use self::leases::ReleaseError;
pub(crate) use self::letters::DeadLetter;
pub(crate) use self::peek::{Position, View};
pub(crate) use self::record::{Dedup, NewMessage, Record};
pub(crate) use self::settings::Settings;
pub(crate) use self::settle::Fate;
#[cfg(test)]
pub(crate) use self::tests::Snapshot;
pub(crate) use super::log::Place;
use crate::queue::history::{Cause, Death, Failure, History, Reason, ReasonKind};
use crate::queue::{
    Aging, Bound, Cursor, Filter, Fingerprint, LaneStats, MessageId as Id, Selection, Stale, Stats,
    Token,
};

use self::dead::Dead;
use self::dice::Dice;
use self::faults::Faults;
use self::groups::Groups;
use self::leases::Leases;
use self::message::{Handle, Messages};
use self::ready::Ready;
use self::remembered::Remembered;
use self::segments::Segments;
use self::stats::Tally;

/// The state of one queue.
#[derive(Debug)]
pub(crate) struct Ledger {
    settings: Settings,
    /// The latest time it was told.
    now: u64,
    /// Of this opening; 0 before the first.
    epoch: u64,
    paused: bool,
    /// The place in line of the next message.
    next_order: u64,
    messages: Messages,
    groups: Groups,
    /// Messages that are available.
    ready: Ready,
    /// Delayed messages by when they are due.
    delayed: BTreeSet<(u64, Handle)>,
    /// Messages with a time to live that no handler is at, by when it ends.
    expiring: BTreeSet<(u64, Handle)>,
    /// Messages that a handler is at.
    running: BTreeSet<Handle>,
    leases: Leases,
    dead: Dead,
    remembered: Remembered,
    segments: Segments,
    tally: Tally,
    dice: Dice,
    faults: Faults,
}

impl Ledger {
    /// An empty ledger. Backoffs are drawn from `seed`.
    pub(crate) fn new(settings: Settings, seed: u64) -> Self {
        Self {
            settings,
            now: 0,
            epoch: 0,
            paused: false,
            next_order: 0,
            messages: Messages::default(),
            groups: Groups::default(),
            ready: Ready::default(),
            delayed: BTreeSet::new(),
            expiring: BTreeSet::new(),
            running: BTreeSet::new(),
            leases: Leases::default(),
            dead: Dead::default(),
            remembered: Remembered::default(),
            segments: Segments::default(),
            tally: Tally::default(),
            dice: Dice::new(seed),
            faults: Faults::default(),
        }
    }

    /// Begins a new epoch, after the records of the log have been applied.
    ///
    /// What was on lease is available at once. What a handler had started on has had that attempt, and is a dead letter if it
    /// was the last. No lease may be given before these records are on disk, since its token would carry an epoch that may be
    /// given again.
    pub(crate) fn open(&mut self, now: u64, out: &mut Vec<Record>) {
        self.now = self.now.max(now);
        let opened = Record::Opened {
            epoch: self.epoch + 1,
            at: self.now,
        };
        self.commit(opened, out);
        self.advance(now, out);
    }

    /// Gives no leases until [`resume`](Self::resume), over openings too. Those given stay good.
    pub(crate) fn pause(&mut self, out: &mut Vec<Record>) {
        self.set_paused(true, out);
    }

    /// Gives leases again.
    pub(crate) fn resume(&mut self, out: &mut Vec<Record>) {
        self.set_paused(false, out);
    }

    fn set_paused(&mut self, paused: bool, out: &mut Vec<Record>) {
        if self.paused != paused {
            self.commit(Record::Paused { paused }, out);
        }
    }

    /// Of this opening; 0 before the first.
    #[cfg(test)]
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The latest time that it was told, by an operation or by a record: a clock that is behind it has gone backwards.
    pub(crate) const fn now(&self) -> u64 {
        self.now
    }

    /// Makes a decision true, and has it written.
    fn commit(&mut self, record: Record, out: &mut Vec<Record>) {
        self.apply(&record);
        out.push(record);
    }
}
