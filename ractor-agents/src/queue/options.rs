//! What can be chosen for a queue.

use std::time::Duration;

use super::Error;

/// Limits and habits of one queue. Not stored with it: each opening may choose anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Messages in the queue, those on lease included and dead letters not; at least 1. Default: 100,000.
    pub count_max: usize,
    /// Bytes of them. Default: 256 MiB.
    pub bytes_max: u64,
    /// Dead letters that are kept; the oldest go first. Default: all of them.
    pub dead_max: Option<usize>,
    /// How many times a handler may start on a message that does not say otherwise, at least 1. Default: 20.
    pub attempts: u32,
    /// What the pause before another attempt is drawn from.
    pub backoff: Backoff,
    /// How long a lease lasts that nobody renews, 10 ms to 12 h. It is renewed every third of that for as long as the
    /// [`Delivery`](super::Delivery) is there. Default: 30 s.
    pub lease: Duration,
    /// Which messages are the same.
    pub dedup: Dedup,
    /// Whether low priorities get a share while higher ones wait. Default: [`Aging::Fair`].
    pub aging: Aging,
    /// How long a call waits for the broker, 1 ms or more. Default: 30 s.
    pub patience: Duration,
}

impl Default for Options {
    /// Source: the bounds are guesses; the others see their fields.
    fn default() -> Self {
        Self {
            count_max: 100_000,
            bytes_max: 256 << 20,
            dead_max: None,
            attempts: ATTEMPTS,
            backoff: Backoff::default(),
            lease: LEASE,
            dedup: Dedup::default(),
            aging: Aging::Fair,
            patience: PATIENCE,
        }
    }
}

/// How many attempts a message has where nobody says. Source: the delivery limit of quorum queues in `RabbitMQ` 4.
pub(crate) const ATTEMPTS: u32 = 20;
/// Source: the visibility timeout of SQS, `NATS`' `AckWait`.
const LEASE: Duration = Duration::from_secs(30);
/// Source: the patience of an `ask`.
const PATIENCE: Duration = Duration::from_secs(30);
/// Source: SQS' longest visibility timeout.
const LEASE_MAX: Duration = Duration::from_hours(12);

/// The pause before another attempt: drawn evenly from zero to `base`, then to twice, four times that and so on, up to `cap`.
///
/// Source: "full jitter" of Marc Brooker, "Exponential Backoff And Jitter" (2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The bound before the second attempt. Default: 1 s.
    pub base: Duration,
    /// The largest bound. Default: 300 s.
    pub cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_secs(1),
            cap: Duration::from_mins(5),
        }
    }
}

/// Which messages are the same: the second of them is not enqueued, and whoever sent it is told the name of the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dedup {
    /// How long a message is remembered, whether or not it is done with meanwhile. Default: 5 min, as SQS does.
    pub window: Duration,
    /// How many are remembered at a time. At the limit a message with one more is refused: forgetting one before its time would let a
    /// duplicate in. Default: 10 million, which take 0.5 GB of memory in the embedded broker.
    pub remembered_max: usize,
    /// Whether messages without a [key](super::Enqueue::key) are told apart by their content, by a BLAKE3 hash of it. Otherwise each is one of its own. Default:
    /// no.
    pub by_content: bool,
}

impl Default for Dedup {
    fn default() -> Self {
        Self {
            window: Duration::from_mins(5),
            remembered_max: 10_000_000,
            by_content: false,
        }
    }
}

impl Dedup {
    /// By key, and by content where there is none, for so long.
    pub fn by_content(window: Duration) -> Self {
        Self {
            window,
            by_content: true,
            ..Self::default()
        }
    }
}

/// How priorities share the leases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aging {
    /// Strictly by priority, except that a priority passed over 28 times in a row has its turn: each of them gets at least
    /// one lease in 32 while it has something available.
    #[default]
    Fair,
    /// Strictly by priority: low ones may wait for ever.
    Strict,
}

impl Options {
    pub(super) fn validate(&self) -> Result<(), Error> {
        let limits = [
            (self.count_max >= 1, "count_max", "at least 1"),
            (self.bytes_max >= 1, "bytes_max", "at least 1"),
            (self.attempts >= 1, "attempts", "at least 1"),
            (
                (Duration::from_millis(10)..=LEASE_MAX).contains(&self.lease),
                "lease",
                "10 ms to 12 h",
            ),
            (
                self.patience >= Duration::from_millis(1),
                "patience",
                "1 ms or more",
            ),
        ];
        let wrong = limits.into_iter().find(|(is_right, ..)| !is_right);
        wrong.map_or(Ok(()), |(_, option, range)| {
            Err(Error::OutOfRange { option, range })
        })
    }
}
