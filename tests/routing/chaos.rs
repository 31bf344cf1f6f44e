//! Agents, routers, the registry and supervisors are killed again and again, and every request that may be retried is answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ractor_agents::prelude::Swarm;
use ractor_agents::registry::Breaker;
use ractor_agents::routing::Router;
use ractor_agents::supervision::Intensity;
use tests::{Act, Puppet, Random, Task, change_strategy, ms, secs};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::Result;

const AGENTS: usize = 8;
const SENDERS: u64 = 4;

/// `CHAOS_SECONDS` is how long it lasts (3 by default, 30 for the long form); `CHAOS_SEED` brings it back as far as threads allow.
fn lasts() -> Duration {
    let seconds = std::env::var("CHAOS_SECONDS").ok();
    secs(seconds.map_or(3, |seconds| seconds.parse().expect("seconds are a number")))
}

async fn spawn(swarm: &Swarm) -> Result {
    let spawn = swarm.spawn(Puppet::default()).attempts(u16::MAX);
    // Given up soon, so that what is left to them moves; and not left in peace, since being killed is no fault of theirs.
    let spawn = spawn
        .intensity(Intensity::new(3, secs(2)))
        .breaker(Breaker::off());
    spawn.await?;
    Ok(())
}

/// Asks one after the other until it is over; every one is answered.
async fn ask(
    router: Router<Puppet>,
    sender: u64,
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
) {
    let mut number = sender << 40;
    while !is_over.load(Ordering::Relaxed) {
        number += 1;
        let ask = router.ask(Task::new(number, Act::Take(number % 4)));
        let answer = if number.is_multiple_of(5) {
            ask.key(&(number % 32).to_string()).await
        } else {
            ask.await
        };
        assert_eq!(answer.map_err(|error| error.to_string()), Ok(number));
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

fn kill_one(swarm: &Swarm, random: &mut Random) {
    let tree = swarm.tree();
    // The root is spared every other time: it takes everybody with it.
    let victim = random.one_of(tree.nodes());
    if !victim.path.names().is_empty() || random.once_in(2) {
        victim.kill();
    }
}

/// In real time, since kills between threads are the point.
#[test]
fn every_request_that_may_be_retried_is_answered_whoever_is_killed() -> Result {
    let seed = Random::seed("CHAOS_SEED");
    let mut random = Random::new(seed);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // Heartbeats often enough to matter.
        let swarm = Swarm::builder().heartbeat(ms(20), 3).build()?;
        for _ in 0..AGENTS {
            spawn(&swarm).await?;
        }
        let router = swarm.router::<Puppet>().await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let answered = Arc::new(AtomicU64::new(0));
        let mut senders = JoinSet::new();
        for sender in 0..SENDERS {
            let (is_over, answered) = (Arc::clone(&is_over), Arc::clone(&answered));
            senders.spawn(ask(router.clone(), sender, is_over, answered));
        }
        let begun = Instant::now();
        let mut kills = 0;
        while begun.elapsed() < lasts() {
            sleep(ms(50)).await;
            kill_one(&swarm, &mut random);
            kills += 1;
            change_strategy(&router, &mut random);
            while swarm.registry().len() < AGENTS {
                spawn(&swarm).await?;
            }
        }
        is_over.store(true, Ordering::Relaxed);
        while let Some(sender) = senders.join_next().await {
            sender?;
        }
        let status = swarm.status();
        let messages = status.messages;
        assert!(messages.balances(), "{messages:?}");
        assert_eq!(messages.failed, 0, "{messages:?}");
        println!(
            "figures: {kills} kills, {} answers, {} restarts, {} moved, CHAOS_SEED={seed}",
            answered.load(Ordering::Relaxed),
            status.restarts,
            messages.moved,
        );
        assert!(answered.load(Ordering::Relaxed) > 100);
        Ok(())
    })
}
