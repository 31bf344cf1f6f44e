//! What is left at the server when everything is done: nothing but what is remembered. The scripts keep each message in several orders and count what is in
//! them; whatever one of them forgets to take out, or counts wrongly, shows in the end.

use std::collections::BTreeSet;

use ractor_agents::message::Priority;
use ractor_agents::queue::{Backoff, Delivery, Error, Filter, Options, Queue, Selection};
use tests::{Random, RedisServer, ms};

use crate::{NOW, Result, swarm};

/// What the server has of the queue, by what comes behind its name.
fn left(server: &RedisServer) -> BTreeSet<String> {
    let keys: Vec<String> = server.ask(&["KEYS", "*"]);
    let name = "ractor-agents:{default/invoices}";
    keys.iter()
        .map(|key| key.strip_prefix(name).unwrap_or(key).to_owned())
        .collect()
}

async fn enqueue(queue: &Queue<u32>, random: &mut Random) -> Result {
    let priority = *random.one_of(&Priority::ALL);
    let group = format!("group {}", random.below(3));
    let mut message = queue.enqueue(&7).priority(priority).wait(NOW);
    if random.below(2) == 0 {
        message = message.group(&group);
    }
    match random.below(8) {
        0 => message = message.delay(ms(20)),
        1 => message = message.ttl(ms(10)),
        2 => message = message.delay(ms(10)).ttl(ms(20)).attempts(1),
        3 => message = message.key(&random.below(50).to_string()),
        _ => {}
    }
    match message.await {
        Ok(_) | Err(Error::Full(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn settle(delivery: Delivery<u32>, random: &mut Random) -> Result {
    if random.below(2) == 0 {
        match delivery.start().await {
            Ok(_) | Err(Error::Stale(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let settled = match random.below(6) {
        0 | 1 => delivery.ack().await,
        2 => delivery.nack("no").await.map(drop),
        3 => delivery.dead_letter("never").await,
        4 => delivery.release().await,
        _ => {
            drop(delivery);
            Ok(())
        }
    };
    match settled {
        Ok(()) | Err(Error::Stale(_) | Error::Started) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn operate(queue: &Queue<u32>, random: &mut Random) -> Result {
    let few = Selection::Oldest {
        filter: Filter::default(),
        count_max: 5,
    };
    match random.below(12) {
        0 => drop(queue.purge().await?),
        1 => match queue.redrive(few).await {
            Ok(_) | Err(Error::Full(_)) => {}
            Err(error) => return Err(error.into()),
        },
        2 => drop(queue.discard(few).await?),
        3 => drop(queue.peek(100).await?),
        4 => {
            queue.pause().await?;
            queue.resume().await?;
        }
        _ => {}
    }
    let stats = queue.stats().await?;
    let shown = queue.peek(1_000).await?.len();
    // What is due in between moves between them, and nothing appears or goes but by its time to live.
    assert!(shown <= stats.count() && stats.count() <= 60, "{stats:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_was_done_leaves_nothing_behind() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let mut random = Random::new(17);
    let options = Options {
        count_max: 60,
        dead_max: Some(40),
        attempts: 3,
        backoff: Backoff {
            base: ms(5),
            cap: ms(20),
        },
        // Short, since those that are dropped after a start run out.
        lease: ms(200),
        ..Options::default()
    };
    let queue = swarm.queue::<u32>("invoices").options(options).await?;
    for _ in 0..150 {
        for _ in 0..random.below(6) {
            enqueue(&queue, &mut random).await?;
        }
        let some = *random.one_of(&[1, 2, 5]);
        for delivery in queue.lease_many(some).wait(NOW).await? {
            settle(delivery, &mut random).await?;
        }
        operate(&queue, &mut random).await?;
    }
    while queue.stats().await?.count() > 0 {
        for delivery in queue.lease_many(60).wait(ms(100)).await? {
            match delivery.ack().await {
                // Its time to live may be over.
                Ok(()) | Err(Error::Stale(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    queue.discard(Selection::all()).await?;
    let stats = queue.stats().await?;
    assert_eq!(
        (stats.count(), stats.bytes, stats.dead, stats.dead_bytes),
        (0, 0, 0, 0)
    );
    let remembered = ["", ":k", ":q", ":run"].map(String::from);
    assert_eq!(left(&server), remembered.into());
    let prints: usize = server.ask(&["HLEN", "ractor-agents:{default/invoices}:k"]);
    assert_eq!(prints, stats.remembered);
    Ok(())
}
