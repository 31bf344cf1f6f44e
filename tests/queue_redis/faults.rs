//! A server that is killed, one that stands still, and connections that are lost, in the middle of work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use ractor_agents::queue::{Error, Queue, Redis, Stats};
use ractor_agents::swarm::Swarm;
use tests::{Log, RedisServer, ms, secs};

use crate::{NOW, Result, swarm};

/// What is known of the work from outside.
#[derive(Clone, Default)]
struct Books {
    next: Arc<AtomicU32>,
    is_over: Arc<AtomicBool>,
    /// Messages whose enqueueing was answered.
    sent: Log<u32>,
    /// Messages that were delivered.
    came: Log<u32>,
    /// Messages whose acknowledgement was answered.
    done: Log<u32>,
    /// What went wrong.
    errors: Log<&'static str>,
}

impl Books {
    fn note(&self, error: &Error) -> bool {
        let kind = match error {
            Error::Unknown(_) => "unknown",
            Error::Disconnected(_) => "disconnected",
            Error::Stale(_) => "stale",
            _ => return false,
        };
        self.errors.push(kind);
        true
    }
}

async fn produce(queue: Queue<u32>, books: Books) -> Result {
    while !books.is_over.load(Ordering::Relaxed) {
        let number = books.next.fetch_add(1, Ordering::Relaxed);
        loop {
            // Sent again until it is known to be there: the key makes one message of it.
            let sent = queue.enqueue(&number).key(&number.to_string()).await;
            match sent {
                Ok(_) => break books.sent.push(number),
                Err(error) if books.note(&error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // So that the queue stays small: what is shown is not how much it takes.
        tokio::time::sleep(ms(1)).await;
    }
    Ok(())
}

async fn consume(queue: Queue<u32>, books: Books) -> Result {
    loop {
        let delivery = match queue.lease().wait(ms(500)).await {
            Ok(Some(delivery)) => delivery,
            Ok(None) if books.is_over.load(Ordering::Relaxed) => return Ok(()),
            Ok(None) => continue,
            Err(error) if books.note(&error) => continue,
            Err(error) => return Err(error.into()),
        };
        let number = *delivery.message();
        books.came.push(number);
        match delivery.ack().await {
            Ok(()) => books.done.push(number),
            Err(error) if books.note(&error) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Work goes on while somebody disturbs it; then it is seen whether anything is missing.
async fn work(swarm: &Swarm, mut disturb: impl AsyncFnMut() -> Result) -> Result<Books> {
    let books = Books::default();
    // Short, so that what was on lease when a connection went comes back while the test runs.
    let queue = swarm.queue::<u32>("invoices").lease(secs(1)).await?;
    let mut workers = Vec::new();
    for _ in 0..4 {
        workers.push(tokio::spawn(produce(queue.clone(), books.clone())));
        workers.push(tokio::spawn(consume(queue.clone(), books.clone())));
    }
    for _ in 0..3 {
        let sent = books.sent.len();
        wait(|| books.sent.len() > sent + 50).await?;
        disturb().await?;
    }
    let sent = books.sent.len();
    wait(|| books.sent.len() > sent + 50).await?;
    books.is_over.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await??;
    }
    let limit = Instant::now() + secs(30);
    while queue.stats().await?.count() > 0 {
        assert!(Instant::now() < limit, "{:?}", queue.stats().await?);
        if let Some(delivery) = queue.lease().wait(ms(100)).await? {
            books.came.push(*delivery.message());
            delivery.ack().await?;
            books.done.push(*delivery.message());
        }
    }
    let sent: BTreeSet<u32> = books.sent.all().into_iter().collect();
    let came: BTreeSet<u32> = books.came.all().into_iter().collect();
    let lost: Vec<_> = sent.difference(&came).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let mut done = BTreeMap::new();
    for number in books.done.all() {
        *done.entry(number).or_insert(0) += 1;
    }
    let twice: Vec<_> = done.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "done twice: {twice:?}");
    let Stats { bytes, dead, .. } = queue.stats().await?;
    assert_eq!((bytes, dead), (0, 0));
    Ok(books)
}

async fn wait(is_so: impl Fn() -> bool) -> Result {
    let limit = Instant::now() + secs(60);
    while !is_so() {
        if Instant::now() > limit {
            return Err("work stands still".into());
        }
        // Others work meanwhile, and tell nobody.
        tokio::time::sleep(ms(5)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_with_a_server_that_is_killed() -> Result {
    let mut server = RedisServer::start();
    let swarm = swarm(&server)?;
    let books = work(&swarm, async || {
        server.kill();
        // Long enough for callers to notice.
        tokio::time::sleep(ms(100)).await;
        server.start_again();
        Ok(())
    })
    .await?;
    assert!(!books.errors.is_empty(), "nobody noticed");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_with_connections_that_are_cut() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    work(&swarm, async || {
        let _: i64 = server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        tokio::time::sleep(ms(50)).await;
        let _: i64 = server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
        Ok(())
    })
    .await?;
    Ok(())
}

#[tokio::test]
async fn scripts_that_were_flushed_are_loaded_again() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").await?;
    let _: String = server.ask(&["SCRIPT", "FLUSH"]);
    queue.enqueue(&7).await?;
    assert!(queue.lease().await?.is_some());
    Ok(())
}

#[tokio::test]
async fn who_calls_while_the_server_is_away_waits_or_is_told() -> Result {
    let mut server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").await?;
    queue.enqueue(&1).await?;
    let held = queue.lease().await?.ok_or("nothing came")?;
    let before = held.fence();
    server.kill();
    // Whoever is first may be the one by whom it is found out.
    let _ = queue.enqueue(&2).wait(NOW).await;
    let refused = queue.enqueue(&3).wait(NOW).await;
    assert!(
        matches!(refused, Err(Error::Disconnected(_))),
        "{refused:?}"
    );
    let refused = queue.lease().wait(ms(50)).await;
    assert!(
        matches!(refused, Err(Error::Disconnected(_))),
        "{refused:?}"
    );
    let waiting = {
        let queue = queue.clone();
        tokio::spawn(async move { queue.enqueue(&4).await })
    };
    let acknowledged = tokio::spawn(async move { held.ack().await });
    tokio::time::sleep(ms(100)).await;
    server.start_again();
    waiting.await??;
    acknowledged.await??;
    let delivery = queue.lease().await?.ok_or("nothing came")?;
    assert_eq!(*delivery.message(), 4);
    assert!(delivery.fence().0 > before.0, "another run of the server");
    Ok(())
}

#[tokio::test]
async fn a_server_that_stands_still_is_not_waited_for_for_ever() -> Result {
    let server = RedisServer::start();
    let broker = Redis::at(&server.url())?.response_timeout(secs(2));
    let swarm = Swarm::builder().test().broker(broker).build()?;
    let queue = swarm.queue::<u32>("invoices").await?;
    server.freeze(true);
    let started = Instant::now();
    let unknown = queue.enqueue(&7).key("7").wait(NOW).await;
    let took = started.elapsed();
    server.freeze(false);
    assert!(matches!(unknown, Err(Error::Unknown(_))), "{unknown:?}");
    assert!(took < secs(20), "{took:?}");
    queue.enqueue(&7).key("7").await?;
    let delivery = queue.lease().await?.ok_or("nothing came")?;
    delivery.ack().await?;
    assert_eq!(queue.stats().await?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_queue_can_be_closed_while_its_server_is_away_or_refused() -> Result {
    let mut server = RedisServer::start();
    let swarm = swarm(&server)?;
    let refused = swarm.queue::<u32>("refused").await?;
    let away = swarm.queue::<u32>("away").await?;
    let _: String = server.ask(&["CONFIG", "SET", "appendfsync", "no"]);
    while !matches!(
        refused.enqueue(&1).wait(NOW).await,
        Err(Error::Unmet { .. })
    ) {
        // The settings are looked at now and then.
        tokio::time::sleep(ms(10)).await;
    }
    tokio::time::timeout(secs(20), refused.close()).await?;
    server.kill();
    tokio::time::timeout(secs(20), away.close()).await?;
    assert!(matches!(away.stats().await, Err(Error::Closed)));
    Ok(())
}
