//! A router says whom it would choose, and why not the others.

use ractor_agents::agent::AgentRef;
use ractor_agents::routing::{
    LeastConnections, PassedOver, Protocol, RoundRobin, Router, WeightedRoundRobin,
};
use tests::{Act, Puppet, Task, idle, test_swarm};

use crate::{Result, dancers};

fn accepted(dancers: &[(AgentRef<Puppet>, Puppet)]) -> Vec<u64> {
    let messages = dancers.iter().map(|(agent, _)| agent.accounting().accepted);
    messages.collect()
}

#[tokio::test(start_paused = true)]
async fn everybody_is_named_with_a_score_or_a_reason() -> Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 4).await?;
    let other = swarm.spawn(async |text: String| text).capability("dance@2");
    let other = other.await?;
    let old = swarm.spawn(Puppet::default()).capability("dance@1");
    let old = old.await?;
    for (agent, load) in dancers.iter().map(|(agent, _)| agent).zip([3, 1, 2, 0]) {
        for number in 0..load {
            agent.tell(Task::new(number, Act::Wait)).await?;
        }
    }
    dancers[3].0.pause();
    idle().await;
    let router = swarm
        .router::<Protocol<Task, u64>>()
        .capability("dance@2")
        .strategy(LeastConnections::default())
        .await?;
    let explanation = router.explain();
    assert_eq!(explanation.chosen, Some(dancers[1].0.id()));
    assert_eq!(explanation.strategy, "least connections");
    for (agent, why) in [
        (dancers[0].0.id(), PassedOver::Outscored),
        (dancers[2].0.id(), PassedOver::Outscored),
        (dancers[3].0.id(), PassedOver::Maintenance),
        (other.id(), PassedOver::OtherTypes),
        (old.id(), PassedOver::NotAble),
    ] {
        assert_eq!(explanation.why_not(agent), Some(&why), "{agent}");
    }
    let scores = explanation.considered.iter().map(|one| one.score);
    assert_eq!(
        scores.collect::<Vec<_>>(),
        [Some(1.0), Some(2.0), Some(3.0), None, None, None]
    );
    let text = explanation.to_string();
    assert!(
        text.starts_with("capability dance@^2 by least connections: Puppet#2\n  Puppet#2"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 7);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn asking_takes_nobodys_turn() -> Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 3).await?;
    let router = swarm.router::<Puppet>().await?;
    let turns = async |router: &Router<Puppet>| -> Result {
        for _ in 0..7 {
            let foreseen = router.explain().chosen;
            assert_eq!(router.explain().chosen, foreseen);
            let before = accepted(&dancers);
            router.ask(Task::note(0)).await?;
            let after = accepted(&dancers);
            let chosen = dancers.iter().zip(before.iter().zip(&after));
            let mut chosen = chosen.filter(|(_, (before, after))| before < after);
            assert_eq!(chosen.next().map(|((agent, _), _)| agent.id()), foreseen);
        }
        Ok(())
    };
    router.set_strategy(RoundRobin::default());
    turns(&router).await?;
    router.set_strategy(WeightedRoundRobin::default());
    turns(&router).await
}

#[tokio::test(start_paused = true)]
async fn a_key_decides_by_itself() -> Result {
    let swarm = test_swarm();
    dancers(&swarm, 3).await?;
    let router = swarm.router::<Puppet>().await?;
    let explanation = router.explain_key("order-7");
    assert_eq!(explanation.strategy, "its key");
    router.ask(Task::note(7)).key("order-7").await?;
    let chosen = explanation.chosen.ok_or("nobody")?;
    let agent = swarm.agent::<Puppet>(chosen).ok_or("unknown")?;
    assert_eq!(agent.accounting().handled, 1);
    Ok(())
}
