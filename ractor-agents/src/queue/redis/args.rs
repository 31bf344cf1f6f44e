//! What scripts are told.

use bytes::Bytes;

use crate::queue::{Options, Token, time};

/// What every script has to know of a queue, since what is due is done by whichever comes.
pub(super) struct Habits {
    backoff_base: u64,
    backoff_cap: u64,
    dead_max: i64,
}

/// Later than any time, and longer. Source: 2^53 - 1, up to which numbers of Lua are exact.
pub(super) const FAR: u64 = (1 << 53) - 1;

impl Habits {
    pub(super) fn of(options: &Options) -> Self {
        let dead_max = options.dead_max.map(|max| i64::try_from(max).unwrap_or(-1));
        Self {
            backoff_base: time::as_millis(options.backoff.base),
            backoff_cap: time::as_millis(options.backoff.cap),
            dead_max: dead_max.unwrap_or(-1),
        }
    }
}

/// The arguments of one call.
#[derive(Clone, Debug)]
pub(super) struct Args(Vec<Bytes>);

impl Args {
    pub(super) fn of(habits: &Habits) -> Self {
        // What the server takes as a seed.
        let seed = u64::from(rand::random::<u32>() >> 1);
        Self(Vec::with_capacity(16))
            .number(habits.backoff_base)
            .number(habits.backoff_cap)
            .bytes(habits.dead_max.to_string())
            .number(seed)
    }

    pub(super) fn bytes(mut self, bytes: impl Into<Bytes>) -> Self {
        self.0.push(bytes.into());
        self
    }

    pub(super) fn number(self, number: u64) -> Self {
        self.bytes(number.min(FAR).to_string())
    }

    pub(super) fn count(self, count: usize) -> Self {
        self.number(u64::try_from(count).unwrap_or(FAR))
    }

    pub(super) fn word(self, word: &'static str) -> Self {
        self.bytes(Bytes::from_static(word.as_bytes()))
    }

    pub(super) fn flag(self, flag: bool) -> Self {
        self.word(if flag { "1" } else { "0" })
    }

    pub(super) fn id(self, id: crate::queue::MessageId) -> Self {
        self.bytes(id.as_u128().to_be_bytes().to_vec())
    }

    pub(super) fn token(self, token: Token) -> Self {
        self.number(token.epoch).number(token.number).id(token.id)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.0.iter()
    }
}
