//! What can be chosen for a ledger.

use super::Aging;

/// Limits and habits of one queue. Not on disk: each opening may choose anew, and records never depend on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Messages in the queue, those on lease included and dead letters not. Default: 100,000.
    pub(crate) count_max: usize,
    /// Bytes of their payloads. Default: 256 MiB.
    pub(crate) bytes_max: u64,
    /// Fingerprints remembered at a time. At the limit a message that brings one more is refused: forgetting one before its
    /// time would let a duplicate in. Default: 10 million, which take 0.47 GB.
    pub(crate) remembered_max: usize,
    /// Dead letters kept; the oldest go first. Default: all of them.
    pub(crate) dead_max: Option<usize>,
    /// The backoff before the second attempt is drawn evenly from zero to this, in milliseconds; the bound doubles with each
    /// further attempt. Default: 1 s.
    pub(crate) backoff_base: u64,
    /// The largest bound of a backoff, in milliseconds. Default: 300 s.
    pub(crate) backoff_cap: u64,
    /// Whether low priorities get a share while higher ones wait. Default: [`Aging::Fair`].
    pub(crate) aging: Aging,
}

impl Default for Settings {
    /// Source of the numbers: SQS' and `RabbitMQ`'s bounds and full jitter as AWS describes it; see the fields.
    fn default() -> Self {
        Self {
            count_max: 100_000,
            bytes_max: 256 << 20,
            remembered_max: 10_000_000,
            dead_max: None,
            backoff_base: 1_000,
            backoff_cap: 300_000,
            aging: Aging::Fair,
        }
    }
}
