//! Subscribers without room.

use std::time::Duration;

use ractor_agents::mailbox::Overflow;
use ractor_agents::routing::topic::WhenFull;
use tests::{Task, idle, ms, secs, test_swarm};
use tokio::time::{Instant, timeout};

use crate::{Result, full, published, puppet};

#[tokio::test(start_paused = true)]
async fn who_is_full_is_skipped_and_counted_and_nobody_is_waited_for() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (busy, stuck) = full(&swarm, Overflow::Wait).await?;
    let (free, puppet) = puppet(&swarm).await?;
    let (paused, _) = crate::puppet(&swarm).await?;
    paused.pause();
    for agent in [&busy, &free, &paused] {
        topics.subscribe(agent, "#")?;
    }
    let begun = Instant::now();
    let told = topics.publish("a", Task::note(7)).await?;
    assert_eq!((told, begun.elapsed()), (published(1, 2), ms(0)));
    stuck.gate.open();
    idle().await;
    assert_eq!(puppet.done.all(), [7]);
    assert_eq!(stuck.done.all(), [1_001, 1_002]);
    assert_eq!(topics.publish("a", Task::note(8)).await?, published(2, 1));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn lanes_that_drop_take_the_message_and_lanes_that_reject_are_not_waited_for() -> Result {
    let swarm = test_swarm();
    let wait = WhenFull::Wait(Duration::MAX);
    let topics = swarm.topics::<Task>().when_full(wait).await?;
    for (overflow, expected) in [
        (Overflow::DropOldest, published(1, 0)),
        (Overflow::DropNewest, published(1, 0)),
        (Overflow::Reject, published(0, 1)),
    ] {
        let (busy, _) = full(&swarm, overflow).await?;
        topics.subscribe(&busy, "a")?;
        assert_eq!(topics.publish("a", Task::note(7)).await?, expected);
        topics.unsubscribe_all(busy.id());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn by_choice_they_are_waited_for_and_the_others_have_theirs_meanwhile() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (busy, stuck) = full(&swarm, Overflow::Wait).await?;
    let (free, puppet) = puppet(&swarm).await?;
    topics.subscribe(&busy, "#")?;
    topics.subscribe(&free, "#")?;
    let publish = topics.publish("a", Task::note(7));
    let publish = publish.when_full(WhenFull::Wait(secs(10)));
    let others = async {
        tokio::time::sleep(secs(3)).await;
        assert_eq!(puppet.done.all(), [7]);
        stuck.gate.open();
    };
    let begun = Instant::now();
    let (told, ()) = tokio::join!(publish.into_future(), others);
    assert_eq!(told?, published(2, 0));
    assert!((secs(3)..ms(3_010)).contains(&begun.elapsed()));
    idle().await;
    assert_eq!(stuck.done.all(), [1_001, 1_002, 7]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn they_are_waited_for_no_longer_than_the_limit() -> Result {
    let swarm = test_swarm();
    let wait = WhenFull::Wait(secs(2));
    let topics = swarm.topics::<Task>().when_full(wait).await?;
    let mut stuck = Vec::new();
    for _ in 0..3 {
        let (busy, puppet) = full(&swarm, Overflow::Wait).await?;
        topics.subscribe(&busy, "#")?;
        stuck.push(puppet);
    }
    let begun = Instant::now();
    let publish = async {
        let later = async {
            tokio::time::sleep(secs(1)).await;
            stuck[0].gate.open();
        };
        tokio::join!(topics.publish("a", Task::note(7)).into_future(), later).0
    };
    assert_eq!(publish.await?, published(1, 2));
    assert!((secs(2)..ms(2_010)).contains(&begun.elapsed()));
    assert_eq!(
        topics.publish("a", Task::note(8)).now()?,
        published(1, 2),
        "now is now"
    );
    stuck.iter().for_each(|puppet| puppet.gate.open());
    idle().await;
    assert_eq!(stuck[1].done.all(), [1_001, 1_002]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_publication_that_is_dropped_leaves_the_room_to_others() -> Result {
    let swarm = test_swarm();
    let wait = WhenFull::Wait(Duration::MAX);
    let topics = swarm.topics::<Task>().when_full(wait).await?;
    let (busy, stuck) = full(&swarm, Overflow::Wait).await?;
    topics.subscribe(&busy, "#")?;
    let dropped = timeout(secs(1), topics.publish("a", Task::note(7)).into_future()).await;
    assert!(dropped.is_err());
    stuck.gate.open();
    idle().await;
    assert_eq!(topics.publish("a", Task::note(8)).await?, published(1, 0));
    idle().await;
    assert_eq!(stuck.done.all(), [1_001, 1_002, 8]);
    Ok(())
}
