//! Incarnations that end while they wait.

use ractor_agents::supervision::Backoff;
use tests::{idle, ms, test_swarm};
use tokio::time::timeout;

use crate::asker::{Asker, End, Errand};
use crate::{Outcome, Result};

#[tokio::test(start_paused = true)]
async fn who_is_killed_waits_for_nobody() -> Result {
    let swarm = test_swarm();
    let asker = Asker::default();
    let mut agents = Vec::new();
    for _ in 0..2 {
        let spawn = swarm.spawn(asker.clone()).restart_backoff(Backoff::NONE);
        agents.push(spawn.await?);
    }
    asker.meet(&agents);
    for _ in 0..3 {
        agents[0].tell(Errand::of(&[1]).end(End::Wait)).await?;
        idle().await;
        assert!(agents[0].kill());
        idle().await;
        // The second still has the message in hand; then it asks the first.
        agents[1].tell(Errand::of(&[0])).await?;
        asker.gate.let_through(1);
        idle().await;
        assert!(asker.told.is_empty(), "{:?}", asker.told);
    }
    // Its successor is seen.
    let outcome = timeout(ms(40), agents[0].ask(Errand::of(&[1, 0]))).await??;
    assert_eq!(outcome, Outcome::Answered);
    assert_eq!(asker.told.len(), 1);
    Ok(())
}
