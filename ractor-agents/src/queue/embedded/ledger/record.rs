//! What changes a ledger, and what is in the log.

use serde::{Deserialize, Serialize};

use super::{Cause, Fingerprint, History, Id, Place, Reason};
use crate::message::Priority;

/// One change. Applying it is all or nothing, so whatever must not be seen half done is one record.
///
/// Numbers in it are what is true afterwards, never differences, and times are in milliseconds since 1970. A record about a
/// message that the ledger does not know is about one that was carried to a younger segment: it is passed over, since what
/// was carried has it in.
///
/// On disk: variants and fields are only ever added at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Record {
    /// A process opened the queue. Attempts that were running have ended with their process; where one was the last that a
    /// message had, the message is a dead letter.
    Opened { epoch: u64, at: u64 },
    /// Messages came, all or none of them. Their places in line are `first` and those after it.
    Enqueued {
        at: u64,
        first: u64,
        messages: Vec<NewMessage>,
    },
    /// A handler began: an attempt more.
    Started { id: Id, attempts: u32 },
    /// Done with, and gone.
    Acked { id: Id },
    /// An attempt failed; the next is due at `due`.
    Retried {
        id: Id,
        at: u64,
        attempts: u32,
        due: u64,
        cause: Cause,
    },
    /// From the queue to the dead letters. `cause` is that of an attempt that ended with it.
    Buried {
        id: Id,
        at: u64,
        attempts: u32,
        reason: Reason,
        cause: Option<Cause>,
    },
    /// From the dead letters to the end of the line.
    Redriven { id: Id, order: u64 },
    /// A dead letter is gone.
    Discarded { id: Id },
    /// What was in line or delayed is gone, except for what was on lease.
    Purged { except: Vec<Id> },
    /// Leases are given, or not.
    Paused { paused: bool },
    /// A message or dead letter as it is now, so that what was written before is not needed any more.
    Carried { message: Box<Saved> },
    /// Fingerprints as they are now, likewise. They are remembered as of `segment`, which this record is in.
    Remembered {
        segment: u64,
        entries: Vec<Remembrance>,
    },
    /// Everything else as it is now, likewise.
    Header {
        epoch: u64,
        at: u64,
        next_order: u64,
        paused: bool,
    },
}

/// A message on its way in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewMessage {
    /// Its name.
    pub(crate) id: Id,
    /// Where its payload is: in the segment of the record that brings it, or in an earlier one.
    pub(crate) place: Place,
    /// What it counts for against the bound in bytes. The key of its group should be in it.
    pub(crate) size: u32,
    /// Which line it is in.
    pub(crate) priority: Priority,
    /// Messages of one priority and group are handled one at a time, in order.
    pub(crate) group: Option<Box<str>>,
    /// Not before.
    pub(crate) due: Option<u64>,
    /// Not from then on.
    pub(crate) expires: Option<u64>,
    /// Handlers that may start on it, at least 1.
    pub(crate) attempts_max: u32,
    /// What it is told from others by, and until when.
    pub(crate) dedup: Option<Dedup>,
}

#[cfg(test)]
impl NewMessage {
    /// Of normal priority, due at once, for ever, with 20 attempts; in no group and told from others by its name only.
    pub(crate) const fn new(id: Id, place: Place) -> Self {
        Self {
            id,
            place,
            size: place.length,
            priority: Priority::Normal,
            group: None,
            due: None,
            expires: None,
            attempts_max: crate::queue::options::ATTEMPTS,
            dedup: None,
        }
    }
}

/// The fingerprint of a message, and how long it is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dedup {
    /// Equal to that of its duplicates.
    pub(crate) print: Fingerprint,
    /// Up to then, exclusively.
    pub(crate) until: u64,
}

/// A fingerprint that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Remembrance {
    /// Of the first.
    pub(crate) print: Fingerprint,
    /// The first.
    pub(crate) of: Id,
    /// Up to then, exclusively.
    pub(crate) until: u64,
}

/// All that is on disk of a message or dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    /// Its name.
    pub(crate) id: Id,
    /// Where its payload is.
    pub(crate) place: Place,
    /// What it counts for, in bytes.
    pub(crate) size: u32,
    /// Which line it is in.
    pub(crate) priority: Priority,
    /// Its group.
    pub(crate) group: Option<Box<str>>,
    /// Its place in line.
    pub(crate) order: u64,
    /// When it came.
    pub(crate) enqueued_at: u64,
    /// Not before; 0 for at once.
    pub(crate) due: u64,
    /// Not from then on.
    pub(crate) expires: Option<u64>,
    /// Handlers that have started on it.
    pub(crate) attempts: u32,
    /// Handlers that may.
    pub(crate) attempts_max: u32,
    /// Whether one is at it.
    pub(crate) is_running: bool,
    /// What went wrong, and whether it is dead.
    pub(crate) history: History,
}
