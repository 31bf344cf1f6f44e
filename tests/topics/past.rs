//! What those who come later are given.

use ractor_agents::routing::topic::Topics;
use tests::{Task, idle, test_swarm};

use crate::{Result, published, puppet};

async fn publish(topics: &Topics<Task>, all: &[(&str, u64)]) -> Result {
    for (subject, id) in all {
        topics.publish(*subject, Task::note(*id)).await?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn by_default_who_comes_later_hears_nothing_of_the_past() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    publish(&topics, &[("a", 1)]).await?;
    let (agent, _) = puppet(&swarm).await?;
    assert_eq!(topics.subscribe(&agent, "#")?, published(0, 0));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_last_message_of_each_subject_is_retained() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().retain().await?;
    publish(&topics, &[("a.x", 1), ("a.y", 2), ("b", 3), ("a.x", 4)]).await?;
    let (agent, puppet) = puppet(&swarm).await?;
    assert_eq!(topics.subscribe(&agent, "a.*")?, published(2, 0));
    assert_eq!(topics.subscribe(&agent, "a.*")?, published(0, 0));
    publish(&topics, &[("a.y", 5)]).await?;
    idle().await;
    assert_eq!(puppet.done.take(), [2, 4, 5]);
    assert!(topics.unretain(&"a.y".parse()?));
    assert!(!topics.unretain(&"a.y".parse()?));
    topics.subscribe(&agent, "#")?;
    idle().await;
    assert_eq!(puppet.done.take(), [3, 4]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limit_the_subject_published_to_longest_ago_is_forgotten() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().retain_max(2).await?;
    publish(&topics, &[("a", 1), ("b", 2), ("a", 3), ("c", 4)]).await?;
    let (agent, puppet) = puppet(&swarm).await?;
    assert_eq!(topics.subscribe(&agent, "#")?, published(2, 0));
    idle().await;
    assert_eq!(puppet.done.all(), [3, 4]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_last_messages_that_match_are_replayed_in_their_order() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().replay(4).await?;
    publish(&topics, &[("a", 1), ("a", 2), ("b", 3), ("a", 4), ("a", 5)]).await?;
    let (agent, puppet) = puppet(&swarm).await?;
    assert_eq!(topics.subscribe(&agent, "a")?, published(3, 0));
    idle().await;
    assert_eq!(puppet.done.all(), [2, 4, 5]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_both_retained_and_replayed_comes_once() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().retain().replay(2).await?;
    publish(&topics, &[("a", 1), ("b", 2), ("c", 3), ("c", 4)]).await?;
    let (agent, puppet) = puppet(&swarm).await?;
    assert_eq!(topics.subscribe(&agent, "#")?, published(4, 0));
    idle().await;
    assert_eq!(puppet.done.all(), [1, 2, 3, 4]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_past_that_finds_no_room_is_counted() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().replay(10).await?;
    for number in 0..10 {
        publish(&topics, &[("a", number)]).await?;
    }
    let puppet = tests::Puppet::default();
    let agent = swarm.spawn(puppet.clone()).depth(3).await?;
    assert_eq!(topics.subscribe(&agent, "a")?, published(3, 7));
    idle().await;
    assert_eq!(puppet.done.all(), [0, 1, 2]);
    Ok(())
}

/// Publishers and subscribers at the same time, on several threads: each subscriber gets each message once, out of the past or when
/// it is published.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_subscribes_while_messages_are_published_misses_none_and_gets_none_twice() -> Result {
    const COUNT: u64 = 2_000;
    let swarm = ractor_agents::swarm::Swarm::local();
    let replay = usize::try_from(COUNT)?;
    let topics = swarm.topics::<Task>().replay(replay).await?;
    let publisher = tokio::spawn({
        let topics = topics.clone();
        async move {
            for number in 0..COUNT {
                let told = topics.publish("a", Task::note(number)).now();
                told.expect("the swarm is there");
                if number % 50 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        }
    });
    let mut heard = Vec::new();
    for _ in 0..40 {
        let puppet = tests::Puppet::default();
        let agent = swarm.spawn(puppet.clone()).depth(replay + 1).await?;
        assert_eq!(topics.subscribe(&agent, "#")?.skipped, 0);
        heard.push((agent, puppet));
    }
    publisher.await?;
    for (agent, puppet) in heard {
        agent.ask(Task::note(COUNT)).await?;
        let mut heard = puppet.done.take();
        heard.sort_unstable();
        assert_eq!(heard, Vec::from_iter(0..=COUNT));
    }
    Ok(())
}
