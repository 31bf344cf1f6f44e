//! Among whom a router chooses.

use ractor_agents::prelude::*;
use ractor_agents::routing::{Protocol, RoundRobin};
use ractor_agents::supervision::{Event, Kind};
use ractor_agents::swarm::SpawnError;
use tests::{Act, Puppet, Task, idle, secs, test_swarm};

use crate::dancers;

/// Takes and answers what a puppet does.
#[derive(Clone)]
struct Double;

impl Agent for Double {
    type Message = Task;
    type Reply = u64;

    async fn handle(&mut self, task: &Task, _: &Context<Self>) -> Result<u64, Failure> {
        Ok(task.id * 2)
    }
}

#[tokio::test(start_paused = true)]
async fn agents_of_different_types_serve_one_capability() -> crate::Result {
    let swarm = test_swarm();
    swarm
        .spawn(Puppet::default())
        .capability("dance@2.1")
        .await?;
    swarm.spawn(Double).capability("dance@2.3").await?;
    swarm.spawn(Double).capability("dance@3").await?;
    swarm
        .spawn(async |text: String| text)
        .capability("dance@2")
        .await?;
    let router = swarm
        .router::<Protocol<Task, u64>>()
        .capability("dance@^2")
        .strategy(RoundRobin::default())
        .await?;
    assert_eq!(router.len(), 2);
    let mut answers = [
        router.ask(Task::note(21)).await?,
        router.ask(Task::note(21)).await?,
    ];
    answers.sort_unstable();
    assert_eq!(answers, [21, 42]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn without_options_it_is_all_agents_of_the_type() -> crate::Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 2).await?;
    swarm.spawn(Double).await?;
    let mut candidates = swarm.router::<Puppet>().await?.candidates();
    candidates.sort();
    assert_eq!(candidates, [dancers[0].0.id(), dancers[1].0.id()]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_comes_is_a_candidate_and_who_goes_is_none() -> crate::Result {
    let swarm = test_swarm();
    let router = swarm.router::<Puppet>().tag("eu").await?;
    assert!(router.is_empty());
    let one = swarm.spawn(Puppet::default()).tag("eu").await?;
    let many = std::iter::repeat_n(Puppet::default(), 3_000);
    let many = swarm.spawn_many(many).tag("eu").await?;
    swarm.spawn(Puppet::default()).tag("us").await?;
    idle().await;
    assert_eq!(router.len(), 3_001, "more came at once than fit in line");
    swarm.stop(one.id(), secs(1)).await;
    for agent in &many[..2_999] {
        agent.stop();
    }
    idle().await;
    assert_eq!(router.candidates(), [many[2_999].id()]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn members_are_named_by_hand() -> crate::Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 3).await?;
    let (one, two, three) = (&dancers[0].0, &dancers[1].0, &dancers[2].0);
    let router = swarm.router().members([one]).await?;
    assert!(router.add(two) && router.add(&swarm.spawn(Double).await?));
    assert!(router.remove(one.id()) && !router.remove(three.id()));
    assert_eq!(router.len(), 2);
    swarm.stop(two.id(), secs(1)).await;
    idle().await;
    assert_eq!(router.ask(Task::note(4)).await?, 8, "the double is left");
    assert!(!swarm.router::<Puppet>().await?.add(one), "not by hand");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nothing_new_goes_to_those_who_are_paused_stopping_or_restarting() -> crate::Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 4).await?;
    let router = swarm.router::<Puppet>().strategy(RoundRobin::default());
    let router = router.await?;
    dancers[0].0.pause();
    dancers[1].0.tell(Task::new(1, Act::Wait)).await?;
    idle().await;
    dancers[1].0.stop();
    for number in 0..8 {
        assert_eq!(router.ask(Task::note(number)).await?, number);
    }
    let accepted = dancers.iter().map(|(agent, _)| agent.accounting().accepted);
    assert_eq!(accepted.collect::<Vec<_>>(), [0, 1, 4, 4]);
    dancers[0].0.resume();
    for number in 0..3 {
        router.ask(Task::note(number)).await?;
    }
    assert_eq!(dancers[0].0.accounting().accepted, 1);
    Ok(())
}

/// Asks the router of its kind, among whom it is itself.
#[derive(Clone)]
struct Delegate;

impl Agent for Delegate {
    type Message = u32;
    type Reply = AgentRef<Delegate>;

    async fn handle(&mut self, left: &u32, ctx: &Context<Self>) -> Result<Self::Reply, Failure> {
        if *left == 0 {
            return Ok(ctx.agent());
        }
        let router = ctx.swarm().router::<Self>().strategy(RoundRobin::default());
        let router = router.await?;
        Ok(router.ask(left - 1).await?)
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_is_not_asked() -> crate::Result {
    let swarm = test_swarm();
    let one = swarm.spawn(Delegate).await?;
    let two = swarm.spawn(Delegate).await?;
    for _ in 0..3 {
        assert_eq!(one.ask(1_u32).await?.id(), two.id());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_router_that_is_killed_routes_on_and_looks_round() -> crate::Result {
    let swarm = test_swarm();
    dancers(&swarm, 1).await?;
    let router = swarm.router::<Puppet>().await?;
    let is_router = |path: &str| path.starts_with("routers/");
    for round in 0..20_u64 {
        let tree = swarm.tree();
        let mut nodes = tree.nodes().iter();
        let clerk = nodes.find(|node| is_router(&node.path.to_string()));
        assert!(clerk.ok_or("no actor")?.kill());
        assert_eq!(router.ask(Task::note(round)).await?, round);
        dancers(&swarm, 1).await?;
        idle().await;
        assert_eq!(router.len() as u64, round + 2, "seen by the successor");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_router_ends_with_its_last_handle() -> crate::Result {
    let swarm = test_swarm();
    let mut events = swarm.supervision_events();
    let router = swarm.router::<Puppet>().await?;
    let clone = router.clone();
    drop(router);
    idle().await;
    let workers = || {
        let tree = swarm.tree();
        tree.nodes()
            .iter()
            .filter(|node| node.kind == Kind::Worker)
            .count()
    };
    assert_eq!(workers(), 2, "the registry's actor is one too");
    drop(clone);
    loop {
        if matches!(events.recv().await?.event, Event::Exited { .. }) {
            break;
        }
    }
    idle().await;
    assert_eq!(workers(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_requirement_that_is_none_fails_the_router() -> crate::Result {
    let swarm = test_swarm();
    let made = swarm.router::<Puppet>().capability("dance@two").await;
    assert!(matches!(made, Err(SpawnError::Capability(_))));
    Ok(())
}
