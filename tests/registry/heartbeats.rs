//! Who is polled, who is not, and what each uses.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ractor_agents::prelude::*;
use ractor_agents::registry::{Entry, Filter, Seen};
use ractor_agents::routing::PassedOver;
use ractor_agents::supervision::Backoff;
use tests::{Act, Puppet, Task, idle, secs, test_swarm};
use tokio::time::{advance, sleep};

use crate::Result;

/// Says that it has begun, and waits for a word without letting go of its thread.
#[derive(Clone)]
struct Sitter(Sender<()>, Arc<Mutex<Receiver<()>>>);

impl Agent for Sitter {
    type Message = ();
    type Reply = ();

    async fn handle(&mut self, (): &(), _: &Context<Self>) -> std::result::Result<(), Failure> {
        let gone = |_| Failure::new("nobody is there");
        self.0.send(()).map_err(gone)?;
        let word = self.1.lock().map_err(|_| Failure::new("poisoned"))?;
        word.recv().map_err(|_| Failure::new("nobody is there"))
    }
}

fn since_last(entry: &Entry) -> Option<Duration> {
    SystemTime::now()
        .duration_since(entry.last_heartbeat()?)
        .ok()
}

#[tokio::test(start_paused = true)]
async fn who_is_idle_or_waits_is_polled_at_every_heartbeat() -> Result {
    let swarm = test_swarm();
    let idle_one = swarm.spawn(async |(): ()| ()).await?;
    let waiting = swarm.spawn(Puppet::default()).deadline(Duration::MAX);
    let waiting = waiting.await?;
    waiting.tell(Task::new(0, Act::Wait)).await?;
    let registry = swarm.registry();
    let entries = [idle_one.id(), waiting.id()].map(|id| registry.get(id));
    for _ in 0..20 {
        sleep(secs(10)).await;
        for entry in entries.iter().flatten() {
            assert!(entry.is_responsive() && entry.missed_heartbeats() == 0);
            assert!(since_last(entry) <= Some(secs(10)), "{entry:?}");
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_sits_on_its_thread_is_passed_over_until_it_is_polled_again() -> Result {
    let ((word, gate), (begun, begins)) = (channel(), channel());
    let sitter = Sitter(begun, Arc::new(Mutex::new(gate)));
    let swarm = test_swarm();
    let sits = swarm.spawn(sitter.clone()).blocking();
    let sits = sits.deadline(Duration::MAX).await?;
    let other = swarm.spawn(sitter).await?;
    let router = swarm.router::<Sitter>().await?;
    let entry = swarm.registry().get(sits.id()).ok_or("unknown")?;
    let mut watch = swarm.registry().watch(Filter::all());
    sits.tell(()).await?;
    // Its thread runs in real time: from here on it is not polled.
    begins.recv()?;
    while entry.missed_heartbeats() < 3 {
        assert!(entry.is_responsive());
        sleep(secs(10)).await;
        idle().await;
    }
    assert!(!entry.is_responsive());
    assert_eq!(swarm.registry().stats().unresponsive, 1);
    assert!(matches!(watch.next().await, Some(Seen::Status(entry, _)) if entry.id() == sits.id()));
    let explanation = router.explain();
    assert_eq!(explanation.chosen, Some(other.id()));
    let why = explanation.why_not(sits.id()).cloned();
    assert_eq!(why, Some(PassedOver::Unresponsive));
    other.pause();
    let left = router.explain().chosen;
    assert_eq!(left, Some(sits.id()), "better than nobody");

    word.send(())?;
    while !entry.is_responsive() {
        std::thread::yield_now();
    }
    assert_eq!(entry.missed_heartbeats(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_its_restart_misses_nothing() -> Result {
    let swarm = test_swarm();
    // Anything up to that by chance: all but certainly longer than the test looks.
    let pause = Duration::from_hours(365 * 24);
    let pause = Backoff::new(pause, pause);
    let agent = swarm
        .spawn(async |(): ()| ())
        .restart_backoff(pause)
        .await?;
    let entry = swarm.registry().get(agent.id()).ok_or("unknown")?;
    for _ in 0..2 {
        agent.kill();
        idle().await;
    }
    sleep(secs(100)).await;
    assert_eq!(agent.status(), ractor_agents::agent::Status::Error);
    assert_eq!(
        (entry.missed_heartbeats(), entry.is_responsive()),
        (0, true)
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn heartbeats_go_on_however_often_the_registry_is_killed() -> Result {
    let swarm = test_swarm();
    let agent = swarm.spawn(async |(): ()| ()).name("anna").await?;
    let entry = swarm.registry().get(agent.id()).ok_or("unknown")?;
    for _ in 0..600 {
        let tree = swarm.tree();
        let mut nodes = tree.nodes().iter();
        let of_registry = nodes.find(|node| node.path.to_string().ends_with("registry"));
        of_registry.ok_or("no registry")?.kill();
        sleep(Duration::from_millis(50)).await;
        assert!(swarm.registry().named("anna").is_some());
        assert!(since_last(&entry) <= Some(secs(10) + Duration::from_millis(100)));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn time_in_handlers_counts_as_its_share_of_a_processor() -> Result {
    let swarm = test_swarm();
    // It moves the clock while it is polled, as one does that computes for as long.
    let busy = swarm
        .spawn(async |time: Duration| advance(time).await)
        .await?;
    let waits = swarm
        .spawn(async |time: Duration| sleep(time).await)
        .await?;
    let registry = swarm.registry();
    let share = |id| registry.get(id).and_then(|entry| entry.cpu_share());
    assert_eq!(share(busy.id()), None, "before the first heartbeat");
    sleep(secs(10)).await;
    busy.ask(secs(4)).await?;
    waits.ask(secs(4)).await?;
    sleep(secs(2)).await;
    let near = |share: Option<f64>, at: f64| share.is_some_and(|share| (share - at).abs() < 0.01);
    assert!(near(share(busy.id()), 0.4), "{:?}", share(busy.id()));
    assert!(near(share(waits.id()), 0.0), "{:?}", share(waits.id()));
    let entry = registry.get(busy.id()).ok_or("unknown")?;
    assert_eq!(entry.cpu_time(), secs(4));
    assert_eq!(registry.stats().cpu_time, secs(4));
    sleep(secs(100)).await;
    assert!(near(share(busy.id()), 0.0));
    Ok(())
}

/// Says how much memory it uses.
#[derive(Clone)]
struct Hoarder;

impl Agent for Hoarder {
    type Message = u64;
    type Reply = ();

    async fn handle(
        &mut self,
        bytes: &u64,
        ctx: &Context<Self>,
    ) -> std::result::Result<(), Failure> {
        ctx.report_memory(*bytes);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn memory_is_what_the_agent_says() -> Result {
    let swarm = Swarm::builder().test().node("here").build()?;
    let agent = swarm.spawn(Hoarder).await?;
    let entry = swarm.registry().get(agent.id()).ok_or("unknown")?;
    assert_eq!((entry.memory(), entry.memory_share()), (None, None));
    agent.ask(1_u64 << 20).await?;
    assert_eq!(entry.memory(), Some(1 << 20));
    assert_eq!(swarm.registry().stats().memory, 1 << 20);
    let share = entry.memory_share();
    if cfg!(target_os = "linux") {
        assert!(share.is_some_and(|share| share > 0.0 && share < 1.0));
    }
    assert_eq!(&**entry.node(), "here");
    agent.ask(0_u64).await?;
    assert_eq!(entry.memory(), None);
    Ok(())
}

#[tokio::test]
async fn what_is_out_of_range_is_refused() {
    let swarm = || Swarm::builder().test();
    assert!(
        swarm()
            .heartbeat(Duration::from_millis(9), 3)
            .build()
            .is_err()
    );
    assert!(swarm().heartbeat(secs(1), 0).build().is_err());
    assert!(swarm().heartbeat(secs(1), 1_001).build().is_err());
    assert!(swarm().heartbeat(Duration::MAX, 1).build().is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_heartbeats_nobody_is_asked() -> Result {
    let swarm = Swarm::builder()
        .test()
        .heartbeat(Duration::MAX, 3)
        .build()?;
    let agent = swarm.spawn(async |(): ()| ()).await?;
    let entry = swarm.registry().get(agent.id()).ok_or("unknown")?;
    idle().await;
    let before = entry.last_heartbeat();
    sleep(secs(1_000)).await;
    assert!(since_last(&entry) >= Some(secs(1_000)), "{before:?}");
    Ok(())
}
