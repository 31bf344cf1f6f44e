//! The supervision tree as an operator sees it.

use ractor_agents::agent::Status;
use ractor_agents::supervision::{ChildState, Event, Kind, Missed, TreeEvents};
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle, secs, test_swarm};

use crate::Result;

/// The paths of all events there are, with what happened.
fn seen(events: &mut TreeEvents) -> Vec<String> {
    let mut seen = Vec::new();
    while let Ok(Some(next)) = events.try_recv() {
        let what = match next.event {
            Event::Started { id } => format!("started {id}"),
            Event::Restarted { id, .. } => format!("restarted {id}"),
            Event::Exited { id, .. } => format!("exited {id}"),
            Event::Resumed { life } => format!("life {life}"),
            Event::GaveUp { id, .. } => format!("gave up {id}"),
            Event::BackingOff { .. } => continue,
            other => format!("{other:?}"),
        };
        seen.push(format!("{}: {what}", next.path));
    }
    seen
}

fn small() -> Result<Swarm> {
    Ok(Swarm::builder().test().partitions(2).build()?)
}

#[tokio::test(start_paused = true)]
async fn the_tree_shows_supervisors_and_agents_by_number() -> Result {
    let swarm = small()?;
    let mut to = Vec::new();
    for _ in 0..3 {
        to.push(swarm.spawn(Puppet::default()).await?);
    }
    swarm.kill(to[1].id());
    tokio::time::sleep(secs(1)).await;
    assert_eq!(
        swarm.tree().to_string(),
        "\
/                  supervisor  running     0 restarts
registry           worker      running     0 restarts
queues             supervisor  running     0 restarts
routers            supervisor  running     0 restarts
agents             supervisor  running     0 restarts
agents/agents-0    supervisor  running     0 restarts
agents/agents-0/2  worker      running     1 restarts
agents/agents-1    supervisor  running     0 restarts
agents/agents-1/1  worker      running     0 restarts
agents/agents-1/3  worker      running     0 restarts
"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_happens_to_agents_and_supervisors_is_told_with_the_path() -> Result {
    let swarm = small()?;
    idle().await;
    let mut events = swarm.supervision_events();
    let to = swarm.spawn(Puppet::default()).await?;
    assert_eq!(seen(&mut events), ["agents/agents-1: started 1"]);
    to.tell(Task::new(1, Act::Fail)).await?;
    idle().await;
    assert_eq!(
        seen(&mut events),
        ["agents/agents-1: exited 1", "agents/agents-1: restarted 1"]
    );
    let tree = swarm.tree();
    let partition = tree.get("agents/agents-1").ok_or("no partition")?;
    assert!(partition.kill());
    idle().await;
    assert_eq!(
        seen(&mut events),
        [
            "agents: exited agents-1",
            "agents/agents-1: life 2",
            "agents/agents-1: restarted 1",
            "agents: restarted agents-1"
        ]
    );
    assert_eq!(to.ask(2).await?, 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_supervisor_can_be_killed_and_comes_back_with_its_agents() -> Result {
    let swarm = test_swarm();
    let mut to = Vec::new();
    for _ in 0..8 {
        to.push(swarm.spawn(Puppet::default()).await?);
    }
    let before = swarm.tree();
    assert_eq!(before.supervisors().count(), 8);
    for path in before.supervisors().map(|node| node.path.to_string()) {
        let now = swarm.tree();
        assert!(now.get(&path).ok_or("gone")?.kill(), "{path}");
        tokio::time::sleep(secs(1)).await;
    }
    for agent in &to {
        assert_eq!(agent.ask(1).await?, 1);
    }
    let after = swarm.tree();
    let is_well = |node: &ractor_agents::supervision::Node| node.state == ChildState::Running;
    assert!(after.nodes().iter().all(is_well), "{after}");
    let workers = after
        .nodes()
        .iter()
        .filter(|node| node.kind == Kind::Worker);
    assert_eq!(workers.count(), 9, "the registry too");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn events_end_with_the_swarm_however_it_ends() -> Result {
    for is_orderly in [true, false] {
        let swarm = test_swarm();
        let to = swarm.spawn(Puppet::default()).await?;
        let mut events = swarm.supervision_events();
        let listening = tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(_) => {}
                    Err(missed) => return missed,
                }
            }
        });
        if is_orderly {
            swarm.shutdown(secs(1)).await;
        }
        drop(swarm);
        // The address is still held.
        assert_eq!(listening.await?, Missed::Closed);
        assert_eq!(to.status(), Status::Offline);
    }
    Ok(())
}
