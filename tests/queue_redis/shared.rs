//! Several processes at one queue: swarms of their own, which know nothing of each other.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ractor_agents::queue::broker::Settlement;
use ractor_agents::queue::{Broker, Error, Name, Options, Redis, Stale};
use tests::{RedisServer, ms, secs};

use crate::{NOW, Result, swarm};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_the_work_and_nothing_comes_twice() -> Result {
    const COUNT: u32 = 200;
    let server = RedisServer::start();
    let (first, second) = (swarm(&server)?, swarm(&server)?);
    let mut workers = Vec::new();
    for swarm in [&first, &second] {
        let queue = swarm.queue::<u32>("invoices").await?;
        for _ in 0..4 {
            let queue = queue.clone();
            workers.push(tokio::spawn(async move {
                let mut done = Vec::new();
                while let Some(delivery) = queue.lease().wait(ms(700)).await? {
                    done.push(*delivery.message());
                    delivery.ack().await?;
                }
                Result::Ok(done)
            }));
        }
    }
    let queue = first.queue::<u32>("invoices").await?;
    for number in 0..COUNT {
        queue.enqueue(&number).await?;
    }
    let mut done = Vec::new();
    for worker in workers {
        done.extend(worker.await??);
    }
    assert_eq!(done.len(), COUNT as usize);
    let done: BTreeSet<_> = done.into_iter().collect();
    assert_eq!(done, (0..COUNT).collect());
    Ok(())
}

#[tokio::test]
async fn what_one_process_sends_wakes_another() -> Result {
    let server = RedisServer::start();
    let (first, second) = (swarm(&server)?, swarm(&server)?);
    let sender = first.queue::<u32>("invoices").await?;
    let receiver = second.queue::<u32>("invoices").await?;
    for number in 0..5 {
        let waiting = tokio::spawn({
            let receiver = receiver.clone();
            async move { Result::Ok(receiver.lease().await?.ok_or("nothing came")?) }
        });
        // Long enough for it to be waiting.
        tokio::time::sleep(ms(50)).await;
        let sent = Instant::now();
        sender.enqueue(&number).await?;
        let delivery = waiting.await??;
        assert_eq!(*delivery.message(), number);
        assert!(sent.elapsed() < ms(800), "{:?}", sent.elapsed());
        delivery.ack().await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_a_process_left_behind_comes_to_another_when_its_lease_is_over() -> Result {
    let server = RedisServer::start();
    let options = Options {
        lease: ms(500),
        ..Options::default()
    };
    // Nobody renews its leases: to the server it is a process that stands still.
    let name: Name = "invoices".parse()?;
    let frozen = Redis::at(&server.url())?.queue(&name, &options)?;
    frozen.open().await?;
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").options(options).await?;
    let id = queue.enqueue(&7).await?.id;
    let leased = tokio::select! {
        ended = frozen.run() => return Err(format!("{ended:?}").into()),
        leased = frozen.lease(1, secs(9)) => leased?,
    };
    let token = leased[0].token;
    frozen.settle(token, Settlement::Start).await?;
    assert!(queue.lease().wait(NOW).await?.is_none());
    let started = Instant::now();
    let delivery = loop {
        // Its attempt has failed, so the next is due after a pause.
        if let Some(delivery) = queue.lease().wait(secs(9)).await? {
            break delivery;
        }
        assert!(started.elapsed() < secs(20));
    };
    assert_eq!((delivery.id(), delivery.attempts()), (id, 1));
    assert!(delivery.fence() > (token.epoch, token.number));
    for settlement in [Settlement::Ack, Settlement::Extend, Settlement::Start] {
        let refused = frozen.settle(token, settlement).await;
        assert!(
            matches!(refused, Err(Error::Stale(Stale::Replaced))),
            "{refused:?}"
        );
    }
    delivery.ack().await?;
    let refused = frozen.settle(token, Settlement::Ack).await;
    assert!(matches!(refused, Err(Error::Stale(Stale::Gone))));
    Ok(())
}

#[tokio::test]
async fn a_lease_that_runs_out_is_noticed_by_who_waits() -> Result {
    let server = RedisServer::start();
    let options = Options {
        lease: ms(400),
        ..Options::default()
    };
    let name: Name = "invoices".parse()?;
    let frozen = Redis::at(&server.url())?.queue(&name, &options)?;
    frozen.open().await?;
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").options(options).await?;
    queue.enqueue(&7).await?;
    tokio::select! {
        ended = frozen.run() => return Err(format!("{ended:?}").into()),
        leased = frozen.lease(1, secs(9)) => drop(leased?),
    }
    let started = Instant::now();
    let delivery = queue.lease().wait(secs(9)).await?.ok_or("nothing came")?;
    assert_eq!(delivery.attempts(), 0);
    assert!(
        started.elapsed() < Duration::from_millis(1_300),
        "{:?}",
        started.elapsed()
    );
    Ok(())
}
