//! Who follows the registry sees everything that happens to those it is about.

use std::collections::BTreeSet;

use ractor_agents::agent::{AgentId, Status};
use ractor_agents::registry::{Filter, Seen, Watch};
use tests::{Puppet, idle, secs, test_swarm};
use tokio::time::timeout;

use crate::Result;

async fn next(watch: &mut Watch) -> Result<Seen> {
    let next = timeout(secs(1), watch.next()).await?;
    Ok(next.ok_or("the swarm has ended")?)
}

/// Reads until nothing has happened for a while.
async fn rest(watch: &mut Watch) -> Vec<Seen> {
    let mut seen = Vec::new();
    while let Ok(Some(next)) = timeout(secs(1), watch.next()).await {
        seen.push(next);
    }
    seen
}

#[tokio::test(start_paused = true)]
async fn it_tells_who_comes_what_becomes_of_them_and_who_leaves() -> Result {
    let swarm = test_swarm();
    let before = swarm.spawn(Puppet::default()).await?;
    let mut watch = swarm.registry().watch(Filter::all());
    assert_eq!(watch.snapshot().len(), 1);
    let agent = swarm.spawn(Puppet::default()).await?;
    assert!(matches!(next(&mut watch).await?, Seen::Registered(entry) if entry.id() == agent.id()));
    assert!(matches!(
        next(&mut watch).await?,
        Seen::Status(_, Status::Idle)
    ));
    agent.pause();
    assert!(matches!(
        next(&mut watch).await?,
        Seen::Status(_, Status::Maintenance)
    ));
    agent.resume();
    assert!(matches!(
        next(&mut watch).await?,
        Seen::Status(_, Status::Idle)
    ));
    before.kill();
    let down = next(&mut watch).await?;
    assert_eq!(down.agent(), before.id());
    assert!(matches!(
        down,
        Seen::Status(_, Status::Error | Status::Idle)
    ));
    idle().await;
    rest(&mut watch).await;
    swarm.stop(agent.id(), secs(1)).await;
    let seen = rest(&mut watch).await;
    assert!(matches!(seen.last(), Some(Seen::Left(id)) if *id == agent.id()));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_tells_of_those_whom_it_is_about_and_nobody_else() -> Result {
    let swarm = test_swarm();
    let filter = Filter::all().tag("eu").able("dance@2".parse()?);
    let mut watch = swarm.registry().watch(filter.kind("Puppet"));
    let spawn = |tag, dance| {
        let spawn = swarm.spawn(Puppet::default());
        spawn.tag(tag).capability(dance)
    };
    spawn("us", "dance@2").await?;
    spawn("eu", "dance@1").await?;
    let wanted = spawn("eu", "dance@2.1").await?;
    swarm
        .spawn(async |text: String| text)
        .tag("eu")
        .capability("dance@2")
        .await?;
    let seen = rest(&mut watch).await;
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|seen| seen.agent() == wanted.id()));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn one_that_falls_behind_still_misses_nobody() -> Result {
    let swarm = test_swarm();
    let first = swarm.spawn(Puppet::default()).await?;
    let mut watch = swarm.registry().watch(Filter::all());
    let mut there: BTreeSet<AgentId> = watch.snapshot().iter().map(|entry| entry.id()).collect();
    let many = std::iter::repeat_n(Puppet::default(), 3_000);
    let many = swarm.spawn_many(many).await?;
    for agent in many.iter().step_by(2).chain([&first]) {
        agent.stop();
    }
    idle().await;
    for seen in rest(&mut watch).await {
        match seen {
            Seen::Registered(entry) => assert!(there.insert(entry.id()), "told twice"),
            Seen::Left(id) => assert!(there.remove(&id), "nobody knew it"),
            Seen::Status(entry, _) => assert!(there.contains(&entry.id())),
        }
    }
    assert_eq!(there, swarm.agents().into_iter().collect());
    assert_eq!(there.len(), 1_500);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_swarm() -> Result {
    let swarm = test_swarm();
    swarm.spawn(Puppet::default()).await?;
    let mut watch = swarm.registry().watch(Filter::all());
    swarm.shutdown(secs(1)).await;
    drop(swarm);
    while timeout(secs(1), watch.next()).await?.is_some() {}
    Ok(())
}
