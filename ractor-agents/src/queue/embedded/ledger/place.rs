//! Names: of a message, of where its bytes are, of its content.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a message, given by whoever enqueues it. At most one message of a name is in a ledger at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Id(pub(crate) u128);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// Where in the log the payload of a message is. The record that brings the message is in the same segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Number of the segment. Later segments have higher numbers.
    pub(crate) segment: u64,
    /// Bytes from its beginning.
    pub(crate) offset: u32,
    /// Bytes of the payload.
    pub(crate) len: u32,
}

/// What two messages have in common that are duplicates of each other: 128 bits of a cryptographic hash, since whoever can
/// make two messages collide can have one of them dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Fingerprint(pub(crate) [u8; 16]);
