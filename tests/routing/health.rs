//! Who fails or is slow is given less, and is tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ractor_agents::prelude::*;
use ractor_agents::registry::{Breaker, Circuit};
use ractor_agents::routing::{LeastResponseTime, PassedOver, RoundRobin, RouteError, WhenNobody};
use tests::{idle, ms, secs, test_swarm};
use tokio::time::sleep;

/// Takes so many milliseconds; fails if it takes none.
#[derive(Clone, Default)]
struct Worker(Arc<AtomicU64>);

impl Worker {
    fn taking(millis: u64) -> Self {
        let worker = Self::default();
        worker.takes(millis);
        worker
    }

    fn takes(&self, millis: u64) {
        self.0.store(millis, Ordering::Relaxed);
    }

    fn fails(&self) {
        self.takes(0);
    }
}

impl Agent for Worker {
    type Message = ();
    type Reply = ();

    async fn handle(&mut self, (): &(), _: &Context<Self>) -> Result<(), Failure> {
        match self.0.load(Ordering::Relaxed) {
            0 => Err(Failure::new("broken").without_restart()),
            millis => {
                sleep(ms(millis)).await;
                Ok(())
            }
        }
    }
}

fn accepted(agents: &[AgentRef<Worker>]) -> Vec<u64> {
    let messages = agents.iter().map(|agent| agent.accounting().accepted);
    messages.collect()
}

#[tokio::test(start_paused = true)]
async fn who_fails_again_and_again_is_left_in_peace_and_comes_back() -> crate::Result {
    let swarm = test_swarm();
    let workers = [Worker::taking(1), Worker::taking(1)];
    let agents = swarm.spawn_many(workers.clone()).await?;
    let router = swarm.router::<Worker>().strategy(RoundRobin::default());
    let router = router.await?;
    let registry = swarm.registry();
    let circuit = || registry.get(agents[0].id()).map(|entry| entry.circuit());
    workers[0].fails();
    let mut failures = 0;
    for _ in 0..100 {
        failures += u64::from(router.ask(()).await.is_err());
    }
    assert_eq!(failures, 5);
    assert_eq!(accepted(&agents), [5, 95]);
    assert_eq!(circuit(), Some(Circuit::Open));
    let why = router.explain().why_not(agents[0].id()).cloned();
    assert_eq!(why, Some(PassedOver::CircuitOpen));

    sleep(secs(5)).await;
    assert_eq!(circuit(), Some(Circuit::HalfOpen));
    for _ in 0..100 {
        failures += u64::from(router.ask(()).await.is_err());
    }
    assert_eq!(failures, 6, "one probe, and twice the pause after it");

    workers[0].takes(1);
    sleep(secs(10)).await;
    for _ in 0..100 {
        router.ask(()).await?;
    }
    assert_eq!(circuit(), Some(Circuit::Closed));
    assert!(accepted(&agents)[0] >= 6 + 40);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn while_it_is_half_open_one_asks_at_a_time() -> crate::Result {
    let swarm = test_swarm();
    let worker = Worker::taking(1_000);
    let breaker = Breaker::default().failures_max(1).probes(1);
    let agent = swarm.spawn(worker.clone()).breaker(breaker).await?;
    let router = swarm.router().members([&agent]);
    let router = router.when_nobody(WhenNobody::Fail).await?;
    worker.fails();
    assert!(matches!(router.ask(()).await, Err(RouteError::Failed(_))));
    assert!(matches!(
        router.ask(()).await,
        Err(RouteError::NoCandidate { .. })
    ));
    worker.takes(1_000);
    sleep(secs(5)).await;
    let second = async {
        idle().await;
        router.ask(()).await
    };
    let (probe, second) = tokio::join!(router.ask(()), second);
    probe?;
    assert!(matches!(second, Err(RouteError::NoCandidate { .. })));
    router.ask(()).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_as_bad_as_none_where_that_was_chosen() -> crate::Result {
    let swarm = test_swarm();
    let breaker = Breaker::default().failures_max(3).slow_after(ms(50));
    let agent = swarm.spawn(Worker::taking(60)).breaker(breaker).await?;
    let router = swarm.router().members([&agent]).await?;
    for _ in 0..3 {
        router.ask(()).await?;
    }
    let entry = swarm.registry().get(agent.id()).ok_or("unknown")?;
    assert_eq!(entry.circuit(), Circuit::Open);
    assert!((ms(60)..ms(62)).contains(&entry.response_time().ok_or("never")?));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_was_slow_is_given_little_and_noticed_when_it_is_quick_again() -> crate::Result {
    let swarm = test_swarm();
    let workers = [10, 10, 10, 200].map(Worker::taking);
    let agents = swarm.spawn_many(workers.clone()).await?;
    let router = swarm
        .router::<Worker>()
        .strategy(LeastResponseTime::default());
    let router = router.await?;
    for _ in 0..400 {
        router.ask(()).await?;
    }
    let slow = accepted(&agents)[3];
    assert!((1..=40).contains(&slow), "{slow} of 400");
    let entry = swarm.registry().get(agents[3].id()).ok_or("unknown")?;
    assert!(entry.response_time_p95() >= Some(ms(200)));

    workers[3].takes(5);
    for _ in 0..4_000 {
        router.ask(()).await?;
    }
    let quick = accepted(&agents)[3] - slow;
    assert!(quick > 2_000, "{quick} of 4,000");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_who_was_not_asked_by_a_router_has_figures() -> crate::Result {
    let swarm = test_swarm();
    let agent = swarm.spawn(Worker::taking(5)).await?;
    agent.ask(()).await?;
    let entry = swarm.registry().get(agent.id()).ok_or("unknown")?;
    assert_eq!(entry.response_time(), None);
    assert_eq!(entry.response_time_p95(), None);
    assert_eq!(entry.circuit(), Circuit::Closed);
    Ok(())
}
