//! Callers that put a queue to work.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::DurableQueue;
use crate::stopwatch::Stopwatch;

/// How much is done: until either is reached.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// Messages.
    pub count: u64,
    /// Time.
    pub time: Duration,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Flow {
    /// So many messages.
    pub count: u64,
    /// In this time, by the [clock](Stopwatch) that the run was asked for.
    pub took: Duration,
    /// How long calls took; of many calls, some.
    pub waits: Vec<Duration>,
    /// So often something was brought to disk, if that is known.
    pub commits: Option<u64>,
}

/// How many calls of a caller are kept in mind. Source: enough for a p99.
const WAITS_MAX: usize = 20_000;

impl Flow {
    /// Messages a second.
    pub fn rate(&self) -> f64 {
        as_f64(self.count) / self.took.as_secs_f64()
    }

    /// Messages that were brought to disk at once, on average, if that is known.
    pub fn per_commit(&self) -> Option<f64> {
        Some(as_f64(self.count) / as_f64(self.commits?))
    }
}

#[expect(clippy::cast_precision_loss, reason = "fewer than 2^52")]
fn as_f64(count: u64) -> f64 {
    count as f64
}

/// Gives out the numbers of messages, so many at a time.
#[derive(Debug)]
struct Tickets {
    next: AtomicU64,
    until: Until,
    began: Instant,
    watch: Stopwatch,
}

impl Tickets {
    fn new(until: Until) -> Arc<Self> {
        Arc::new(Self {
            next: AtomicU64::new(0),
            until,
            began: Instant::now(),
            watch: Stopwatch::start(),
        })
    }

    fn take(&self, size: u64) -> Option<Range<u64>> {
        if self.began.elapsed() >= self.until.time {
            return None;
        }
        let first = self.next.fetch_add(size, Ordering::Relaxed);
        (first < self.until.count).then_some(first..first + size)
    }
}

/// Messages are taken in: from each of `callers` one at a time, or `size` at once.
///
/// # Panics
/// If a store fails.
pub async fn enqueue<Q: DurableQueue>(
    queue: &Arc<Q>,
    callers: usize,
    size: u64,
    until: Until,
) -> Flow {
    let before = queue.commits();
    let tickets = Tickets::new(until);
    let mut tasks = producers(queue, &tickets, callers, size);
    let (mut count, mut waits) = (0, Vec::new());
    while let Some(done) = tasks.join_next().await {
        let (part, some) = done.expect("the store is well");
        count += part;
        waits.extend(some);
    }
    Flow {
        count,
        took: tickets.watch.elapsed(),
        waits,
        commits: queue.commits().zip(before).map(|(now, then)| now - then),
    }
}

fn producers<Q: DurableQueue>(
    queue: &Arc<Q>,
    tickets: &Arc<Tickets>,
    callers: usize,
    size: u64,
) -> JoinSet<(u64, Vec<Duration>)> {
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (queue, tickets) = (Arc::clone(queue), Arc::clone(tickets));
        tasks.spawn(async move {
            let (mut count, mut waits) = (0, Vec::new());
            while let Some(numbers) = tickets.take(size) {
                let began = Instant::now();
                if size == 1 {
                    queue.enqueue(numbers.start).await;
                } else {
                    queue.enqueue_all(numbers).await;
                }
                count += size;
                if waits.len() < WAITS_MAX / callers {
                    waits.push(began.elapsed());
                }
            }
            (count, waits)
        });
    }
    tasks
}

/// Messages go through a queue: enqueued by `callers` producers one at a time, leased and acknowledged by as many consumers, each of which leases
/// the next message while it acknowledges one. Ends when all are acknowledged.
///
/// # Panics
/// If a store fails.
pub async fn pass<Q: DurableQueue>(queue: &Arc<Q>, callers: usize, until: Until) -> Flow {
    let tickets = Tickets::new(until);
    let goal = Arc::new(Goal::default());
    let mut consumers = JoinSet::new();
    for _ in 0..callers {
        consumers.spawn(consume(Arc::clone(queue), Arc::clone(&goal)));
    }
    let mut producers = producers(queue, &tickets, callers, 1);
    let mut count = 0;
    while let Some(done) = producers.join_next().await {
        count += done.expect("the store is well").0;
    }
    tokio::select! {
        () = goal.reach(count) => {}
        Some(ended) = consumers.join_next() => ended.expect("the store is well"),
    }
    let took = tickets.watch.elapsed();
    consumers.shutdown().await;
    Flow {
        count,
        took,
        waits: Vec::new(),
        commits: None,
    }
}

async fn consume<Q: DurableQueue>(queue: Arc<Q>, goal: Arc<Goal>) {
    let mut held = queue.lease().await;
    loop {
        let ack = async {
            queue.ack(held).await;
            goal.note();
        };
        (held, ()) = tokio::join!(queue.lease(), ack);
    }
}

/// A number of acknowledgements that is not known from the beginning.
#[derive(Debug, Default)]
struct Goal {
    done: AtomicU64,
    came: Notify,
}

impl Goal {
    fn note(&self) {
        self.done.fetch_add(1, Ordering::AcqRel);
        self.came.notify_one();
    }

    async fn reach(&self, count: u64) {
        while self.done.load(Ordering::Acquire) < count {
            self.came.notified().await;
        }
    }
}
