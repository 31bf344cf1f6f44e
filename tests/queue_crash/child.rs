//! The process that is killed: eight who enqueue, eight who lease, and one who looks after the dead letters, until the end.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ractor_agents::prelude::*;
use ractor_agents::queue::{
    Backoff, Dedup, Delivery, Embedded, Error, Filter, MessageId, Queue, Selection,
};
use tests::{Random, ms};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::Result;
use crate::line::{Deed, Held, Line, Sent, Word};

/// What is in the queue: a number, the key that it was sent with, and bytes that follow from the number.
pub type Message = (u64, String, Vec<u8>);

/// Attempts of a message.
pub const ATTEMPTS: u32 = 4;

/// Messages in the queue at most, so that one peek shows them all.
pub const COUNT_MAX: usize = 300;

/// The bytes that belong to a number.
pub fn body(serial: u64) -> Vec<u8> {
    let mut random = Random::new(serial);
    let length = random.below(900);
    (0..length)
        .map(|_| random.next().to_le_bytes()[0])
        .collect()
}

/// Small segments, so that messages are carried from one to another all the time.
pub fn swarm(folder: &Path) -> Result<Swarm> {
    let broker = Embedded::in_folder(folder).segment_bytes(64 << 10);
    Ok(Swarm::builder().broker(broker).build()?)
}

/// The queue, whose leases are short, so that some run out.
pub async fn open(swarm: &Swarm) -> Result<Queue<Message>> {
    let queue = swarm
        .queue("work")
        .bounds(COUNT_MAX, 16 << 20)
        .attempts(ATTEMPTS)
        .lease(ms(100))
        .backoff(Backoff {
            base: ms(4),
            cap: ms(20),
        })
        .dedup(Dedup {
            // Longer than any run.
            window: Duration::from_hours(12),
            ..Dedup::default()
        })
        .await?;
    Ok(queue)
}

/// Opens the queue in `folder` and works until the process is killed. Says on the standard output how far it is, and what it does in the
/// file `tale`.
pub async fn live(folder: &Path, tale: &Path, seed: u64) -> Result {
    println!("opening");
    let swarm = swarm(folder)?;
    let queue = open(&swarm).await?;
    println!("opened");
    let hand = Hand {
        queue,
        tale: Arc::new(OpenOptions::new().append(true).open(tale)?),
        // Numbers of other children are far away.
        next: Arc::new(AtomicU64::new(seed << 24)),
    };
    let mut random = Random::new(seed);
    let mut all = JoinSet::new();
    for _ in 0..8 {
        all.spawn(hand.clone().produce(random.fork()));
        all.spawn(hand.clone().consume(random.fork()));
    }
    all.spawn(hand.operate(random.fork()));
    match all.join_next().await {
        Some(ended) => ended?,
        None => Ok(()),
    }
}

#[derive(Clone)]
struct Hand {
    queue: Queue<Message>,
    tale: Arc<File>,
    next: Arc<AtomicU64>,
}

impl Hand {
    /// In one write, so that a line is whole whatever others write.
    fn tell(&self, line: &Line) -> Result {
        (&*self.tale).write_all(format!("{line}\n").as_bytes())?;
        Ok(())
    }

    fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    async fn produce(self, mut random: Random) -> Result {
        loop {
            let count = if random.once_in(3) {
                2 + random.below(4)
            } else {
                1
            };
            self.enqueue(count, &mut random).await?;
        }
    }

    async fn enqueue(&self, count: u64, random: &mut Random) -> Result {
        let mut sent = Vec::new();
        let mut batch = Vec::new();
        for _ in 0..count {
            let (serial, id) = (self.number(), MessageId::random());
            let key = match random.below(6) {
                0 => Some(format!("u{serial}")),
                // Of a window that moves on, so that they meet, and former children's too.
                1 => Some(format!("s{}", (serial >> 24) * 8 + random.below(24))),
                _ => None,
            };
            let message = (serial, key.clone().unwrap_or_default(), body(serial));
            let mut enqueue = self.queue.enqueue(&message).id(id);
            if let Some(key) = &key {
                enqueue = enqueue.key(key);
            }
            enqueue = enqueue.priority(*random.one_of(&Priority::ALL));
            if random.once_in(4) {
                enqueue = enqueue.group(["a", "b", "c"][usize::try_from(random.below(3))?]);
            }
            if random.once_in(6) {
                enqueue = enqueue.delay(ms(random.below(30)));
            }
            let id = id.as_u128();
            sent.push(Sent { id, serial, key });
            batch.push(enqueue);
        }
        let call = self.number();
        self.tell(&Line::Enqueue { call, batch: sent })?;
        let receipts = match <[_; 1]>::try_from(batch) {
            Ok([one]) => vec![one.await?],
            Err(batch) => self.queue.enqueue_batch(batch).await?,
        };
        let receipts = receipts
            .iter()
            .map(|receipt| (receipt.id.as_u128(), receipt.is_duplicate));
        let receipts = receipts.collect();
        self.tell(&Line::Enqueued { call, receipts })
    }

    async fn consume(self, mut random: Random) -> Result {
        loop {
            let deliveries = if random.once_in(2) {
                let one = self.queue.lease().wait(ms(20)).await?;
                one.into_iter().collect()
            } else {
                let count_max = 2 + random.below(8);
                let many = self.queue.lease_many(usize::try_from(count_max)?);
                many.wait(ms(20)).await?
            };
            for delivery in &deliveries {
                self.tell(&Line::Leased {
                    held: held(delivery),
                    serial: delivery.message().0,
                    attempts: delivery.attempts(),
                })?;
            }
            for delivery in deliveries {
                self.handle(delivery, &mut random).await?;
            }
        }
    }

    async fn handle(&self, delivery: Delivery<Message>, random: &mut Random) -> Result {
        if !random.once_in(3) {
            self.say(&delivery, Word::Start, random).await?;
        }
        let word = match random.below(24) {
            0..14 => Word::Ack,
            14..18 => Word::Nack,
            18..20 => Word::Bury,
            20 => Word::Release,
            21 => {
                // Long enough for renewals, and sometimes for a lease to run out.
                sleep(ms(random.below(60))).await;
                Word::Ack
            }
            // Dropped without a word.
            _ => return Ok(()),
        };
        self.say(&delivery, word, random).await
    }

    async fn say(&self, delivery: &Delivery<Message>, word: Word, random: &mut Random) -> Result {
        let held = held(delivery);
        self.tell(&Line::Settle { held, word })?;
        // Sometimes whoever asks goes away before there is an answer.
        let patience = random
            .once_in(12)
            .then(|| Duration::from_micros(random.below(2_000)));
        let delay = random.once_in(2).then(|| ms(random.below(20)));
        let saying = async {
            match (word, delay) {
                (Word::Start, _) => return delivery.start().await,
                (Word::Ack, _) => delivery.ack().await?,
                (Word::Nack, None) => drop(delivery.nack("no luck").await?),
                (Word::Nack, Some(delay)) => drop(delivery.nack_for(delay, "later").await?),
                (Word::Bury, _) => delivery.dead_letter("never").await?,
                (Word::Release, _) => delivery.release().await?,
            }
            Ok(0)
        };
        let Ok(said) = timeout(patience.unwrap_or(Duration::MAX), saying).await else {
            return Ok(());
        };
        let taken = match said {
            Ok(attempt) => Some(attempt),
            Err(Error::Stale(_) | Error::Started) => None,
            Err(error) => return Err(error.into()),
        };
        self.tell(&Line::Settled { held, word, taken })
    }

    /// Redrives dead letters, and discards some.
    async fn operate(self, mut random: Random) -> Result {
        loop {
            sleep(ms(random.below(20))).await;
            let letters = self.queue.dead_letters(Filter::default(), None, 5).await?;
            let ids: Vec<MessageId> = letters.iter().map(|letter| letter.id).collect();
            if ids.is_empty() {
                continue;
            }
            let call = self.number();
            let deed = *random.one_of(&[Deed::Redrive, Deed::Discard]);
            self.tell(&Line::Do {
                call,
                deed,
                ids: ids.iter().map(|id| id.as_u128()).collect(),
            })?;
            let selection = Selection::Ids(ids);
            let done = match deed {
                Deed::Redrive => self.queue.redrive(selection).await,
                Deed::Discard => self.queue.discard(selection).await,
            };
            match done {
                Ok(count) => self.tell(&Line::Done { call, count })?,
                Err(Error::Full(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn held(delivery: &Delivery<Message>) -> Held {
    Held {
        fence: delivery.fence(),
        id: delivery.id().as_u128(),
    }
}
