//! What is left to an agent that has ended goes to another.

use std::sync::Arc;

use ractor_agents::agent::{AgentRef, AskError};
use ractor_agents::dead_letter::{DeadLetter, Reason};
use ractor_agents::mailbox::Accounting;
use ractor_agents::prelude::{Priority, Swarm};
use ractor_agents::routing::{RoundRobin, RouteError, Router, WhenNobody};
use ractor_agents::supervision::Intensity;
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::{Instant, sleep, timeout};

use crate::Result;

/// One that is given up at its first failure, alone in a router that goes by the type.
async fn fragile(swarm: &Swarm) -> Result<(AgentRef<Puppet>, Puppet, Router<Puppet>)> {
    let puppet = Puppet::default();
    let spawn = swarm.spawn(puppet.clone());
    let agent = spawn.intensity(Intensity::new(0, secs(1))).await?;
    let router = swarm.router::<Puppet>().strategy(RoundRobin::default());
    Ok((agent, puppet, router.await?))
}

async fn another(swarm: &Swarm) -> Result<(AgentRef<Puppet>, Puppet)> {
    let puppet = Puppet::default();
    Ok((swarm.spawn(puppet.clone()).await?, puppet))
}

#[tokio::test(start_paused = true)]
async fn what_is_in_line_and_what_has_an_attempt_left_moves_in_order() -> Result {
    let swarm = test_swarm();
    let (one, first, router) = fragile(&swarm).await?;
    router.tell(Task::new(0, Act::Wait)).attempts(2).await?;
    idle().await;
    for number in 1..100 {
        router.tell(Task::note(number)).await?;
    }
    router
        .tell(Task::note(100))
        .priority(Priority::High)
        .await?;
    let (two, second) = another(&swarm).await?;
    second.gate.open();
    idle().await;
    one.kill();
    idle().await;
    sleep(ms(10)).await;
    assert_eq!(first.done.all(), [0; 0]);
    let done = second.done.all();
    assert_eq!(done.len(), 101);
    let rest: Vec<u64> = done
        .iter()
        .copied()
        .filter(|id| (1..100).contains(id))
        .collect();
    assert!(rest.is_sorted());
    let (was, is) = (one.accounting(), two.accounting());
    assert_eq!((was.accepted, was.moved, was.failed), (101, 101, 0));
    assert_eq!((is.accepted, is.handled, is.retried), (101, 101, 1));
    assert!(was.balances() && is.balances());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_had_begun_and_has_no_attempt_left_fails_and_does_not_move() -> Result {
    let swarm = test_swarm();
    let (one, _, router) = fragile(&swarm).await?;
    let asked = router.ask(Task::new(0, Act::Wait));
    let failover = async {
        idle().await;
        let another = another(&swarm).await;
        one.kill();
        another
    };
    let (asked, another) = tokio::join!(asked, failover);
    let (_, second) = another?;
    let Err(RouteError::Failed(AskError::Failed { agent, reason, .. })) = asked else {
        return Err("another end".into());
    };
    assert_eq!((agent, reason), (one.id(), Reason::Killed));
    sleep(ms(10)).await;
    assert!(second.begun.is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_sent_to_the_agent_itself_does_not_move() -> Result {
    let swarm = test_swarm();
    let (one, _, _router) = fragile(&swarm).await?;
    let (two, _) = another(&swarm).await?;
    one.tell(Task::new(0, Act::Wait)).await?;
    one.tell(Task::note(1)).await?;
    idle().await;
    one.kill();
    sleep(ms(10)).await;
    assert_eq!(one.accounting().failed, 2);
    assert_eq!(two.accounting().accepted, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_ask_across_a_failover_is_answered_once() -> Result {
    let swarm = test_swarm();
    let (one, _, router) = fragile(&swarm).await?;
    router.tell(Task::new(0, Act::Wait)).await?;
    let asked = router.ask(Task::note(7));
    let failover = async {
        idle().await;
        another(&swarm).await?;
        one.kill();
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let (answer, failover) = tokio::join!(asked, failover);
    failover?;
    assert_eq!(answer?, 7);
    let messages = swarm.status().messages;
    assert_eq!(
        (messages.handled, messages.failed, messages.moved),
        (1, 1, 1)
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_nobody_can_take_waits_for_somebody() -> Result {
    let swarm = test_swarm();
    let (one, _, router) = fragile(&swarm).await?;
    router.tell(Task::new(0, Act::Wait)).await?;
    for number in 1..10 {
        router.tell(Task::note(number)).key("same").await?;
    }
    let begun = Instant::now();
    let asked = router.ask(Task::note(10)).patience(secs(2));
    let killed = async {
        idle().await;
        one.kill();
    };
    let (asked, ()) = tokio::join!(asked, killed);
    assert!(matches!(
        asked,
        Err(RouteError::Failed(AskError::Timeout { .. }))
    ));
    assert!((secs(2)..ms(2_020)).contains(&begun.elapsed()));
    sleep(secs(60)).await;
    let (_, second) = another(&swarm).await?;
    sleep(ms(20)).await;
    assert_eq!(second.done.all(), (1..10).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_still_waits_when_the_router_ends_is_dead_lettered() -> Result {
    let swarm = test_swarm();
    let (one, _, router) = fragile(&swarm).await?;
    router.tell(Task::new(0, Act::Wait)).await?;
    router.tell(Task::note(1)).await?;
    idle().await;
    one.kill();
    sleep(secs(1)).await;
    let letters = || swarm.dead_letters().list();
    assert_eq!(letters().len(), 1, "the one that had begun");
    drop(router);
    sleep(ms(20)).await;
    let letters = letters();
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[1].reason, Reason::Stopped);
    Ok(())
}

/// Where a router puts to the dead letters what nobody comes for, that goes for what was left to an agent too.
#[tokio::test(start_paused = true)]
async fn what_is_stranded_is_dead_lettered_after_as_long_as_what_is_sent() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let spawn = swarm.spawn(puppet.clone());
    let one = spawn.intensity(Intensity::new(0, secs(1))).await?;
    let router = swarm.router::<Puppet>();
    let router = router.when_nobody(WhenNobody::DeadLetter(secs(3))).await?;
    router.tell(Task::new(0, Act::Wait)).await?;
    for number in 1..=3 {
        router.tell(Task::note(number)).key("same").await?;
    }
    let begun = Instant::now();
    let asked = router.ask(Task::note(4));
    let killed = async {
        idle().await;
        one.kill();
        sleep(ms(2_900)).await;
        assert_eq!(swarm.dead_letters().total(), 1, "the one that had begun");
    };
    let (asked, ()) = tokio::join!(asked, killed);
    assert!((secs(3)..ms(3_020)).contains(&begun.elapsed()));
    let reason = Reason::NoCandidate("type Puppet".into());
    let Err(RouteError::Failed(AskError::Failed { reason: why, .. })) = asked else {
        return Err("another end".into());
    };
    assert_eq!(why, reason);
    let letters = swarm.dead_letters().list();
    let rest: Vec<_> = letters.iter().skip(1).collect();
    assert!(rest.iter().all(|letter| letter.reason == reason));
    let ids: Vec<_> = rest
        .iter()
        .filter_map(|letter| letter.take::<Task>())
        .collect();
    assert_eq!(ids, [1, 2, 3, 4].map(Task::note));
    let from = |letter: &Arc<DeadLetter>| letter.id.map(|id| id.agent);
    assert!(rest.iter().all(|letter| from(letter) == Some(one.id())));
    assert!(puppet.done.is_empty());
    Ok(())
}

/// Somebody who has no room is not nobody.
#[tokio::test(start_paused = true)]
async fn what_waits_for_room_is_not_dead_lettered() -> Result {
    let swarm = test_swarm();
    let spawn = swarm.spawn(Puppet::default());
    let one = spawn.intensity(Intensity::new(0, secs(1))).await?;
    let router = swarm.router::<Puppet>();
    let router = router.when_nobody(WhenNobody::DeadLetter(secs(1))).await?;
    one.tell(Task::new(0, Act::Wait)).await?;
    router.tell(Task::note(1)).await?;
    let puppet = Puppet::default();
    let two = swarm.spawn(puppet.clone()).depth(1).await?;
    two.tell(Task::new(2, Act::Wait)).await?;
    idle().await;
    two.tell(Task::note(3)).await?;
    one.kill();
    sleep(secs(20)).await;
    assert_eq!(swarm.dead_letters().total(), 1, "the one that had begun");
    puppet.gate.open();
    sleep(ms(20)).await;
    assert_eq!(puppet.done.all(), [2, 3, 1]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_full_agent_is_given_no_more_than_it_has_room_for() -> Result {
    let swarm = test_swarm();
    let (one, _, router) = fragile(&swarm).await?;
    router.tell(Task::new(0, Act::Wait)).await?;
    for number in 1..50 {
        router.tell(Task::note(number)).await?;
    }
    let puppet = Puppet::default();
    let two = swarm.spawn(puppet.clone()).depth(10).await?;
    two.tell(Task::new(99, Act::Wait)).await?;
    idle().await;
    one.kill();
    sleep(secs(1)).await;
    assert_eq!(two.accounting().accepted, 11);
    puppet.gate.open();
    sleep(secs(1)).await;
    let moved = puppet.done.all();
    assert_eq!(moved[1..], (1..50).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_moves_nothing_and_leaves_nothing() -> Result {
    let swarm = test_swarm();
    let (one, _, router) = fragile(&swarm).await?;
    another(&swarm).await?;
    for number in 0..10 {
        router.tell(Task::new(number, Act::Wait)).await?;
    }
    idle().await;
    one.kill();
    let report = timeout(secs(30), swarm.shutdown(secs(1))).await?;
    let Accounting {
        accepted, moved, ..
    } = report.messages;
    assert!(report.messages.balances());
    assert!(accepted >= 10 + moved, "{:?}", report.messages);
    Ok(())
}

/// Traffic goes on while every agent is replaced, one after the other, again and again.
#[tokio::test(start_paused = true)]
async fn replacing_agents_under_traffic_loses_and_doubles_nothing() -> Result {
    let swarm = test_swarm();
    let log = Puppet::default();
    let mut agents = Vec::new();
    for number in 0..3 {
        let spawn = swarm.spawn(log.clone()).name(format!("worker-{number}"));
        agents.push(spawn.await?.id());
    }
    let router = swarm.router::<Puppet>().await?;
    let traffic = async {
        for number in 0..2_000 {
            let task = Task::new(number, Act::Take(number % 7));
            if number.is_multiple_of(3) {
                assert_eq!(router.ask(task).await?, number);
            } else {
                router.tell(task).await?;
            }
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let replacing = async {
        for round in 0..30 {
            sleep(ms(40)).await;
            let old = &mut agents[round % 3];
            let with = swarm.spawn(log.clone());
            *old = swarm.replace(*old, with, secs(5)).await?.id();
            let named = swarm.registry().named(&format!("worker-{}", round % 3));
            assert_eq!(named.ok_or("nobody")?.id(), *old);
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let (traffic, replacing) = tokio::join!(traffic, replacing);
    traffic?;
    replacing?;
    sleep(secs(60)).await;
    let mut done = log.done.all();
    done.sort_unstable();
    assert_eq!(done, (0..2_000).collect::<Vec<_>>());
    assert_eq!(swarm.registry().len(), 3);
    for number in 0..3 {
        let name = format!("worker-{number}");
        let agent = swarm.find::<Puppet>(&name).ok_or("nobody")?;
        swarm.stop(agent.id(), secs(1)).await;
        swarm.spawn(log.clone()).name(name).await?;
    }
    Ok(())
}
