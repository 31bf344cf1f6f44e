//! Messages of one key stay together and in order.

use std::collections::HashMap;

use ractor_agents::prelude::*;
use ractor_agents::routing::{LeastConnections, RoundRobin, Router};
use tests::{Log, Puppet, Random, Task, change_strategy, idle, test_swarm};

use crate::dancers;

#[tokio::test(start_paused = true)]
async fn a_key_stays_with_its_agent_over_restarts_and_other_strategies() -> crate::Result {
    let swarm = test_swarm();
    let dancers = dancers(&swarm, 8).await?;
    let router = swarm.router::<Puppet>().await?;
    for key in 0..40_u64 {
        let key = format!("order-{key}");
        let owner = router.explain_key(&key).chosen.ok_or("nobody")?;
        for _ in 0..3 {
            router.set_strategy(RoundRobin::default());
            router.ask(Task::note(1)).key(&key).await?;
            router.set_strategy(LeastConnections::default());
            let agent = swarm.agent::<Puppet>(owner).ok_or("unknown")?;
            agent.kill();
            router.ask(Task::note(2)).key(&key).await?;
            let after = router.explain_key(&key).chosen;
            assert_eq!(after, Some(owner));
        }
    }
    let asked: u64 = dancers
        .iter()
        .map(|(agent, _)| agent.accounting().accepted)
        .sum();
    assert_eq!(asked, 240);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_comes_or_goes_moves_only_its_own_share_of_the_keys() -> crate::Result {
    const KEYS: usize = 10_000;
    let swarm = test_swarm();
    dancers(&swarm, 9).await?;
    let router = swarm.router::<Puppet>().await?;
    let owners = |router: &Router<Puppet>| -> Vec<_> {
        let keys = (0..KEYS).map(|key| router.explain_key(&key.to_string()).chosen);
        keys.collect()
    };
    let before = owners(&router);
    let mut shares = HashMap::new();
    for owner in &before {
        *shares.entry(*owner).or_insert(0_usize) += 1;
    }
    let due = KEYS / 9;
    assert!(
        shares.values().all(|share| share.abs_diff(due) < due / 2),
        "{shares:?}"
    );

    let newcomer = swarm.spawn(Puppet::default()).await?;
    idle().await;
    let after = owners(&router);
    let moved = before.iter().zip(&after).filter(|(one, two)| one != two);
    let moved: Vec<_> = moved.map(|(_, to)| *to).collect();
    assert!(moved.iter().all(|to| *to == Some(newcomer.id())));
    assert!(
        moved.len().abs_diff(KEYS / 10) < KEYS / 20,
        "{}",
        moved.len()
    );
    Ok(())
}

/// Notes what it was told, by key.
#[derive(Clone)]
struct Clerk(Log<(u64, u64)>);

impl Agent for Clerk {
    type Message = (u64, u64);
    type Reply = ();

    async fn handle(&mut self, message: &(u64, u64), _: &Context<Self>) -> Result<(), Failure> {
        if message.1.is_multiple_of(5) {
            tokio::task::yield_now().await;
        }
        self.0.push(*message);
        Ok(())
    }
}

/// In real time, between threads: strategies change while everybody sends as fast as they can.
#[test]
fn swapping_strategies_at_full_rate_loses_and_reorders_nothing() -> crate::Result {
    const SENDERS: u64 = 4;
    const MESSAGES: u64 = 20_000;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let swarm = Swarm::local();
        let log = Log::default();
        let clerks = std::iter::repeat_n(Clerk(log.clone()), 12);
        swarm.spawn_many(clerks).weight(3).await?;
        let router = swarm.router::<Clerk>().await?;
        let senders: Vec<_> = (0..SENDERS)
            .map(|sender| {
                let router = router.clone();
                // One key per sender, and every other message without.
                tokio::spawn(async move {
                    for number in 0..MESSAGES {
                        let message = router.tell((sender, number));
                        if number.is_multiple_of(2) {
                            message.key(&sender.to_string()).await?;
                        } else {
                            message.await?;
                        }
                    }
                    Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
                })
            })
            .collect();
        let mut random = Random::new(7);
        let mut swaps = 0_u32;
        while senders.iter().any(|sender| !sender.is_finished()) {
            change_strategy(&router, &mut random);
            swaps += 1;
            tokio::task::yield_now().await;
        }
        for sender in senders {
            sender.await??;
        }
        while log.len() < (SENDERS * MESSAGES) as usize {
            tokio::task::yield_now().await;
        }
        assert!(swaps > 100, "{swaps} swaps");
        let all = log.all();
        assert_eq!(all.len() as u64, SENDERS * MESSAGES);
        for sender in 0..SENDERS {
            let of_sender = all.iter().filter(|(from, _)| *from == sender);
            let keyed = of_sender.filter(|(_, number)| number.is_multiple_of(2));
            let numbers: Vec<u64> = keyed.map(|(_, number)| *number).collect();
            assert!(numbers.is_sorted(), "sender {sender}");
        }
        Ok(())
    })
}
