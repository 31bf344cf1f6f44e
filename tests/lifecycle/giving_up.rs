//! Agents that fail too often.

use ractor_agents::agent::{AskError, Status};
use ractor_agents::dead_letter::Reason;
use ractor_agents::mailbox::Refusal;
use ractor_agents::supervision::{Backoff, Intensity, Restart};
use tests::{Act, Puppet, Task, idle, secs, test_swarm};

use crate::Result;

#[tokio::test(start_paused = true)]
async fn past_its_intensity_an_agent_is_given_up_and_everybody_is_told() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .depth(4)
        .intensity(Intensity::new(2, secs(10)))
        .restart_backoff(Backoff::NONE)
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    for id in 1..=3 {
        to.tell(Task::new(id, Act::Panic)).await?;
    }
    let (asked, waiting, ()) = tokio::join!(to.ask(4), to.tell(5), async {
        idle().await;
        puppet.gate.open();
    });
    assert!(matches!(asked, Err(AskError::Stopped { .. })), "{asked:?}");
    // It may have found room before the end.
    if let Err(error) = waiting {
        assert_eq!(error.refusal, Refusal::Closed);
    }
    idle().await;
    assert_eq!(to.status(), Status::Offline);
    assert_eq!(to.restarts(), 2);
    let refused = to.ask(6).await.unwrap_err();
    assert!(!refused.is_retryable(), "{refused:?}");
    let letters = swarm.dead_letters().list();
    let count = |reason: &Reason| {
        letters
            .iter()
            .filter(|letter| letter.reason == *reason)
            .count()
    };
    assert_eq!(count(&Reason::Panicked), 3);
    assert!(count(&Reason::Stopped) >= 1);
    let status = swarm.status();
    assert!(status.messages.balances(), "{status:?}");
    assert_eq!((status.agents, status.restarts), (0, 2));
    assert_eq!(status.messages.queued + status.messages.in_flight, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn others_live_on() -> Result {
    let swarm = test_swarm();
    let agents = swarm
        .spawn_many((0..8).map(|_| Puppet::default()))
        .intensity(Intensity::new(1, secs(10)))
        .restart_backoff(Backoff::NONE)
        .await?;
    for id in 0..4 {
        let _ = agents[0].tell(Task::new(id, Act::Panic)).await;
    }
    tokio::time::sleep(secs(1)).await;
    assert_eq!(agents[0].status(), Status::Offline);
    for to in &agents[1..] {
        assert_eq!(to.ask(1).await?, 1);
        assert_eq!(to.restarts(), 0);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn failures_that_are_far_apart_never_add_up() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .intensity(Intensity::new(1, secs(10)))
        .await?;
    for id in 0..20 {
        assert!(to.ask(Task::new(id, Act::Panic)).await.is_err());
        tokio::time::sleep(secs(11)).await;
    }
    assert_eq!(to.status(), Status::Idle);
    assert_eq!(to.restarts(), 20);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn impatient_askers_do_not_use_an_agents_restarts_up() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .intensity(Intensity::new(1, secs(1_000)))
        .await?;
    for id in 0..20 {
        let asked = to.ask(Task::new(id, Act::Hang)).patience(secs(1)).await;
        assert!(matches!(asked, Err(AskError::Timeout { .. })), "{asked:?}");
    }
    assert_eq!(to.ask(99).await?, 99);
    assert_eq!(to.accounting().cancelled, 20);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_temporary_agent_is_not_restarted() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .restart(Restart::Temporary)
        .attempts(3)
        .await?;
    let asked = to.ask(Task::new(1, Act::Panic)).await;
    assert!(matches!(asked, Err(AskError::Stopped { .. })), "{asked:?}");
    assert_eq!(to.status(), Status::Offline);
    Ok(())
}
