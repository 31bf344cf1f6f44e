//! The message that every peer carries.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number, or 64 bytes that begin with one; senders alternate between the two.
///
/// 72 bytes in either case: what an agent's message enum tends to weigh, and the shape of the measurements the targets come from.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub enum Message {
    /// The small variant.
    Small(u64),
    /// The large variant.
    Large([u8; 64]),
}

/// Marks a number as a time stamp rather than a count.
const STAMP: u64 = 1 << 63;

impl Message {
    /// The message that carries `number`: small if it is even, large if it is odd.
    pub fn numbered(number: u64) -> Self {
        if number.is_multiple_of(2) {
            return Self::Small(number);
        }
        let mut bytes = [0; 64];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        Self::Large(bytes)
    }

    /// A message that carries the nanoseconds at which it was sent.
    pub fn stamped(nanoseconds: u64) -> Self {
        Self::Small(STAMP | nanoseconds)
    }

    /// The number inside.
    pub fn number(&self) -> u64 {
        match self {
            Self::Small(number) => *number,
            Self::Large(bytes) => bytes
                .first_chunk()
                .map_or(0, |first| u64::from_le_bytes(*first)),
        }
    }

    /// The time stamp, if this message was made by [`stamped`](Self::stamped).
    pub fn stamp(&self) -> Option<u64> {
        let number = self.number();
        (number & STAMP != 0).then_some(number & !STAMP)
    }
}

/// Takes the next `count` numbers; returns the first of them.
///
/// No number is given out twice in a process, so that a layer that looks for duplicates finds none.
pub fn take_numbers(count: u64) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(count, Ordering::Relaxed)
}
