//! Patterns without a circle, at full rate: nobody is told.

use std::collections::BTreeSet;

use ractor_agents::swarm::Swarm;
use tests::{Random, secs};
use tokio::time::timeout;

use crate::asker::{End, Errand, How};
use crate::{Outcome, Result, askers};

const AGENTS: u64 = 12;
const SENDERS: u64 = 8;
const PATTERNS: u64 = 100_000;

/// Up to five agents, each with a higher number than the one before it: whatever is asked at the same time, there is no circle.
fn ascending(random: &mut Random) -> (usize, Errand) {
    let numbers: BTreeSet<u64> = (0..=random.next() % 5)
        .map(|_| random.next() % AGENTS)
        .collect();
    let mut route: Vec<(usize, How)> = Vec::new();
    for number in numbers {
        let how = match random.next() % 16 {
            0 => How::Timeout(20_000),
            1 => How::Unordered(20_000),
            2 => How::Spawned(20_000),
            _ => How::Plainly,
        };
        let number = usize::try_from(number).expect("they are few");
        route.push((number, how));
    }
    let (first, _) = route.remove(0);
    (first, Errand::via(route))
}

/// Agents ask only those with a higher number, in 100,000 random patterns from several senders.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_random_patterns() -> Result {
    let seed = Random::seed("WAITS_SEED");
    println!("WAITS_SEED={seed}");
    let swarm = Swarm::local();
    let (agents, asker) = askers(&swarm, AGENTS as usize).await?;
    let mut senders = Vec::new();
    for sender in 0..SENDERS {
        let agents = agents.clone();
        let mut random = Random::new(seed.wrapping_add(sender));
        senders.push(tokio::spawn(async move {
            for _ in 0..PATTERNS / SENDERS {
                let (first, errand) = ascending(&mut random);
                assert_eq!(agents[first].ask(errand).await?, Outcome::Answered);
            }
            Result::<()>::Ok(())
        }));
    }
    for sender in senders {
        sender.await??;
    }
    assert!(asker.told.is_empty(), "{:?}", asker.told);
    assert!(asker.failed.is_empty(), "{:?}", asker.failed);
    Ok(())
}

/// Who has just answered asks the one that it answered, which may not have noticed yet: it waits no more all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_agents_that_ask_back_after_they_answered() -> Result {
    let swarm = Swarm::local();
    let (agents, asker) = askers(&swarm, 2).await?;
    for _ in 0..20_000 {
        let back = End::Then(Box::new(Errand::of(&[0])));
        let there = agents[0].ask(Errand::of(&[1]).end(back));
        assert_eq!(timeout(secs(10), there).await??, Outcome::Answered);
        // It asks the other after it has asked back.
        agents[1].ask(Errand::of(&[])).await?;
    }
    assert!(asker.told.is_empty(), "{:?}", asker.told);
    Ok(())
}
