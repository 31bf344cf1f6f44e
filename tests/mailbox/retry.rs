//! More than one attempt.

use ractor_agents::agent::AskError;
use ractor_agents::mailbox::retry;
use ractor_agents::message::Priority;
use ractor_agents::supervision::Backoff;
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::time::Instant;

use crate::Result;

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_and_the_last_one_decides() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .layer(retry::Layer::attempts(3))
        .await?;
    assert_eq!(to.ask(Task::new(1, Act::FailBefore(3))).await?, 1);
    let error = to.ask(Task::new(2, Act::FailBefore(4))).await.unwrap_err();
    assert!(
        matches!(error, AskError::Failed { attempts: 3, .. }),
        "{error:?}"
    );
    let error = to.ask(Task::new(3, Act::FailForGood)).await.unwrap_err();
    assert!(
        matches!(error, AskError::Failed { attempts: 1, .. }),
        "{error:?}"
    );
    let one = to
        .ask(Task::new(4, Act::Fail))
        .attempts(1)
        .await
        .unwrap_err();
    assert!(
        matches!(one, AskError::Failed { attempts: 1, .. }),
        "{one:?}"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_soft_failure_is_tried_again_without_a_restart() -> Result {
    let swarm = test_swarm();
    let to = swarm.spawn(Puppet::default()).attempts(4).await?;
    let error = to.ask(Task::new(1, Act::FailSoftly)).await.unwrap_err();
    assert!(
        matches!(error, AskError::Failed { attempts: 4, .. }),
        "{error:?}"
    );
    assert_eq!(to.restarts(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_way_to_crash_leads_to_another_attempt() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .attempts(2)
        .deadline(secs(1))
        .await?;
    for (id, act) in [
        (1, Act::FailBefore(2)),
        (2, Act::PanicBefore(2)),
        (3, Act::HangBefore(2)),
    ] {
        assert_eq!(to.ask(Task::new(id, act)).await?, id);
    }
    let asked = to.ask(Task::new(4, Act::HangBefore(2)));
    let kill = async {
        idle().await;
        assert!(to.kill());
    };
    assert_eq!(tokio::join!(asked, kill).0?, 4);
    assert_eq!(to.restarts(), 4);
    assert_eq!(to.accounting().retried, 4);
    Ok(())
}

/// The waits are drawn evenly from zero to a bound that doubles up to a cap.
#[tokio::test(start_paused = true)]
async fn the_pause_between_attempts_grows_with_full_jitter_up_to_its_cap() -> Result {
    let swarm = test_swarm();
    let backoff = Backoff::new(secs(1), secs(4));
    let to = swarm
        .spawn(Puppet::default())
        .layer(retry::Layer::attempts(5).backoff(backoff))
        .await?;
    let mut longest = secs(0);
    for id in 0..100 {
        let begun = Instant::now();
        let failing = to.ask(Task::new(id, Act::FailSoftly)).patience(secs(100));
        assert!(failing.await.is_err());
        longest = longest.max(begun.elapsed());
        assert!(
            begun.elapsed() <= secs(1 + 2 + 4 + 4) + ms(10),
            "{:?}",
            begun.elapsed()
        );
    }
    // A hundred sums of four draws: their mean is 5.5 s, and the largest is beyond 7 s but once in 10⁸.
    assert!(longest >= secs(7), "{longest:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn others_go_on_during_the_pause_and_the_message_then_comes_first() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .attempts(2)
        .retry_backoff(Backoff::new(secs(1_000), secs(1_000)))
        .await?;
    to.tell(Task::new(1, Act::FailBefore(2))).await?;
    to.tell(2).await?;
    idle().await;
    assert_eq!(puppet.done.all(), [2]);
    assert_eq!(to.accounting().queued, 1);
    to.tell(Task::new(3, Act::Wait)).await?;
    idle().await;
    to.tell(4).await?;
    to.tell(5).priority(Priority::High).await?;
    // Past the pause, whatever was drawn; the handler is at its gate meanwhile, within its deadline of 30 s or again.
    tokio::time::sleep(secs(20)).await;
    puppet.gate.open();
    tokio::time::sleep(secs(1_000)).await;
    let done = puppet.done.all();
    assert!(done.contains(&1), "{done:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_tried_again_stands_in_front_of_its_lane() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).attempts(3).await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    to.tell(Task::new(1, Act::PanicBefore(3))).await?;
    to.tell(2).await?;
    to.tell(3).priority(Priority::High).await?;
    puppet.gate.open();
    tokio::time::sleep(secs(10)).await;
    assert_eq!(puppet.done.all(), [0, 3, 1, 2]);
    Ok(())
}

/// The asker's patience ends while its message waits for another attempt.
#[tokio::test(start_paused = true)]
async fn patience_also_ends_during_a_pause_between_attempts() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .attempts(3)
        .retry_backoff(Backoff::new(secs(100_000), secs(100_000)))
        .await?;
    let begun = Instant::now();
    let asked = to.ask(Task::new(1, Act::FailSoftly)).patience(secs(2));
    let error = asked.await.unwrap_err();
    assert!(matches!(error, AskError::Timeout { .. }), "{error:?}");
    assert!(begun.elapsed() <= ms(2_100), "{:?}", begun.elapsed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_that_waits_for_another_attempt_is_not_lost_by_a_kill() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .attempts(2)
        .retry_backoff(Backoff::new(secs(5), secs(5)))
        .await?;
    to.tell(Task::new(1, Act::FailBefore(2))).await?;
    idle().await;
    to.kill();
    tokio::time::sleep(secs(10)).await;
    assert_eq!(puppet.done.all(), [1]);
    Ok(())
}
