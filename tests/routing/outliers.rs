//! Who does worse than its peers is ejected for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ractor_agents::prelude::*;
use ractor_agents::registry::{Circuit, Entry, Outliers, Trip};
use ractor_agents::routing::{PassedOver, ResourceBased, RoundRobin, Router};
use tests::{ms, secs, test_swarm};
use tokio::time::{advance, sleep};

use crate::Result;

/// Fails so many of ten messages, and takes so many milliseconds for the others.
#[derive(Clone)]
struct Worker {
    fails: Arc<AtomicU32>,
    takes: u64,
    calls: Arc<AtomicU32>,
}

impl Worker {
    fn new(fails: u32, takes: u64) -> Self {
        Self {
            fails: Arc::new(fails.into()),
            takes,
            calls: Arc::default(),
        }
    }
}

impl Agent for Worker {
    type Message = ();
    type Reply = ();

    async fn handle(&mut self, (): &(), _: &Context<Self>) -> std::result::Result<(), Failure> {
        // Not in a row: its own breaker stays closed.
        let call = self.calls.fetch_add(3, Ordering::Relaxed) % 10;
        if call < self.fails.load(Ordering::Relaxed) {
            return Err(Failure::new("broken").without_restart());
        }
        sleep(ms(self.takes)).await;
        Ok(())
    }
}

/// A swarm of those, a router in turn over them, and what the registry knows of each.
async fn team(
    outliers: Outliers,
    workers: Vec<Worker>,
) -> Result<(Swarm, Router<Worker>, Vec<Entry>)> {
    let swarm = Swarm::builder().test().outliers(outliers).build()?;
    let agents = swarm.spawn_many(workers).await?;
    let router = swarm.router().strategy(RoundRobin::default()).await?;
    let registry = swarm.registry();
    let entries = agents.iter().filter_map(|agent| registry.get(agent.id()));
    let entries = entries.collect();
    Ok((swarm, router, entries))
}

/// As many calls for each as are enough, within the time between two heartbeats.
async fn call_all(router: &Router<Worker>) {
    for _ in 0..100 {
        let round = (0..router.len()).map(|_| router.ask(()));
        futures_util::future::join_all(round).await;
    }
}

fn circuits(entries: &[Entry]) -> Vec<bool> {
    let circuits = entries.iter().map(Entry::circuit);
    circuits.map(|circuit| circuit == Circuit::Closed).collect()
}

#[tokio::test(start_paused = true)]
async fn who_fails_more_often_than_its_peers_is_left_in_peace_and_probed() -> Result {
    let workers = [0, 0, 4, 0, 0, 0].map(|fails| Worker::new(fails, 1));
    let fails = Arc::clone(&workers[2].fails);
    let (_swarm, router, entries) = team(Outliers::default(), workers.into()).await?;
    call_all(&router).await;
    assert_eq!(circuits(&entries), [true; 6], "it is compared in time");
    sleep(secs(10)).await;
    assert_eq!(circuits(&entries), [true, true, false, true, true, true]);
    assert_eq!(entries[2].tripped_by(), Some(Trip::Outlier));
    assert_eq!(entries[2].circuit(), Circuit::Open);
    sleep(secs(5)).await;
    assert_eq!(entries[2].circuit(), Circuit::HalfOpen);
    fails.store(0, Ordering::Relaxed);
    call_all(&router).await;
    assert_eq!(circuits(&entries), [true; 6], "probes were answered");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn while_it_is_ejected_an_explanation_says_so() -> Result {
    let workers = [1, 1, 1, 30, 1, 1].map(|takes| Worker::new(0, takes));
    let (_swarm, router, entries) = team(Outliers::default(), workers.into()).await?;
    call_all(&router).await;
    while entries[3].circuit() == Circuit::Closed {
        sleep(ms(100)).await;
    }
    let why = router.explain().why_not(entries[3].id()).cloned();
    assert_eq!(why, Some(PassedOver::Ejected));
    assert!(
        router
            .explain()
            .to_string()
            .contains("worse than its peers")
    );
    let before = entries[3].accounting().accepted;
    call_all(&router).await;
    assert_eq!(
        entries[3].accounting().accepted,
        before,
        "no work meanwhile"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_several_only_the_worst_is_ejected_where_there_are_few() -> Result {
    let workers = [0, 3, 0, 4, 0, 0, 0, 0, 0, 0].map(|fails| Worker::new(fails, 1));
    let (swarm, router, entries) = team(Outliers::default(), workers.into()).await?;
    call_all(&router).await;
    sleep(secs(10)).await;
    let tripped: Vec<_> = entries.iter().map(Entry::tripped_by).collect();
    assert_eq!(tripped.iter().flatten().count(), 1);
    assert_eq!(tripped[3], Some(Trip::Outlier));
    assert_eq!(swarm.registry().stats().tripped, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_is_ejected_where_that_is_off() -> Result {
    let workers = [0, 0, 4, 0, 0, 0].map(|fails| Worker::new(fails, 1));
    let (_swarm, router, entries) = team(Outliers::off(), workers.into()).await?;
    for _ in 0..3 {
        call_all(&router).await;
        sleep(secs(10)).await;
    }
    assert_eq!(circuits(&entries), [true; 6]);
    Ok(())
}

/// Uses as much of a processor and of memory as it is told.
#[derive(Clone)]
struct User;

impl Agent for User {
    type Message = (Duration, u64);
    type Reply = ();

    async fn handle(
        &mut self,
        (time, memory): &(Duration, u64),
        ctx: &Context<Self>,
    ) -> std::result::Result<(), Failure> {
        advance(*time).await;
        ctx.report_memory(*memory);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn who_uses_most_is_given_least() -> Result {
    const NOTHING: (Duration, u64) = (Duration::ZERO, 0);
    let swarm = test_swarm();
    let users = swarm.spawn_many([User, User, User]).await?;
    let router = swarm
        .router()
        .members(&users)
        .strategy(ResourceBased::default());
    let router = router.await?;
    sleep(secs(11)).await;
    users[0].ask((secs(3), 0)).await?;
    if cfg!(target_os = "linux") {
        // More than any host has.
        users[1].ask((Duration::ZERO, u64::MAX)).await?;
    } else {
        users[1].ask((secs(3), 0)).await?;
    }
    sleep(secs(1)).await;
    let before = users[2].accounting().accepted;
    for _ in 0..30 {
        router.ask(NOTHING).await?;
    }
    assert_eq!(users[2].accounting().accepted - before, 30);
    let explanation = router.explain();
    assert_eq!(explanation.chosen, Some(users[2].id()));
    assert!(explanation.considered[1].score > Some(0.2), "{explanation}");
    Ok(())
}
