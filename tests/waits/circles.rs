//! Circles that are found.

use std::time::{Duration, Instant};

use ractor_agents::agent::{AgentRef, AskError};
use ractor_agents::mailbox::Refusal;
use ractor_agents::swarm::Swarm;
use tests::{idle, ms, secs, test_swarm};
use tokio::time::timeout;

use crate::asker::{End, Errand, How};
use crate::{Asker, Outcome, Result, askers};

/// The way around: each asks the next, and the last the first.
fn around(count: usize) -> Errand {
    let route: Vec<usize> = (1..count).chain([0]).collect();
    Errand::of(&route)
}

async fn go_around(swarm: &Swarm, count: usize) -> Result<(Vec<AgentRef<Asker>>, Asker)> {
    let (agents, asker) = askers(swarm, count).await?;
    let outcome = timeout(ms(40), agents[0].ask(around(count))).await??;
    assert_eq!(outcome, Outcome::Answered, "the others are answered");
    Ok((agents, asker))
}

#[tokio::test(start_paused = true)]
async fn whoever_closes_a_circle_is_told_at_once() -> Result {
    for count in [2, 3, 10, 64] {
        let (agents, asker) = go_around(&test_swarm(), count).await?;
        let mut circle: Vec<_> = agents.iter().map(AgentRef::id).collect();
        circle.rotate_right(1);
        assert_eq!(asker.told.all(), [(agents[count - 1].id(), circle)]);
        assert_eq!(agents[0].accounting().cancelled, 1, "the last message");
        assert!(asker.failed.is_empty());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_error_names_the_circle() -> Result {
    let swarm = test_swarm();
    let (agents, _) = askers(&swarm, 3).await?;
    let cycle = agents.iter().map(AgentRef::id).collect();
    let agent = agents[1].id();
    let error = AskError::<()>::Deadlock { agent, cycle };
    assert_eq!(
        error.to_string(),
        "asking Asker#2 would wait for itself: Asker#1 -> Asker#2 -> Asker#3 -> Asker#1"
    );
    assert_eq!(error.agent(), agent);
    assert!(!error.is_retryable());
    Ok(())
}

/// The same agents go around several times: what is left of one round does not stand in the way of the next.
#[tokio::test(start_paused = true)]
async fn circles_are_found_again() -> Result {
    let swarm = test_swarm();
    let (agents, asker) = askers(&swarm, 3).await?;
    for round in 1..=10 {
        timeout(ms(40), agents[0].ask(around(3))).await??;
        assert_eq!(asker.told.len(), round);
        let outcome = timeout(ms(40), agents[2].ask(Errand::of(&[1, 0]))).await??;
        assert_eq!(outcome, Outcome::Answered);
        assert_eq!(asker.told.len(), round, "that was none");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn messages_in_line_do_not_matter() -> Result {
    let swarm = test_swarm();
    let (agents, asker) = askers(&swarm, 2).await?;
    agents[0].tell(Errand::of(&[]).end(End::Wait)).await?;
    agents[1].tell(Errand::of(&[]).end(End::Wait)).await?;
    idle().await;
    let first = agents[0].clone();
    let asking = tokio::spawn(async move { first.ask(around(2)).await });
    idle().await;
    for _ in 0..100 {
        for agent in &agents {
            agent.tell(Errand::of(&[])).await?;
        }
    }
    asker.gate.open();
    assert_eq!(timeout(ms(40), asking).await???, Outcome::Answered);
    assert_eq!(asker.told.len(), 1);
    idle().await;
    assert_eq!(agents[0].accounting().handled, 102);
    assert_eq!(agents[1].accounting().handled, 102);
    Ok(())
}

/// Real time, since it is the point: the supervisors and all agents run as they would in a program.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_takes_less_than_50_ms() -> Result {
    let swarm = Swarm::local();
    let (agents, asker) = askers(&swarm, 10).await?;
    let mut longest = Duration::ZERO;
    for _ in 0..20 {
        let begun = Instant::now();
        agents[0].ask(around(10)).await?;
        longest = longest.max(begun.elapsed());
    }
    assert_eq!(asker.told.len(), 20);
    assert!(longest < ms(50), "{longest:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_itself_is_refused_as_ever() -> Result {
    let swarm = test_swarm();
    let (agents, asker) = askers(&swarm, 1).await?;
    agents[0].ask(Errand::of(&[0])).await?;
    assert!(asker.told.is_empty());
    let refused = asker.failed.all();
    let expected = Refusal::AskedItself.to_string();
    assert!(refused[0].ends_with(&expected), "{refused:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn routers_are_no_way_around_it() -> Result {
    for routed_first in [true, false] {
        let swarm = test_swarm();
        let (agents, asker) = askers(&swarm, 2).await?;
        let to = usize::from(routed_first);
        let router = swarm.router().members([&agents[to]]).await?;
        assert!(asker.router.set(router).is_ok());
        let route = match routed_first {
            true => [(1, How::Routed), (0, How::Plainly)],
            false => [(1, How::Plainly), (0, How::Routed)],
        };
        let outcome = timeout(ms(40), agents[0].ask(Errand::via(route))).await??;
        assert_eq!(outcome, Outcome::Answered);
        let circle = vec![agents[1].id(), agents[0].id()];
        assert_eq!(asker.told.all(), [(agents[1].id(), circle)]);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn batches_wait_like_single_messages() -> Result {
    let swarm = test_swarm();
    let asker = Asker::default();
    let mut agents = Vec::new();
    for _ in 0..2 {
        let spawn = swarm.spawn(asker.clone()).batch(8, ms(1));
        agents.push(spawn.await?);
    }
    asker.meet(&agents);
    timeout(ms(40), agents[0].ask(around(2))).await??;
    assert_eq!(asker.told.len(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_ask_that_comes_after_one_that_was_given_up_is_seen() -> Result {
    let swarm = test_swarm();
    let (agents, asker) = askers(&swarm, 2).await?;
    // The first asks in vain until the second, which asks it in turn, is all that it waits for.
    let route = [(1, How::Twice(100)), (0, How::Plainly)];
    let outcome = timeout(ms(140), agents[0].ask(Errand::via(route))).await??;
    assert_eq!(outcome, Outcome::Deadlock);
    assert_eq!(asker.told.len(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_circle_is_in_none() -> Result {
    let swarm = test_swarm();
    let (agents, asker) = askers(&swarm, 3).await?;
    // The third asks the first, which waits at the gate until all of them wait.
    let held = agents[0].clone();
    let wait = Errand::of(&[1, 0]);
    agents[1].tell(Errand::of(&[]).end(End::Wait)).await?;
    let asking = tokio::spawn(async move { held.ask(wait).await });
    idle().await;
    let third = agents[2].clone();
    let outside = tokio::spawn(async move { third.ask(Errand::of(&[0])).await });
    idle().await;
    asker.gate.open();
    assert_eq!(timeout(ms(40), asking).await???, Outcome::Answered);
    assert_eq!(timeout(ms(40), outside).await???, Outcome::Answered);
    assert_eq!(asker.told.len(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn switched_off_they_wait_for_their_patience() -> Result {
    let swarm = Swarm::builder().test().deadlock_detection(false).build()?;
    let (agents, asker) = askers(&swarm, 2).await?;
    let begun = tokio::time::Instant::now();
    let route = [(1, How::Plainly), (0, How::Patiently(5_000))];
    agents[0].ask(Errand::via(route)).await?;
    assert!(begun.elapsed() >= secs(5));
    assert!(asker.told.is_empty());
    Ok(())
}

/// Each swarm has a graph of its own.
#[tokio::test(start_paused = true)]
async fn agents_of_two_swarms_wait_for_their_patience() -> Result {
    let (here, there) = (test_swarm(), test_swarm());
    let asker = Asker::default();
    let one = here.spawn(asker.clone()).await?;
    let other = there.spawn(asker.clone()).await?;
    asker.meet(&[one.clone(), other]);
    let route = [(1, How::Plainly), (0, How::Patiently(100))];
    let outcome = timeout(ms(200), one.ask(Errand::via(route))).await??;
    assert_eq!(outcome, Outcome::Answered);
    assert!(asker.told.is_empty());
    assert_eq!(asker.failed.len(), 1);
    Ok(())
}
