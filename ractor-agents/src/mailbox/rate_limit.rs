//! No more than so many per second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Inbound, Mailbox, Offer, Refusal};
use crate::agent::Agent;
use crate::message::Moment;

/// Refuses messages beyond a rate, with the time until there is room again.
///
/// The generic cell rate algorithm: a bucket of `burst` tokens that fills evenly, so that over any stretch of time at most
/// `burst` more than the rate's count pass. Source: ITU-T I.371, as in most rate
/// limiters.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    every: Duration,
    burst: u32,
}

impl Layer {
    /// At most `count` messages (at least 1) per `period`, as many at once.
    pub fn per(count: u32, period: Duration) -> Self {
        let count = count.max(1);
        Self {
            every: period / count,
            burst: count,
        }
    }

    /// At most `count` messages (at least 1) per second, as many at once.
    pub fn per_second(count: u32) -> Self {
        Self::per(count, Duration::from_secs(1))
    }

    /// How many (at least 1) may come at once after a quiet time. Default: as many as the rate's count.
    pub const fn burst(mut self, burst: u32) -> Self {
        self.burst = if burst == 0 { 1 } else { burst };
        self
    }
}

impl<Inner> super::Layer<Inner> for Layer {
    type Outer = RateLimit<Inner>;

    fn layer(self, inner: Inner) -> RateLimit<Inner> {
        let every = u64::try_from(self.every.as_nanos())
            .unwrap_or(u64::MAX)
            .max(1);
        RateLimit {
            inner,
            bucket: Bucket {
                every,
                slack: every.saturating_mul(u64::from(self.burst) - 1),
                next: AtomicU64::new(0),
            },
        }
    }
}

/// What [`Layer`] makes of an inner one.
#[derive(Debug)]
pub struct RateLimit<Inner> {
    inner: Inner,
    bucket: Bucket,
}

impl<A: Agent, Inner: Inbound<A>> Inbound<A> for RateLimit<Inner> {
    fn offer(&self, offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal> {
        if let Err(retry_after) = self.bucket.take(Moment::now()) {
            return Err(Refusal::RateLimited { retry_after });
        }
        self.inner
            .offer(offer, mailbox)
            .inspect_err(|_| self.bucket.put_back())
    }
}

/// A bucket of tokens, in nanoseconds.
#[derive(Debug)]
struct Bucket {
    /// What one token costs.
    every: u64,
    /// How far ahead of time the bucket may be emptied.
    slack: u64,
    /// When the next token falls due if none is saved up.
    next: AtomicU64,
}

impl Bucket {
    fn take(&self, now: Moment) -> Result<(), Duration> {
        let now = now.micros().saturating_mul(1000);
        let taken = self
            .next
            .try_update(Ordering::AcqRel, Ordering::Acquire, |next| {
                let due = next.max(now);
                (due - now <= self.slack).then_some(due.saturating_add(self.every))
            });
        taken
            .map(|_| ())
            .map_err(|next| Duration::from_nanos((next - now).saturating_sub(self.slack)))
    }

    fn put_back(&self) {
        self.next.fetch_sub(self.every, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::Duration;

    use super::Bucket;
    use crate::message::Moment;

    fn bucket(every: u64, burst: u64) -> Bucket {
        Bucket {
            every,
            slack: every * (burst - 1),
            next: AtomicU64::new(0),
        }
    }

    #[test]
    fn a_burst_passes_and_the_next_one_is_told_when_to_come_back() {
        let bucket = bucket(1_000_000, 3);
        let start = Moment::now();
        for _ in 0..3 {
            assert_eq!(bucket.take(start), Ok(()));
        }
        assert_eq!(bucket.take(start), Err(Duration::from_millis(1)));
        assert_eq!(bucket.take(start.after(Duration::from_millis(1))), Ok(()));
        assert!(bucket.take(start.after(Duration::from_millis(1))).is_err());
    }

    #[test]
    fn a_token_that_was_not_used_is_there_for_the_next() {
        let bucket = bucket(1_000_000, 1);
        let start = Moment::now();
        assert_eq!(bucket.take(start), Ok(()));
        bucket.put_back();
        assert_eq!(bucket.take(start), Ok(()));
    }

    #[test]
    fn the_rate_holds_over_time() {
        let bucket = bucket(1_000_000, 5);
        let start = Moment::now();
        let passed = (0..100_000_u64).filter(|at| {
            bucket
                .take(start.after(Duration::from_micros(at * 10)))
                .is_ok()
        });
        assert_eq!(passed.count(), 1_000 + 4);
    }
}
