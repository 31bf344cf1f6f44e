//! Who waits for something else too is in no circle.

use tests::{idle, ms, secs, test_swarm};
use tokio::time::timeout;

use crate::asker::{End, Errand, How};
use crate::{Outcome, Result, askers};

/// Two that ask each other, one of them not plainly, whichever is the first.
async fn nobody_is_told(how: impl Fn() -> How) -> Result {
    for route in [
        [(1, how()), (0, How::Plainly)],
        [(1, How::Plainly), (0, how())],
    ] {
        let swarm = test_swarm();
        let (agents, asker) = askers(&swarm, 2).await?;
        asker.gate.open();
        timeout(secs(1), agents[0].ask(Errand::via(route))).await??;
        assert!(asker.told.is_empty(), "{:?}", asker.told);
        idle().await;
        // Nothing is left behind: a circle is found right after it.
        let around = agents[0].ask(Errand::of(&[1, 0]));
        timeout(ms(40), around).await??;
        assert_eq!(asker.told.len(), 1);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn with_a_timeout() -> Result {
    nobody_is_told(|| How::Timeout(100)).await
}

#[tokio::test(start_paused = true)]
async fn in_a_select() -> Result {
    nobody_is_told(|| How::Select(100)).await
}

#[tokio::test(start_paused = true)]
async fn in_a_stream_of_futures() -> Result {
    nobody_is_told(|| How::Unordered(100)).await
}

#[tokio::test(start_paused = true)]
async fn in_a_task_of_its_own() -> Result {
    nobody_is_told(|| How::Spawned(100)).await
}

#[tokio::test(start_paused = true)]
async fn moved_to_a_task_of_its_own() -> Result {
    nobody_is_told(|| How::Background(100)).await
}

/// Two asks at once: no edge while both are open, and one when one is.
#[tokio::test(start_paused = true)]
async fn beside_another_ask_until_that_is_answered() -> Result {
    let swarm = test_swarm();
    let (agents, asker) = askers(&swarm, 3).await?;
    let first = agents[0].clone();
    let route = [(1, How::Join(2)), (0, How::Plainly)];
    let asking = tokio::spawn(async move { first.ask(Errand::via(route)).await });
    tokio::time::sleep(secs(5)).await;
    assert!(asker.told.is_empty());
    asker.gate.open();
    let outcome = timeout(ms(40), asking).await???;
    assert_eq!(outcome, Outcome::Deadlock, "it is the last to wait");
    assert_eq!(asker.told.len(), 1);
    Ok(())
}

/// A handler that waits for something that is no ask is in no circle, whoever waits for it.
#[tokio::test(start_paused = true)]
async fn for_a_gate() -> Result {
    let swarm = test_swarm();
    let (agents, asker) = askers(&swarm, 2).await?;
    let first = agents[0].clone();
    let errand = Errand::of(&[1]).end(End::Wait);
    let asking = tokio::spawn(async move { first.ask(errand).await });
    tokio::time::sleep(secs(5)).await;
    assert!(asker.told.is_empty());
    asker.gate.open();
    assert_eq!(timeout(ms(40), asking).await???, Outcome::Answered);
    Ok(())
}
