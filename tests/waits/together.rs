//! Circles that several agents close at the same time.

use std::sync::Arc;

use ractor_agents::swarm::Swarm;
use tests::secs;
use tokio::sync::Barrier;
use tokio::time::timeout;

use crate::asker::{Errand, How};
use crate::{Outcome, Result, askers};

/// Each of `count` agents asks the next as soon as all are at it. One of them is told, whichever it is, and the others are answered.
async fn rounds(count: usize, rounds: usize) -> Result {
    let swarm = Swarm::local();
    let (agents, asker) = askers(&swarm, count).await?;
    for _ in 0..rounds {
        let barrier = Arc::new(Barrier::new(count));
        let mut asking = Vec::new();
        for (number, agent) in agents.iter().enumerate() {
            let agent = agent.clone();
            let how = How::Together(Arc::clone(&barrier));
            let errand = Errand::via([((number + 1) % count, how)]);
            asking.push(tokio::spawn(async move { agent.ask(errand).await }));
        }
        let mut outcomes = Vec::new();
        for asking in asking {
            outcomes.push(timeout(secs(10), asking).await???);
        }
        let told = outcomes.iter().filter(|one| **one == Outcome::Deadlock);
        assert_eq!(told.count(), 1, "{outcomes:?}");
        assert_eq!(asker.told.take().len(), 1);
    }
    assert!(asker.failed.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_is_told() -> Result {
    rounds(2, 2_000).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_five_is_told() -> Result {
    rounds(5, 1_000).await
}
