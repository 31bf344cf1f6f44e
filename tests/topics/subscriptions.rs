//! Who is subscribed, and for how long.

use ractor_agents::message::Priority;
use ractor_agents::routing::topic::{PublishError, SubscribeError, Topics};
use ractor_agents::supervision::Node;
use ractor_agents::swarm::{SpawnError, Swarm};
use tests::{Act, Log, Task, idle, secs, test_swarm};

use crate::{Result, published, puppet};

#[tokio::test(start_paused = true)]
async fn agents_of_any_type_that_take_the_message_can_be_subscribed() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (puppet, _) = puppet(&swarm).await?;
    let heard = Log::default();
    let log = heard.clone();
    let other = swarm.spawn_with(move || {
        let log = log.clone();
        ractor_agents::agent::IntoAgent::into_agent(move |task: Task| {
            log.push(task.id);
            async {}
        })
    });
    let other = other.await?;
    topics.subscribe(&puppet, "orders.#")?;
    topics.subscribe(&other, "orders.#")?;
    let told = topics.publish("orders.eu", Task::note(7)).await?;
    assert_eq!(told, published(2, 0));
    assert_eq!(
        topics.publish("bills", Task::note(8)).await?,
        published(0, 0)
    );
    idle().await;
    assert_eq!(heard.all(), [7]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_agent_with_several_patterns_gets_each_message_once() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (agent, puppet) = puppet(&swarm).await?;
    for pattern in [
        "orders.*.created",
        "orders.#",
        "#",
        "orders.eu.created",
        "#.created.#",
    ] {
        topics.subscribe(&agent, pattern)?;
        topics.subscribe(&agent, pattern)?;
    }
    assert_eq!((topics.subscriptions(), topics.subscribers()), (5, 1));
    let told = topics.publish("orders.eu.created", Task::note(7)).await?;
    assert_eq!(told, published(1, 0));
    idle().await;
    assert_eq!(puppet.done.all(), [7]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_is_unsubscribed_from_one_pattern_keeps_the_others() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (agent, _) = puppet(&swarm).await?;
    topics.subscribe(&agent, "orders.*")?;
    topics.subscribe(&agent, "#.eu")?;
    assert!(topics.unsubscribe(agent.id(), "orders.*")?);
    assert!(!topics.unsubscribe(agent.id(), "orders.*")?);
    assert_eq!(
        topics.publish("orders.us", Task::note(1)).await?,
        published(0, 0)
    );
    assert_eq!(
        topics.publish("orders.eu", Task::note(2)).await?,
        published(1, 0)
    );
    assert_eq!(topics.unsubscribe_all(agent.id()), 1);
    assert_eq!(
        topics.publish("orders.eu", Task::note(3)).await?,
        published(0, 0)
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn agents_that_have_ended_are_subscribed_no_more_and_restarts_change_nothing() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (one, _) = puppet(&swarm).await?;
    let (two, _) = puppet(&swarm).await?;
    for agent in [&one, &two] {
        topics.subscribe(agent, "orders.#")?;
        topics.subscribe(agent, "#")?;
    }
    assert!(swarm.stop(one.id(), secs(1)).await);
    two.kill();
    idle().await;
    assert_eq!((topics.subscriptions(), topics.subscribers()), (2, 1));
    assert_eq!(
        topics.publish("orders", Task::note(1)).await?,
        published(1, 0)
    );
    let agent = one.id();
    assert_eq!(
        topics.subscribe(&one, "orders.#"),
        Err(SubscribeError::AgentEnded { agent })
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn agents_of_another_swarm_cannot_be_subscribed() -> Result {
    let (swarm, other) = (test_swarm(), test_swarm());
    let topics = swarm.topics::<Task>().await?;
    let (stranger, _) = puppet(&other).await?;
    let agent = stranger.id();
    assert_eq!(
        topics.subscribe(&stranger, "#"),
        Err(SubscribeError::OtherSwarm { agent })
    );
    Ok(())
}

fn actors(swarm: &Swarm) -> Vec<Node> {
    let tree = swarm.tree();
    let nodes = tree.nodes().iter();
    let routers = nodes.filter(|node| node.path.to_string().starts_with("routers/"));
    routers.cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn while_the_actor_is_down_messages_go_on_and_its_successor_clears_up() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (one, _) = puppet(&swarm).await?;
    let (two, _) = puppet(&swarm).await?;
    topics.subscribe(&one, "#")?;
    for round in 0..20 {
        let actors = actors(&swarm);
        assert_eq!(actors.len(), 1);
        assert!(actors.iter().all(Node::kill));
        assert_eq!(
            topics.publish("a", Task::note(round)).await?,
            published(1, 0)
        );
        topics.subscribe(&two, "a.#")?;
        assert_eq!(
            topics.publish("a", Task::note(round)).await?,
            published(2, 0)
        );
        assert!(topics.unsubscribe(two.id(), "a.#")?);
        idle().await;
    }
    let (short, _) = puppet(&swarm).await?;
    topics.subscribe(&short, "#")?;
    actors(&swarm)
        .iter()
        .for_each(|actor| assert!(actor.kill()));
    swarm.stop(short.id(), secs(1)).await;
    idle().await;
    assert_eq!(topics.subscribers(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_actor_ends_with_the_last_handle() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let other = topics.clone();
    drop(topics);
    idle().await;
    assert_eq!(actors(&swarm).len(), 1);
    drop(other);
    idle().await;
    assert_eq!(actors(&swarm).len(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_publication_has_a_lane_and_a_time_to_live() -> Result {
    let swarm = test_swarm();
    let topics = swarm.topics::<Task>().await?;
    let (agent, puppet) = puppet(&swarm).await?;
    topics.subscribe(&agent, "#")?;
    topics.publish("a", Task::new(1, Act::Wait)).await?;
    idle().await;
    topics.publish("a", Task::note(2)).await?;
    topics
        .publish("a", Task::note(3))
        .priority(Priority::Urgent)
        .await?;
    topics.publish("a", Task::note(4)).ttl(secs(1)).now()?;
    tokio::time::sleep(secs(2)).await;
    puppet.gate.open();
    idle().await;
    assert_eq!(puppet.done.all(), [1, 3, 2]);
    assert_eq!(agent.accounting().expired, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn topics_of_a_swarm_that_has_ended_give_messages_back() -> Result {
    let swarm = test_swarm();
    let topics: Topics<Task> = swarm.topics().await?;
    let (agent, _) = puppet(&swarm).await?;
    topics.subscribe(&agent, "#")?;
    swarm.shutdown(secs(1)).await;
    let late = swarm.topics::<Task>().await;
    assert!(matches!(late, Err(SpawnError::Ended)));
    drop(swarm);
    let sent = topics.publish("a", Task::note(7)).await;
    assert!(matches!(sent, Err(PublishError::Ended(task)) if task.id == 7));
    assert_eq!(topics.subscribe(&agent, "a"), Err(SubscribeError::Ended));
    Ok(())
}
