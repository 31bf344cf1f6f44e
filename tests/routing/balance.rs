//! Strategies share the work as they say.

use ractor_agents::routing::{LeastConnections, PowerOfTwo, RoundRobin, WeightedRoundRobin};
use tests::{Act, Puppet, Task, idle, ms, test_swarm};
use tokio::time::sleep;

use crate::{Result, dancers, loads, pile_up};

#[tokio::test(start_paused = true)]
async fn round_robin_gives_everybody_the_same() -> Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 7).await?;
    let router = swarm.router::<Puppet>().strategy(RoundRobin::default());
    pile_up(&router.await?, 700).await?;
    assert_eq!(loads(&dancers), [100; 7]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn weighted_shares_are_within_a_hundredth_and_come_without_bursts() -> Result {
    const MESSAGES: u64 = 100_000;
    let swarm = test_swarm();
    let weights = [1_u32, 2, 3, 5, 9];
    let mut agents = Vec::new();
    for weight in weights {
        agents.push(swarm.spawn(async |_: u64| {}).weight(weight).await?);
    }
    let router = swarm.router().members(&agents);
    let router = router.strategy(WeightedRoundRobin::default()).await?;
    let mut runs = Vec::new();
    let mut last = (None, 0);
    for number in 0..MESSAGES {
        let before = agents[4].accounting().accepted;
        router.tell(number).await?;
        let is_heaviest = agents[4].accounting().accepted > before;
        let run = if last.0 == Some(is_heaviest) {
            last.1 + 1
        } else {
            1
        };
        last = (Some(is_heaviest), run);
        runs.push(run);
        if number % 512 == 0 {
            idle().await;
        }
    }
    for (agent, weight) in agents.iter().zip(weights) {
        let (got, due) = (
            agent.accounting().accepted,
            MESSAGES * u64::from(weight) / 20,
        );
        assert!(got.abs_diff(due) * 100 <= due, "{got} instead of {due}");
    }
    let longest = runs.into_iter().max();
    assert!(longest <= Some(3), "{longest:?} in a row");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn least_connections_keeps_queues_within_two_of_each_other() -> Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 20).await?;
    let router = swarm
        .router::<Puppet>()
        .strategy(LeastConnections::default());
    let router = router.await?;
    // Uniform work: 20 agents take 10 ms each, and 2 messages come every millisecond until all have a queue.
    for round in 0..2_000_u64 {
        for one in 0..2 + u64::from(round < 100) {
            router
                .tell(Task::new(2 * round + one, Act::Take(10)))
                .await?;
        }
        sleep(ms(1)).await;
        let entries = dancers.iter().map(|(agent, _)| agent.accounting());
        let queues: Vec<u64> = entries.map(|one| one.queued + one.in_flight).collect();
        let (least, most) = (queues.iter().min(), queues.iter().max());
        assert!(
            most.zip(least)
                .is_some_and(|(most, least)| most - least <= 2),
            "{queues:?} in round {round}"
        );
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_better_of_two_is_nearly_even() -> Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 50).await?;
    let router = swarm.router::<Puppet>().strategy(PowerOfTwo::default());
    pile_up(&router.await?, 5_000).await?;
    let (least, most) = (
        loads(&dancers).into_iter().min(),
        loads(&dancers).into_iter().max(),
    );
    // At random it would be some 70 to 130; the bound is well above what two choices give (Mitzenmacher: about log log n).
    assert!(
        least >= Some(90) && most <= Some(106),
        "{least:?} to {most:?}"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_strategy_that_was_swapped_holds_from_the_next_message_on() -> Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 4).await?;
    let router = swarm.router::<Puppet>().strategy(RoundRobin::default());
    let router = router.await?;
    for number in 0..9 {
        dancers[0].0.tell(Task::new(number, Act::Wait)).await?;
    }
    router.set_strategy(LeastConnections::default());
    assert_eq!(router.strategy(), "least connections");
    pile_up(&router, 27).await?;
    assert_eq!(loads(&dancers), [9; 4]);
    Ok(())
}
