//! Ours, as its users have it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use ractor_agents::message::Priority;
use ractor_agents::queue::{self, Delivery, Enqueue, Queue};
use ractor_agents::swarm::Swarm;
use serde::{Deserialize, Serialize};

use super::{DurableQueue, PAYLOAD, PRIORITIES, Store, key};

/// The embedded broker.
#[derive(Debug)]
pub struct Embedded {
    folder: PathBuf,
    count: AtomicU64,
}

/// A queue of a swarm of its own.
#[derive(Debug)]
pub struct Ours {
    swarm: Swarm,
    queue: Queue<Letter>,
    letter: Letter,
}

/// The message.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Letter(#[serde(with = "serde_bytes")] Vec<u8>);

/// Leaves bounds to the others: what is measured is a queue with room.
const COUNT_MAX: usize = 20_000_000;

/// Longer than any bench, so that nothing is forgotten while what remembering costs is measured.
const WINDOW: Duration = Duration::from_hours(1);

impl Ours {
    /// Opens the queue in `folder`.
    ///
    /// # Panics
    /// If it cannot be opened.
    pub async fn open(folder: &Path) -> Self {
        let swarm = Swarm::local();
        let dedup = queue::Dedup {
            window: WINDOW,
            remembered_max: COUNT_MAX,
            ..queue::Dedup::default()
        };
        let queue = swarm
            .queue("letters")
            .on(queue::Embedded::in_folder(folder))
            .bounds(COUNT_MAX, u64::MAX)
            .dedup(dedup);
        Self {
            queue: queue.await.expect("the queue opens"),
            swarm,
            letter: Letter(PAYLOAD.to_vec()),
        }
    }

    /// Takes messages in that have no key, all at once.
    ///
    /// # Panics
    /// If the disk fails.
    pub async fn enqueue_keyless(&self, count: usize) {
        let batch = (0..count).map(|_| self.queue.enqueue(&self.letter));
        let receipts = self.queue.enqueue_batch(batch).await;
        receipts.expect("the disk is well");
    }

    /// Drops whatever is in line.
    ///
    /// # Panics
    /// If the disk fails.
    pub async fn purge(&self) {
        self.queue.purge().await.expect("the disk is well");
    }

    /// Leases so many messages, and acknowledges all of them at once.
    ///
    /// # Panics
    /// If the disk fails.
    pub async fn finish(&self, count: usize) {
        let mut left = count;
        while left > 0 {
            let leased = self.queue.lease_many(left).await.expect("the disk is well");
            left -= leased.len();
            for acked in join_all(leased.iter().map(|delivery| delivery.ack())).await {
                acked.expect("the lease is good");
            }
        }
    }

    fn draft(&self, number: u64) -> Enqueue<'_> {
        let priority = Priority::ALL[usize::try_from(number % PRIORITIES).expect("it is small")];
        self.queue
            .enqueue(&self.letter)
            .key(&key(number))
            .priority(priority)
    }
}

impl Store for Embedded {
    const NAME: &'static str = "ractor-agents";

    type Queue = Ours;

    async fn start(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            count: AtomicU64::new(0),
        }
    }

    async fn queue(&self) -> Ours {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        Ours::open(&self.folder.join(format!("ours-{number}"))).await
    }
}

impl DurableQueue for Ours {
    type Lease = Delivery<Letter>;

    async fn enqueue(&self, number: u64) {
        let receipt = self.draft(number).await.expect("the disk is well");
        assert!(!receipt.is_duplicate);
    }

    async fn enqueue_all(&self, numbers: Range<u64>) {
        let batch = numbers.map(|number| self.draft(number));
        let receipts = self.queue.enqueue_batch(batch).await;
        assert!(!receipts.expect("the disk is well").is_empty());
    }

    async fn lease(&self) -> Delivery<Letter> {
        loop {
            if let Some(delivery) = self.queue.lease().await.expect("the disk is well") {
                return delivery;
            }
        }
    }

    async fn ack(&self, delivery: Delivery<Letter>) {
        delivery.ack().await.expect("the lease is good");
    }

    async fn close(self) {
        self.queue.close().await;
        self.swarm.shutdown(Duration::from_secs(5)).await;
    }
}
