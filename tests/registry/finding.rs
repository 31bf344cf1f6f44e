//! Agents are found by everything they are known for, from their spawn to their end.

use ractor_agents::registry::{Capability, CapabilityError, Entry, Requirement};
use ractor_agents::swarm::SpawnError;
use tests::{Puppet, Task, idle, secs, test_swarm};

use crate::Result;

/// Another type of the same kind: their types have one short name.
mod other {
    use ractor_agents::prelude::*;

    #[derive(Clone)]
    pub(crate) struct Puppet;

    impl Agent for Puppet {
        type Message = ();
        type Reply = ();

        async fn handle(&mut self, (): &(), _: &Context<Self>) -> Result<(), Failure> {
            Ok(())
        }
    }
}

fn numbers(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id().number()).collect()
}

fn asked(text: &str) -> Result<Requirement> {
    Ok(text.parse()?)
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_found_by_all_that_it_is_known_for() -> Result {
    let swarm = test_swarm();
    let registry = swarm.registry();
    let one = swarm
        .spawn(Puppet::default())
        .name("one")
        .capability("dance@2.1")
        .tag("eu")
        .await?;
    swarm.spawn(other::Puppet).tag("eu").await?;
    swarm.spawn(Puppet::default()).capability("sing").await?;

    assert_eq!(registry.named("one").ok_or("unknown")?.id(), one.id());
    assert_eq!(registry.get(one.id()).ok_or("unknown")?.id(), one.id());
    assert_eq!(numbers(&registry.tagged("eu")), [1, 2]);
    assert_eq!(numbers(&registry.of_kind("Puppet")), [1, 2, 3]);
    assert_eq!(registry.of::<Puppet>().len(), 2, "by type, not by kind");
    assert_eq!(numbers(&registry.able(&asked("dance@^2")?)), [1]);
    assert_eq!(numbers(&registry.able(&asked("sing")?)), [3]);
    assert_eq!(numbers(&registry.all()), [1, 2, 3]);

    assert!(registry.named("dance").is_none());
    assert!(registry.able(&asked("dance@^3")?).is_empty());
    assert!(registry.tagged("us").is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn several_versions_of_one_capability_are_all_found() -> Result {
    let swarm = test_swarm();
    let spawn = swarm.spawn(Puppet::default());
    spawn.capability("dance@1.4").capability("dance@2").await?;
    swarm.spawn(Puppet::default()).capability("dance").await?;
    let registry = swarm.registry();
    for (text, found) in [
        ("dance", &[1, 2][..]),
        ("dance@1", &[1]),
        ("dance@2", &[1]),
        ("dance@3", &[]),
    ] {
        assert_eq!(numbers(&registry.able(&asked(text)?)), found, "{text}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn limits_have_to_reach_what_is_asked_for() -> Result {
    let swarm = test_swarm();
    for tokens in [4_000.0, 8_000.0] {
        let reading: Capability = "read".parse()?;
        let reading = reading.limit("tokens", tokens).cost(0.5);
        swarm.spawn(Puppet::default()).capability(reading).await?;
    }
    let able = swarm
        .registry()
        .able(&asked("read")?.at_least("tokens", 5_000.0));
    assert_eq!(numbers(&able), [2]);
    assert!((able[0].capabilities()[0].costs() - 0.5).abs() < f64::EPSILON);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_capability_that_is_none_fails_the_spawn() -> Result {
    let swarm = test_swarm();
    let spawned = swarm.spawn(Puppet::default()).capability("dance@two").await;
    let error = spawned.err().ok_or("it was spawned")?;
    assert!(
        matches!(
            &error,
            SpawnError::Capability(CapabilityError::Version { text, .. }) if text == "dance@two"
        ),
        "{error}"
    );
    assert!(swarm.registry().is_empty());
    for spawn in [
        swarm.spawn(Puppet::default()).weight(0),
        swarm.spawn(Puppet::default()).weight(10_001),
        swarm.spawn(Puppet::default()).capacity(0),
    ] {
        let error = spawn.await.err().ok_or("it was spawned")?;
        assert!(matches!(error, SpawnError::OutOfRange { .. }), "{error}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_agent_stays_known_over_restarts_and_is_forgotten_at_its_end() -> Result {
    let swarm = test_swarm();
    let registry = swarm.registry();
    let puppet = || swarm.spawn(Puppet::default()).capability("dance").tag("eu");
    let one = puppet().name("one").await?;
    let two = puppet().await?;
    one.kill();
    idle().await;
    assert_eq!(one.restarts(), 1);
    assert_eq!(numbers(&registry.able(&asked("dance")?)), [1, 2]);

    let entry = registry.named("one").ok_or("unknown")?;
    swarm.stop(one.id(), secs(1)).await;
    assert_eq!(numbers(&registry.able(&asked("dance")?)), [2]);
    assert_eq!(numbers(&registry.tagged("eu")), [2]);
    assert!(registry.named("one").is_none() && registry.get(one.id()).is_none());
    assert_eq!(entry.status(), ractor_agents::agent::Status::Offline);
    assert_eq!(entry.accounting().accepted, 0);

    swarm.stop(two.id(), secs(1)).await;
    assert!(registry.stats().capabilities.is_empty(), "no group is left");
    assert!(registry.is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_entry_leads_to_its_agent() -> Result {
    let swarm = test_swarm();
    swarm.spawn(Puppet::default()).name("one").await?;
    let entry = swarm.registry().named("one").ok_or("unknown")?;
    let one = entry.agent::<Puppet>().ok_or("another type")?;
    assert_eq!(one.ask(Task::note(7)).await?, 7);
    assert!(entry.agent::<other::Puppet>().is_none());
    Ok(())
}
