//! An append-only log in a folder, which survives `kill -9`, power loss and errors of the disk.
//!
//! Knows bytes, not messages. Records are appended to memory and committed together: a commit is one write and one `fdatasync`, and
//! is there as a whole or not at all. What was committed is replayed in order when the log is opened the next time, and can be read
//! by its [`Place`] from any thread in between.
//!
//! ```text
//! 0000000000000007.log   a page of header, then frames            the oldest live segment
//! 0000000000000008.log   header │ frame │ frame │ frame │ zeros   the one being written
//! 0000000000000009.log   header │ zeros, or frames of old         ready
//! lock                   the number of the process that has the folder
//! next.tmp               becomes 000000000000000a.log once it is full of zeros
//! ```
//!
//! Why segments that are written before they are used? `fdatasync` of a file whose length and blocks stay the same needs no commit of
//! the file system's journal, which makes a lone commit some four times faster. So segments have a fixed size, are filled with zeros ahead of time
//! ([`Log::tend`]) and are used again when what they hold is retired. Frames carry the random salt of their segment's header, so those of
//! an earlier use are never taken for frames.
//!
//! # Commits
//! A commit is one frame: header, checksum, any number of records. Frames never cross segments. A commit that outgrows its
//! segment continues in a frame of the next one, and only its last frame says that it is whole; it costs a write and an `fdatasync` per
//! segment. A frame is written only after every frame before it is on disk. So the sequence number of a frame is
//! also the mark up to which the log was durable when the frame was written.
//!
//! # What recovery can tell
//! Frames are taken as long as salt, checksum and sequence number fit. Where they stop:
//! - A frame with a later sequence number behind that point proves that the one missing there was once on disk: the log is
//!   [`Corrupted`](Error::Corrupted), and stays untouched.
//! - Otherwise the rest is what was being written at the end. It was never acknowledged, and is cut off.
//!
//! **What cannot be told apart:** damage to the very last commit looks like a commit that never got to the disk, and is cut off. The window
//! is one commit, and opening closes it, because it writes a frame of its own.
//!
//! # Opening, and a second crash while at it
//! 1. If a commit of several frames is cut off, the frames after its first are wiped, last segment first, so that the next crash finds no
//!    frame behind the cut.
//! 2. The last whole commit is written again, the same bytes at the same place, and synced: after a failed `fdatasync` it may have been seen in the
//!    system's cache without being on disk, and a further `fdatasync` alone would not bring it there.
//! 3. A frame without records and with the next epoch is written over the beginning of whatever was cut off. Only then [`Log::open`] returns, so an
//!    [`epoch`](Log::epoch) is never seen twice.
//!
//! # Errors
//! An error of a write or an `fdatasync` poisons the log: it never tries again, and every later call says [`Poisoned`](Error::Poisoned). What had been committed is
//! still there, what was being committed may be: open the log again to know. A full disk is no such error, because room is made before it is needed:
//! [`NoSpace`](Error::NoSpace) comes from [`Log::tend`], [`Log::reserve`] and [`Log::append`], and changes nothing.
//!
//! # What it relies on
//! A sector that is being written when the power fails holds the old bytes or the new ones afterwards, because frames share sectors with their
//! neighbours, whose bytes are written again unchanged (`SQLite` calls that power-safe overwrite, and expects it too). `fdatasync` does what it says.
//! One open file per live segment: ten thousand live segments need ten thousand descriptors, so a large backlog wants larger segments.
//!
//! Checksums are CRC-32 by `crc32fast`: maintained, no C, no dependencies to speak of, and many times faster than the disk. A frame has
//! one, and so has each record in it: a read needs no more than the record. Both are over the place as well, so bytes that are right somewhere else are wrong
//! here.

mod disk;
mod error;
mod frame;
mod part;
mod reader;
mod real;
mod recovery;
mod segment;
#[cfg(any(test, feature = "_simulate"))]
#[cfg_attr(
    not(feature = "_simulate"),
    expect(
        unreachable_pub,
        reason = "public for the suites of this workspace only"
    )
)]
pub(crate) mod simulate;
#[cfg(test)]
mod tests;
mod writer;
mod yard;

use serde::{Deserialize, Serialize};

pub(crate) use disk::{Disk, DiskFile, Lock, LockError};
pub(crate) use error::Error;
pub(crate) use real::Folder;
pub(crate) use writer::Log;

/// Where a record is: of the same size in memory whatever the record's.
///
/// On disk, where records tell of other records: fields are only ever added at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    /// The number of the segment.
    pub(crate) segment: u64,
    /// Where in the segment, in bytes.
    pub(crate) offset: u32,
    /// How many bytes the record has.
    pub(crate) length: u32,
}

/// How a log uses its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// Bytes of a new segment. Default 16 MiB; rounded up to whole pages of 4 KiB, at least 16 KiB and at most 1 GiB. Segments that
    /// are there already keep their size.
    pub(crate) segment_bytes: u32,
    /// How many segments are kept ready at most. Default 2 (guess), at least 1: one is always prepared, more come from retired ones, and what is
    /// beyond that is removed.
    pub(crate) ready_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 16 << 20,
            ready_max: 2,
        }
    }
}

impl Options {
    fn checked(self) -> Self {
        Self {
            segment_bytes: self
                .segment_bytes
                .clamp(4 * segment::PAGE, 1 << 30)
                .next_multiple_of(segment::PAGE),
            ready_max: self.ready_max.max(1),
        }
    }
}
