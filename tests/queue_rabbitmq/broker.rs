//! What this broker does in its own way, and what it refuses.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ractor_agents::prelude::*;
use ractor_agents::queue::{
    Ability, Dedup, Durability, Error, Filter, MessageId, Options, Queue, RabbitMq, Requirements,
    Selection, Stale,
};
use ractor_agents::swarm::Swarm;
use tests::{ms, secs};

use crate::{NOW, Result, SERVER, name, soon, swarm};

/// How long anything may take that has to happen.
const PATIENT: Duration = secs(20);

async fn queue(swarm: &Swarm) -> Result<Queue<u32>> {
    Ok(swarm.queue::<u32>(&name()).options(soon()).await?)
}

fn is_unsupported<T>(answer: &std::result::Result<T, Error>) -> bool {
    matches!(answer, Err(Error::Unsupported { broker, .. }) if *broker == "rabbitmq")
}

#[tokio::test]
async fn what_it_cannot_do_is_refused_and_nothing_else_fails() -> Result {
    let swarm = swarm()?;
    let queue = queue(&swarm).await?;
    assert!(is_unsupported(&queue.enqueue(&1).key("one").await));
    assert!(is_unsupported(&queue.enqueue(&1).group("one").await));
    let batch = [queue.enqueue(&1), queue.enqueue(&2)];
    assert!(is_unsupported(&queue.enqueue_batch(batch).await));
    assert!(is_unsupported(&queue.pause().await));
    assert!(is_unsupported(&queue.resume().await));
    assert!(is_unsupported(&queue.peek(1).await));
    let letters = queue.dead_letters(Filter::default(), None, 1).await;
    assert!(is_unsupported(&letters));
    let one = Selection::one(MessageId::random());
    assert!(is_unsupported(&queue.redrive(one.clone()).await));
    assert!(is_unsupported(&queue.discard(one).await));
    let dedup = Dedup::by_content(secs(60));
    assert!(is_unsupported(
        &swarm.queue::<u32>(&name()).dedup(dedup).await
    ));

    let given = queue.guarantees().await?;
    assert_eq!(given.durability, Durability::Synced);
    assert!(given.has(Ability::Sharing) && !given.has(Ability::Dedup));
    let wanted = Requirements::default().ability(Ability::Groups);
    let refused = swarm.queue::<u32>(&name()).require(wanted).await;
    assert!(matches!(refused, Err(Error::Unmet { .. })), "{refused:?}");

    queue.enqueue_batch([queue.enqueue(&3)]).await?;
    let delivery = queue.lease().await?.ok_or("nothing came")?;
    assert_eq!(delivery.message(), &3);
    delivery.ack().await?;
    Ok(())
}

#[tokio::test]
async fn a_failed_attempt_is_followed_by_others_and_then_by_death() -> Result {
    let swarm = swarm()?;
    let queue = queue(&swarm).await?;
    let id = queue.enqueue(&7).attempts(3).await?.id;
    for attempt in 1..=3 {
        let delivery = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
        assert_eq!((delivery.id(), delivery.attempts()), (id, attempt - 1));
        assert_eq!(delivery.start().await?, attempt);
        assert!(matches!(delivery.release().await, Err(Error::Started)));
        assert_eq!(delivery.nack("it failed").await?, attempt == 3);
        assert!(matches!(delivery.ack().await, Err(Error::Stale(_))));
    }
    let stats = queue.stats().await?;
    assert_eq!((stats.count(), stats.dead), (0, 1));
    assert_eq!(queue.redrive(Selection::all()).await?, 1);
    let delivery = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
    assert_eq!((delivery.id(), delivery.attempts()), (id, 0));
    delivery.dead_letter("never").await?;
    assert!(matches!(
        delivery.ack().await,
        Err(Error::Stale(Stale::Dead))
    ));
    assert_eq!(queue.discard(Selection::all()).await?, 1);
    assert_eq!(queue.stats().await?.dead, 0);
    Ok(())
}

#[tokio::test]
async fn a_delay_is_kept_and_is_not_much_longer() -> Result {
    let swarm = swarm()?;
    let queue = queue(&swarm).await?;
    let delay = ms(700);
    let begun = tokio::time::Instant::now();
    queue.enqueue(&7).delay(delay).await?;
    queue.enqueue(&8).await?;
    let first = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
    assert_eq!(first.message(), &8);
    first.ack().await?;
    let delayed = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
    assert_eq!(delayed.message(), &7);
    // The server's queues are as late as the machine is busy.
    let took = begun.elapsed();
    assert!(took >= delay && took < secs(10), "{took:?}");
    delayed.ack().await?;
    Ok(())
}

#[tokio::test]
async fn what_is_too_old_is_a_dead_letter_when_its_turn_comes() -> Result {
    let swarm = swarm()?;
    let queue = queue(&swarm).await?;
    queue.enqueue(&1).ttl(ms(20)).await?;
    queue.enqueue(&2).ttl(secs(60)).await?;
    // Its time is real: the message carries it.
    tokio::time::sleep(ms(40)).await;
    let delivery = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
    assert_eq!(delivery.message(), &2);
    assert!(delivery.expires_at().is_some());
    assert_eq!(queue.stats().await?.dead, 1);
    delivery.ack().await?;
    Ok(())
}

#[tokio::test]
async fn two_swarms_share_a_queue() -> Result {
    const COUNT: u32 = 40;
    let (one, other) = (swarm()?, swarm()?);
    let name = name();
    let here = one.queue::<u32>(&name).await?;
    let there = other.queue::<u32>(&name).await?;
    for number in 0..COUNT {
        here.enqueue(&number).await?;
    }
    let held = here.lease().await?.ok_or("nothing came")?;
    let held_there = there.lease().await?.ok_or("nothing came")?;
    let left = AtomicU32::new(COUNT - 2);
    let handle = async |queue: &Queue<u32>| -> Result<Vec<u32>> {
        let mut handled = Vec::new();
        while left.load(Ordering::Relaxed) > 0 {
            if let Some(delivery) = queue.lease().wait(ms(100)).await? {
                delivery.ack().await?;
                handled.push(*delivery.message());
                left.fetch_sub(1, Ordering::Relaxed);
            }
        }
        Ok(handled)
    };
    let (first, second) = tokio::join!(handle(&here), handle(&there));
    let (mut first, mut second) = (first?, second?);
    for (delivery, handled) in [(held, &mut first), (held_there, &mut second)] {
        delivery.ack().await?;
        handled.push(*delivery.message());
    }
    assert!(here.lease().wait(ms(50)).await?.is_none());
    let all: BTreeSet<u32> = first.iter().chain(&second).copied().collect();
    assert_eq!(all.len(), first.len() + second.len(), "none comes twice");
    assert_eq!(all, (0..COUNT).collect());
    Ok(())
}

#[tokio::test]
async fn whoever_leases_nothing_keeps_nothing_from_others() -> Result {
    let (one, other) = (swarm()?, swarm()?);
    let name = name();
    let here = one.queue::<u32>(&name).await?;
    let there = other.queue::<u32>(&name).await?;
    // Has waited, and does not any more.
    assert!(here.lease().wait(ms(20)).await?.is_none());
    for number in 0..10 {
        here.enqueue(&number).await?;
    }
    let held = here.lease().await?.ok_or("nothing came")?;
    for number in 1..10 {
        let delivery = there.lease().wait(PATIENT).await?.ok_or("nothing came")?;
        assert_eq!((delivery.message(), delivery.attempts()), (&number, 0));
        delivery.ack().await?;
    }
    held.ack().await?;
    Ok(())
}

#[tokio::test]
async fn a_full_queue_refuses_until_there_is_room() -> Result {
    /// A quorum queue notices a little later that it is full.
    const MORE: u32 = 50;
    let swarm = swarm()?;
    let name = name();
    let options = Options {
        count_max: 10,
        ..soon()
    };
    let queue = swarm.queue::<u32>(&name).options(options).await?;
    let mut taken_in = 0;
    let refused = loop {
        match queue.enqueue(&taken_in).wait(NOW).await {
            Ok(_) => taken_in += 1,
            Err(error) => break error,
        }
        assert!(taken_in < 10 + MORE, "it is never full");
    };
    assert!(matches!(refused, Error::Full(_)), "{refused:?}");
    assert!(taken_in >= 10, "{taken_in}");
    for number in 0..taken_in {
        let delivery = queue.lease().wait(PATIENT).await?.ok_or("nothing came")?;
        assert_eq!(delivery.message(), &number);
        delivery.ack().await?;
    }
    queue.enqueue(&7).await?;
    let long = swarm
        .queue::<String>(&crate::name())
        .bounds(9, 1_000)
        .await?;
    let never = long.enqueue(&"x".repeat(2_000)).await;
    assert!(matches!(never, Err(Error::NeverFits(_))), "{never:?}");
    Ok(())
}

#[tokio::test]
async fn other_bounds_than_a_queue_was_made_with_are_refused_with_advice() -> Result {
    let (one, other) = (swarm()?, swarm()?);
    let name = name();
    one.queue::<u32>(&name).bounds(10, 1_000).await?;
    let refused = other.queue::<u32>(&name).bounds(11, 1_000).await;
    let error = refused.map(drop).expect_err("other bounds").to_string();
    assert!(error.contains("bounds"), "{error}");
    other.queue::<u32>(&name).bounds(10, 1_000).await?;
    Ok(())
}

#[tokio::test]
async fn purged_is_what_waits_and_what_is_delayed() -> Result {
    let swarm = swarm()?;
    let queue = queue(&swarm).await?;
    for priority in Priority::ALL {
        queue.enqueue(&1).priority(priority).await?;
    }
    queue.enqueue(&2).delay(secs(60)).await?;
    let held = queue.lease().await?.ok_or("nothing came")?;
    let stats = queue.stats().await?;
    assert_eq!((stats.ready(), stats.delayed(), stats.leased()), (4, 1, 1));
    assert_eq!(queue.purge().await?, 5);
    held.ack().await?;
    assert_eq!(queue.stats().await?.count(), 0);
    Ok(())
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_without_the_password() -> Result {
    let wrong = format!("amqp://guest:secret@127.0.0.1:{}/%2f", SERVER.port());
    // Nobody is there.
    for address in [&*wrong, "amqp://guest:secret@127.0.0.1:1/%2f"] {
        let swarm = Swarm::builder().test();
        let swarm = swarm.broker(RabbitMq::at(address)?).build()?;
        let refused = swarm.queue::<u32>(&name()).await;
        let error = refused.map(drop).expect_err("no such user").to_string();
        assert!(!error.contains("secret"), "{error}");
    }
    Ok(())
}
