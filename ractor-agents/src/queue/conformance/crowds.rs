//! Many who enqueue and many who lease, at one queue.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::breach::{Verdict, claim, equal};
use super::stage::{
    PATIENT, SPARE, Stage, all_gone, has, message, ms, put, put_all, take, taken_in, unsupported,
    usual,
};
use crate::message::Priority;
use crate::queue::{Ability, Delivery, Enqueue, MessageId, Options, Queue};

/// How many of each.
const CROWD: usize = 8;
/// How many messages each of them enqueues.
const EACH: usize = 25;
const ALL: usize = CROWD * EACH;

/// Who has what, as those who lease see it.
#[derive(Default)]
struct Watch {
    seen: Mutex<Seen>,
    done: AtomicUsize,
}

#[derive(Default)]
struct Seen {
    /// On lease, with the group.
    held: HashMap<MessageId, Option<String>>,
    /// The fence of the last lease.
    fences: HashMap<MessageId, (u64, u64)>,
    /// Leased, in this order.
    begun: Vec<String>,
    /// Acknowledged or dead.
    done: Vec<String>,
    ids: HashSet<MessageId>,
}

impl Watch {
    fn with<T>(&self, what: impl FnOnce(&mut Seen) -> T) -> T {
        what(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_done(&self, count: usize) -> bool {
        self.done.load(Ordering::Relaxed) >= count
    }

    /// A message is on lease: nobody has it or another of its group, and no former lease was later.
    fn begins(&self, delivery: &Delivery<String>) -> Verdict {
        let (id, group) = (delivery.id(), delivery.group().map(str::to_owned));
        self.with(|seen| {
            let is_alone = group.is_none() || seen.held.values().all(|held| *held != group);
            claim(
                is_alone,
                format!("two of group {group:?} are on lease at once"),
            )?;
            let held = seen.held.insert(id, group);
            claim(held.is_none(), "a message is on lease twice at once")?;
            seen.begun.push(delivery.message().clone());
            let before = seen.fences.insert(id, delivery.fence());
            let is_later = before.is_none_or(|before| delivery.fence() > before);
            claim(is_later, "a later lease has a greater fence")?;
            claim(!seen.ids.contains(&id), "what is acknowledged comes again")
        })
    }

    /// Its lease is about to end.
    fn ends(&self, delivery: &Delivery<String>) {
        self.with(|seen| seen.held.remove(&delivery.id()));
    }

    /// It was acknowledged, or is a dead letter.
    fn is_done_with(&self, delivery: &Delivery<String>) {
        self.with(|seen| {
            seen.ids.insert(delivery.id());
            seen.done.push(delivery.message().clone());
        });
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Leases and acknowledges until so many are done with.
    async fn work(&self, queue: &Queue<String>, count: usize) -> Verdict {
        while !self.is_done(count) {
            for delivery in queue.lease_many(3).wait(ms(50)).await? {
                self.begins(&delivery)?;
                delivery.start().await?;
                self.ends(&delivery);
                delivery.ack().await?;
                self.is_done_with(&delivery);
            }
        }
        Ok(())
    }

    /// Handles a message in one of five ways, by the last digit of its text.
    async fn handle(&self, delivery: Delivery<String>) -> Verdict {
        let is_first = self.with(|seen| !seen.fences.contains_key(&delivery.id()));
        self.begins(&delivery)?;
        let way = delivery.message().bytes().last().map(|digit| digit % 5);
        self.ends(&delivery);
        match way {
            Some(0) if is_first => {
                delivery.start().await?;
                delivery.nack("not the first time").await?;
            }
            Some(1) if is_first => delivery.release().await?,
            Some(2) if is_first => drop(delivery),
            Some(3) => {
                delivery.start().await?;
                delivery.dead_letter("never").await?;
                self.is_done_with(&delivery);
            }
            _ => {
                delivery.start().await?;
                delivery.ack().await?;
                self.is_done_with(&delivery);
            }
        }
        Ok(())
    }

    /// All of them are done with, each once.
    fn has_seen(&self, mut expected: Vec<String>) -> Verdict {
        let mut found = self.with(|seen| std::mem::take(&mut seen.done));
        found.sort_unstable();
        expected.sort_unstable();
        equal(found.len(), expected.len(), "messages that are done with")?;
        claim(found == expected, "each of them is done with once")
    }
}

/// The texts of each who enqueues.
fn texts() -> Vec<Vec<String>> {
    let own = |producer| (0..EACH).map(move |number| format!("{producer}:{number:03}"));
    (0..CROWD).map(|producer| own(producer).collect()).collect()
}

/// One of a crowd.
type One = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// All of them at once, on as many threads as there are.
async fn crowd(all: impl IntoIterator<Item = One>) -> Verdict {
    let mut crowd: JoinSet<Verdict> = all.into_iter().collect();
    while let Some(one) = crowd.join_next().await {
        one??;
    }
    Ok(())
}

/// Enqueues its texts, in whichever way.
fn sender<F>(queue: &Queue<String>, texts: Vec<String>, send: F) -> One
where
    F: for<'m> Fn(Enqueue<'m>, &str) -> Enqueue<'m> + Send + 'static,
{
    let queue = queue.clone();
    Box::pin(async move {
        for text in texts {
            taken_in(send(message(&queue, &text), &text)).await?;
        }
        Ok(())
    })
}

/// Works until so many are done with.
fn worker(queue: &Queue<String>, watch: &Arc<Watch>, count: usize) -> One {
    let (queue, watch) = (queue.clone(), Arc::clone(watch));
    Box::pin(async move { watch.work(&queue, count).await })
}

pub(super) async fn each_message_is_handled_once_by_one(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let (watch, texts) = (Arc::default(), texts());
    let senders = texts.iter().map(|own| {
        sender(&queue, own.clone(), |message, text| {
            let number: usize = text.bytes().map(usize::from).sum();
            let priority = Priority::ALL.get(number % Priority::COUNT).copied();
            message.priority(priority.unwrap_or_default())
        })
    });
    let workers = (0..CROWD).map(|_| worker(&queue, &watch, ALL));
    crowd(senders.chain(workers)).await?;
    watch.has_seen(texts.concat())?;
    all_gone(&queue).await?;
    equal(queue.stats().await?.dead, 0, "dead letters")
}

pub(super) async fn each_group_is_handled_in_order_by_many(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Groups).await? {
        return unsupported(message(&queue, "a").group("1").await, Ability::Groups);
    }
    let (watch, texts): (Arc<Watch>, _) = (Arc::default(), texts());
    let senders = texts.iter().map(|own| {
        sender(&queue, own.clone(), |message, text| {
            message.group(text.split(':').next().unwrap_or_default())
        })
    });
    let workers = (0..CROWD).map(|_| worker(&queue, &watch, ALL));
    crowd(senders.chain(workers)).await?;
    let begun = watch.with(|seen| seen.begun.clone());
    for (producer, expected) in texts.iter().enumerate() {
        let group = format!("{producer}:");
        let found: Vec<_> = begun
            .iter()
            .filter(|text| text.starts_with(&group))
            .collect();
        equal(found, expected.iter().collect(), "the order within a group")?;
    }
    watch.has_seen(texts.concat())?;
    all_gone(&queue).await
}

pub(super) async fn a_narrow_queue_lets_everything_through(stage: &mut Stage) -> Verdict {
    let count_max = 4;
    let queue = stage
        .queue_with(Options {
            count_max,
            ..usual()
        })
        .await?;
    let is_bounded = has(&queue, Ability::Bounds).await?;
    let (watch, texts): (Arc<Watch>, _) = (Arc::default(), texts());
    let senders = texts
        .iter()
        .map(|own| sender(&queue, own.clone(), |message, _| message.wait(2 * PATIENT)));
    let workers = (0..2).map(|_| worker(&queue, &watch, ALL));
    let (looking, looked_at) = (queue.clone(), Arc::clone(&watch));
    let looks: One = Box::pin(async move {
        while !looked_at.is_done(ALL) {
            let count = looking.stats().await?.count();
            // Weaker without bounds: everything comes through all the same.
            let is_within = !is_bounded || count <= count_max;
            claim(
                is_within,
                format!("{count} messages in a queue for {count_max}"),
            )?;
            sleep(ms(5)).await;
        }
        Ok(())
    });
    crowd(senders.chain(workers).chain([looks])).await?;
    watch.has_seen(texts.concat())?;
    all_gone(&queue).await
}

pub(super) async fn what_fails_comes_again_until_it_is_done_or_dead(stage: &mut Stage) -> Verdict {
    let lease = SPARE;
    let queue = stage.queue_with(Options { lease, ..usual() }).await?;
    let (watch, texts): (Arc<Watch>, _) = (Arc::default(), texts());
    let senders = texts
        .iter()
        .map(|own| sender(&queue, own.clone(), |message, _| message));
    let workers = (0..CROWD).map(|_| -> One {
        let (queue, watch) = (queue.clone(), Arc::clone(&watch));
        Box::pin(async move {
            while !watch.is_done(ALL) {
                if let Some(delivery) = queue.lease().wait(ms(50)).await? {
                    watch.handle(delivery).await?;
                }
            }
            Ok(())
        })
    });
    crowd(senders.chain(workers)).await?;
    let rejected = texts
        .concat()
        .iter()
        .filter(|text| text.bytes().last().is_some_and(|digit| digit % 5 == 3))
        .count();
    equal(queue.stats().await?.dead, rejected, "dead letters")?;
    watch.has_seen(texts.concat())?;
    all_gone(&queue).await
}

pub(super) async fn whoever_holds_messages_keeps_nobody_from_the_rest(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    let (watch, texts): (Arc<Watch>, _) = (Arc::default(), texts());
    put_all(&queue, &["held", "held", "held"]).await?;
    let held = queue.lease_many(3).wait(PATIENT).await?;
    equal(held.len(), 3, "messages that are held")?;
    let senders = texts
        .iter()
        .map(|own| sender(&queue, own.clone(), |message, _| message));
    let workers = (0..2).map(|_| worker(&queue, &watch, ALL));
    crowd(senders.chain(workers)).await?;
    watch.has_seen(texts.concat())?;
    for delivery in held {
        delivery.ack().await?;
    }
    all_gone(&queue).await
}

pub(super) async fn dropped_enqueues_are_there_once_or_not_at_all(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let (mut sent, mut answered) = (HashSet::new(), HashSet::new());
    for round in 0..100_u64 {
        let message = message(&queue, &round.to_string());
        let id = message.message_id();
        sent.insert(id);
        // Some are answered in that time, others are on their way.
        let limit = Duration::from_micros(round * 131 % 4_000);
        if let Ok(receipt) = tokio::time::timeout(limit, message.into_future()).await {
            equal(receipt?.id, id, "the name on the receipt")?;
            answered.insert(id);
        }
    }
    // Whatever was asked for before is done before this.
    put(&queue, "last").await?;
    let mut found = HashSet::new();
    loop {
        let delivery = take(&queue).await?;
        delivery.ack().await?;
        if delivery.message() == "last" {
            break;
        }
        claim(found.insert(delivery.id()), "it is there once")?;
        claim(sent.contains(&delivery.id()), "it was sent")?;
    }
    // A broker that is a server may be told of the last of them later than of that.
    while let Some(delivery) = queue.lease().wait(ms(100)).await? {
        delivery.ack().await?;
        claim(found.insert(delivery.id()), "it is there once")?;
        claim(sent.contains(&delivery.id()), "it was sent")?;
    }
    claim(found.is_superset(&answered), "what was answered is there")?;
    all_gone(&queue).await
}
