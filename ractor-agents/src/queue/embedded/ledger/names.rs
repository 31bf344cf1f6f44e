//! Names: of a message, of its content.

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

/// What two messages have in common that are duplicates of each other: 128 bits of a cryptographic hash, since whoever can
/// make two messages collide can have one of them dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Fingerprint(pub(crate) [u8; 16]);
