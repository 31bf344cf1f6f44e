//! One process, one server.

use std::time::{Duration, Instant};

use ractor_agents::message::Priority;
use ractor_agents::queue::{
    Bound, Cause, Dedup, Durability, Error, Filter, Position, Reason, ReasonKind, Selection, Stale,
};
use tests::{RedisServer, ms, secs};

use crate::{NOW, Result, swarm};

#[tokio::test]
async fn a_message_goes_in_and_out() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<String>("invoices").await?;
    assert_eq!(queue.guarantees().await?.durability, Durability::Synced);
    let receipt = queue.enqueue(&"17".to_owned()).key("17").await?;
    let again = queue.enqueue(&"17".to_owned()).key("17").await?;
    assert_eq!((again.id, again.is_duplicate), (receipt.id, true));

    let delivery = queue.lease().await?.ok_or("nothing came")?;
    assert_eq!(
        (delivery.message().as_str(), delivery.id()),
        ("17", receipt.id)
    );
    assert!(queue.lease().wait(NOW).await?.is_none());
    assert_eq!(delivery.start().await?, 1);
    assert_eq!(delivery.start().await?, 1);
    assert!(matches!(delivery.release().await, Err(Error::Started)));
    delivery.extend().await?;
    delivery.ack().await?;
    assert!(matches!(
        delivery.ack().await,
        Err(Error::Stale(Stale::Gone))
    ));
    let stats = queue.stats().await?;
    assert_eq!((stats.count(), stats.bytes, stats.remembered), (0, 0, 1));
    queue.close().await;
    assert!(matches!(queue.stats().await, Err(Error::Closed)));
    Ok(())
}

#[tokio::test]
async fn a_waiting_lease_gets_what_comes_at_once() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").await?;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move {
            let delivery = queue.lease().await?.ok_or("nothing came")?;
            delivery.ack().await?;
            Result::Ok((*delivery.message(), Instant::now()))
        }
    });
    // Long enough for it to be waiting.
    tokio::time::sleep(ms(100)).await;
    let sent = Instant::now();
    queue.enqueue(&7).await?;
    let (message, came) = waiting.await??;
    assert_eq!(message, 7);
    // Less than it would take if nobody said that something has come.
    assert!(came - sent < ms(800), "{:?}", came - sent);
    Ok(())
}

#[tokio::test]
async fn what_is_delayed_comes_when_it_is_due() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").await?;
    let sent = Instant::now();
    queue.enqueue(&1).delay(ms(300)).await?;
    queue.enqueue(&2).delay(ms(100)).await?;
    let peeked = queue.peek(9).await?;
    assert!(matches!(peeked[0].position, Position::Delayed { .. }));
    let mut order = Vec::new();
    for least in [ms(100), ms(300)] {
        let delivery = queue.lease().wait(secs(9)).await?.ok_or("nothing came")?;
        let took = sent.elapsed();
        assert!(took >= least && took < least + ms(800), "{took:?}");
        order.push(*delivery.message());
        delivery.ack().await?;
    }
    assert_eq!(order, [2, 1]);
    Ok(())
}

#[tokio::test]
async fn a_failed_message_comes_again_and_then_is_a_dead_letter() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").attempts(2).await?;
    let id = queue.enqueue(&7).group("a").await?.id;
    queue.enqueue(&8).group("a").await?;
    let first = queue.lease().await?.ok_or("nothing came")?;
    first.start().await?;
    assert!(!first.nack_for(ms(50), "no").await?);
    // Its group waits for it.
    assert!(queue.lease().wait(NOW).await?.is_none());
    let second = queue.lease().await?.ok_or("nothing came")?;
    assert_eq!(
        (second.id(), second.attempts(), second.group()),
        (id, 1, Some("a"))
    );
    assert!(matches!(
        first.ack().await,
        Err(Error::Stale(Stale::Replaced))
    ));
    assert!(second.nack("never").await?);
    assert!(matches!(second.ack().await, Err(Error::Stale(Stale::Dead))));
    let letters = queue.dead_letters(Filter::default(), None, 9).await?;
    let history = &letters[0].history;
    assert_eq!(letters[0].id, id);
    assert_eq!(history.failures.len(), 2);
    assert_eq!(
        history.failures[0].cause,
        Cause::Failed { error: "no".into() }
    );
    assert_eq!(history.failures[1].attempt, 2);
    assert_eq!(
        history.dead.as_ref().map(|dead| &dead.reason),
        Some(&Reason::Exhausted)
    );
    let only_rejected = Filter {
        reason: Some(ReasonKind::Rejected),
        ..Filter::default()
    };
    assert!(queue.dead_letters(only_rejected, None, 9).await?.is_empty());

    assert_eq!(queue.redrive(Selection::one(id)).await?, 1);
    let after = queue.lease_many(9).await?;
    assert_eq!(after.len(), 1, "one at a time of a group");
    assert_eq!(*after[0].message(), 8);
    after[0].dead_letter("as well").await?;
    let again = queue.lease().await?.ok_or("nothing came")?;
    assert_eq!((again.id(), again.attempts()), (id, 0));
    again.ack().await?;
    assert_eq!(queue.discard(Selection::all()).await?, 1);
    let stats = queue.stats().await?;
    assert_eq!((stats.count(), stats.dead, stats.dead_bytes), (0, 0, 0));
    Ok(())
}

#[tokio::test]
async fn dead_letters_come_in_pages_in_the_order_of_their_deaths() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").await?;
    for number in 0..25 {
        // Every other one dies by the clock.
        let message = queue.enqueue(&number);
        if number % 2 == 0 {
            message.ttl(Duration::ZERO).await?;
        } else {
            message.await?;
            let delivery = queue.lease().await?.ok_or("nothing came")?;
            delivery.dead_letter("no").await?;
        }
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = queue.dead_letters(Filter::default(), after, 10).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        for letter in &page {
            seen.push(queue.decode(&letter.payload)?);
        }
    }
    assert_eq!(seen, (0..25).collect::<Vec<_>>());
    let middle = queue.dead_letters(Filter::default(), None, 12).await?;
    let since = Filter {
        since: middle.last().map(|letter| letter.cursor.at()),
        ..Filter::default()
    };
    let late = queue.dead_letters(since, None, 99).await?;
    assert!(late.len() >= 14 && late.len() < 25, "{}", late.len());
    Ok(())
}

#[tokio::test]
async fn a_batch_comes_in_as_a_whole_or_not_at_all() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").bounds(3, 1 << 20).await?;
    let batch = |count: u32| {
        let numbers: Vec<u32> = (0..count).collect();
        let queue = queue.clone();
        async move {
            let batch = numbers.iter().map(|number| queue.enqueue(number).wait(NOW));
            queue.enqueue_batch(batch.collect::<Vec<_>>()).await
        }
    };
    assert_eq!(batch(2).await?.len(), 2);
    assert!(matches!(
        batch(2).await,
        Err(Error::Full(Bound::Count { max: 3 }))
    ));
    assert!(matches!(
        batch(4).await,
        Err(Error::NeverFits(Bound::Count { max: 3 }))
    ));
    assert_eq!(queue.stats().await?.count(), 2);
    assert_eq!(queue.purge().await?, 2);
    assert_eq!(queue.stats().await?.bytes, 0);
    Ok(())
}

#[tokio::test]
async fn higher_priorities_come_first_and_lower_ones_in_the_end() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").await?;
    queue.enqueue(&1_000).priority(Priority::Low).await?;
    let numbers: Vec<u32> = (0..60).collect();
    let batch = numbers
        .iter()
        .map(|number| queue.enqueue(number).priority(Priority::High));
    queue.enqueue_batch(batch.collect::<Vec<_>>()).await?;
    let mut order = Vec::new();
    for delivery in queue.lease_many(61).await? {
        order.push(*delivery.message());
        delivery.ack().await?;
    }
    assert_eq!(order.len(), 61);
    assert_eq!(order.iter().position(|number| *number == 1_000), Some(28));
    Ok(())
}

#[tokio::test]
async fn what_nobody_needs_any_more_is_given_back() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let queue = swarm.queue::<u32>("invoices").await?;
    queue.enqueue(&7).await?;
    let delivery = queue.lease().await?.ok_or("nothing came")?;
    drop(delivery);
    let delivery = queue.lease().wait(secs(9)).await?.ok_or("nothing came")?;
    assert_eq!(delivery.attempts(), 0);
    queue.pause().await?;
    delivery.release().await?;
    assert!(queue.lease().wait(ms(50)).await?.is_none());
    assert!(queue.stats().await?.is_paused);
    queue.resume().await?;
    assert!(queue.lease().wait(secs(9)).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_window_that_is_over_lets_the_same_message_in() -> Result {
    let server = RedisServer::start();
    let swarm = swarm(&server)?;
    let dedup = Dedup::by_content(ms(200));
    let queue = swarm.queue::<u32>("invoices").dedup(dedup).await?;
    let first = queue.enqueue(&7).await?;
    assert!(queue.enqueue(&7).await?.is_duplicate);
    assert_eq!(queue.purge().await?, 1);
    assert_eq!(queue.enqueue(&7).await?.id, first.id);
    // The window is the matter.
    tokio::time::sleep(ms(250)).await;
    assert!(!queue.enqueue(&7).await?.is_duplicate);
    Ok(())
}
