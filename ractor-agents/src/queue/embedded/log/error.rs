//! What goes wrong with a log.

use std::io;

/// Why a log cannot be opened, or did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Somebody has the folder, in another process or in this one.
    #[error("the log is in use by {}", holder.map_or_else(|| "another process".into(), |id| format!("process {id}")))]
    InUse {
        /// The number of the process that has it, if it has written that down yet.
        holder: Option<u32>,
    },
    /// What was once on disk is damaged or missing.
    #[error("the log is corrupted in segment {segment} at byte {offset}")]
    Corrupted {
        /// The number of the segment.
        segment: u64,
        /// From where on, in bytes.
        offset: u32,
    },
    /// A segment was written by a later version of this program.
    #[error("segment {segment} has format {format}, which this program does not know")]
    UnknownFormat {
        /// The number of the segment.
        segment: u64,
        /// Its format.
        format: u32,
    },
    /// A record that does not fit into a segment. Nothing was appended.
    #[error("a record of {length} bytes is longer than the {length_max} of a segment")]
    TooLong {
        /// Bytes of the record.
        length: usize,
        /// Bytes of the longest record.
        length_max: usize,
    },
    /// The disk is full. Nothing was appended or lost; worth another try when there is room.
    #[error("no space for another segment")]
    NoSpace(#[source] io::Error),
    /// The disk failed. The log is poisoned if it was writing.
    #[error("cannot {doing}")]
    Io {
        /// What it was doing.
        doing: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// An earlier call failed to write. What it wrote may be on disk or not; opening the log anew tells.
    #[error("an earlier error of the disk has poisoned the log")]
    Poisoned,
    /// The record's segment is retired.
    #[error("segment {segment} is retired")]
    Retired {
        /// The number of the segment.
        segment: u64,
    },
    /// The place is not, or not yet, that of a committed record.
    #[error("nothing is committed at that place")]
    NotCommitted,
    /// The log that the reader belongs to is gone.
    #[error("the log is closed")]
    Closed,
}

impl Error {
    /// For `map_err`: an error of the disk while `doing`.
    pub(super) fn io(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }

    /// The same for what is done ahead of need, where a full disk is no disaster.
    pub(super) fn ahead(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace(source),
            _ => Self::Io { doing, source },
        }
    }
}
