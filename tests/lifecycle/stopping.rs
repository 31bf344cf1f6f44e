//! Orderly ends, and what is left at their limits.

use ractor_agents::agent::{AskError, Status};
use ractor_agents::dead_letter::Reason;
use ractor_agents::prelude::*;
use ractor_agents::supervision::Backoff;
use ractor_agents::swarm::SpawnError;
use tests::{Act, Log, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_stop_drains() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).await?;
    for id in 0..100 {
        to.tell(Task::new(id, Act::Take(10))).await?;
    }
    assert!(swarm.stop(to.id(), secs(10)).await);
    assert_eq!(puppet.done.len(), 100);
    assert_eq!(to.status(), Status::Offline);
    assert!(
        !swarm.stop(to.id(), secs(10)).await,
        "there is no such agent"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn at_its_limit_a_stop_ends_what_is_left() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).deadline(secs(60)).await?;
    to.tell(Task::new(1, Act::Hang)).await?;
    to.tell(2).await?;
    let begun = Instant::now();
    let (stopped, answer) = tokio::join!(
        async {
            idle().await;
            swarm.stop(to.id(), secs(2)).await
        },
        to.ask(3)
    );
    assert!(stopped);
    assert!(
        matches!(answer, Err(AskError::Stopped { .. })),
        "{answer:?}"
    );
    assert!(begun.elapsed() < secs(3), "{:?}", begun.elapsed());
    assert!(puppet.done.is_empty(), "{puppet:?}");
    let mut reasons: Vec<_> = swarm
        .dead_letters()
        .list()
        .iter()
        .filter_map(|letter| Some((letter.id?.number, letter.reason.clone())))
        .collect();
    reasons.sort_by_key(|(number, _)| *number);
    assert_eq!(
        reasons,
        [
            (1, Reason::Killed),
            (2, Reason::Stopped),
            (3, Reason::Stopped)
        ]
    );
    assert!(swarm.status().messages.balances());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_fails_while_it_drains_goes_on_with_what_is_left() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .restart_backoff(Backoff::NONE)
        .await?;
    to.tell(Task::new(1, Act::Take(100))).await?;
    to.tell(Task::new(2, Act::Panic)).await?;
    to.tell(3).await?;
    to.stop();
    tokio::time::sleep(secs(1)).await;
    assert_eq!(puppet.done.all(), [1, 3]);
    assert_eq!(to.status(), Status::Offline);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_drains_all() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let agents = swarm.spawn_many((0..50).map(|_| puppet.clone())).await?;
    for to in &agents {
        for id in 0..10 {
            to.tell(Task::new(id, Act::Take(10))).await?;
        }
    }
    let report = swarm.shutdown(secs(4)).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.messages.handled, 500);
    assert!(report.took < secs(1), "{report:?}");
    assert_eq!(swarm.status().agents, 0);
    let refused = swarm.spawn(Puppet::default()).await;
    assert!(matches!(refused, Err(SpawnError::Ended)), "{refused:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_reports_what_was_left() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let hanging = swarm.spawn(puppet.clone()).await?;
    let fine = swarm.spawn(puppet.clone()).await?;
    hanging.tell(Task::new(1, Act::Hang)).await?;
    hanging.tell(2).await?;
    hanging.tell(3).await?;
    fine.tell(4).await?;
    let report = swarm.shutdown(secs(2)).await;
    assert!(!report.is_clean(), "{report:?}");
    assert!(
        report.took >= secs(2) && report.took < secs(3),
        "{report:?}"
    );
    assert_eq!(report.unfinished.len(), 1, "{report:?}");
    let (agent, left) = report.unfinished[0];
    assert_eq!(agent, hanging.id());
    // The one in hand was ended by the kill; it may be counted among what was left or not.
    assert!((2..=3).contains(&left), "{report:?}");
    assert!(report.messages.balances(), "{report:?}");
    assert_eq!((report.messages.handled, report.messages.failed), (1, 3));
    assert_eq!(swarm.dead_letters().total(), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_ends_at_its_own_limit_whatever_the_agents_are_allowed() -> Result<()> {
    for (own, limit) in [(1, 10), (10, 1), (8, 20)] {
        let swarm = test_swarm();
        let puppet = Puppet::default();
        let to = swarm.spawn(puppet).stop_within(secs(own)).await?;
        to.tell(Task::new(1, Act::Hang)).await?;
        let report = swarm.shutdown(secs(limit)).await;
        assert!(report.took >= secs(limit), "{report:?}");
        assert!(report.took < secs(limit) + ms(500), "{report:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_shutdowns_at_once_both_come_back() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm.spawn(Puppet::default()).await?;
    to.tell(Task::new(1, Act::Take(500))).await?;
    let both = async { tokio::join!(swarm.shutdown(secs(2)), swarm.shutdown(secs(2))) };
    let (first, second) = tokio::time::timeout(secs(10), both).await?;
    assert_eq!(first.messages.handled, 1);
    assert_eq!(second.messages.handled, 1);
    let third = tokio::time::timeout(secs(10), swarm.shutdown(secs(2))).await?;
    assert_eq!(third.messages.handled, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_attempts_and_not_for_timers() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let retrying = swarm
        .spawn(puppet.clone())
        .attempts(2)
        .retry_backoff(Backoff::new(secs(2), secs(2)))
        .await?;
    retrying.tell(Task::new(1, Act::FailBefore(2))).await?;
    idle().await;
    swarm.stop(retrying.id(), secs(4)).await;
    assert_eq!(puppet.done.all(), [1]);

    let ticking = swarm.spawn(Ticking).await?;
    let begun = Instant::now();
    swarm.stop(ticking.id(), secs(60)).await;
    assert!(begun.elapsed() < secs(1), "{:?}", begun.elapsed());
    let messages = swarm.status().messages;
    assert!(messages.balances(), "{messages:?}");
    assert_eq!(messages.queued, 0, "{messages:?}");
    Ok(())
}

/// Ticks every hour and has something to do tomorrow.
#[derive(Clone)]
struct Ticking;

impl Agent for Ticking {
    type Message = ();
    type Reply = ();

    async fn on_start(&mut self, ctx: &Context<Self>) -> Result<(), Failure> {
        let failed = |error| Failure::new(format!("{error:?}"));
        ctx.every(secs(3_600), || ()).map_err(failed)?;
        ctx.later((), secs(86_400)).map_err(failed)?;
        Ok(())
    }

    async fn handle(&mut self, (): &(), _: &Context<Self>) -> Result<(), Failure> {
        Ok(())
    }
}

/// Waits until it is asked to stop.
#[derive(Clone, Default)]
struct Patient(Log<u64>);

impl Agent for Patient {
    type Message = u64;
    type Reply = ();

    async fn handle(&mut self, id: &u64, ctx: &Context<Self>) -> Result<(), Failure> {
        ctx.cancellation().cancelled().await;
        self.0.push(*id);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn handlers_hear_of_a_stop_also_those_that_begin_after_it() -> Result<()> {
    let swarm = test_swarm();
    let log = Log::default();
    let to = swarm.spawn(Patient(Log::clone(&log))).await?;
    for id in 1..=3_u64 {
        to.tell(id).await?;
    }
    idle().await;
    swarm.stop(to.id(), secs(2)).await;
    assert_eq!(log.all(), [1, 2, 3]);

    // Nobody has asked for the token before the stop.
    let late = swarm.spawn(Patient(Log::clone(&log))).await?;
    late.tell(4_u64).await?;
    late.stop();
    tokio::time::sleep(secs(2)).await;
    assert_eq!(log.all(), [1, 2, 3, 4]);
    Ok(())
}
