//! Content that crashes its agent over and over.

use ractor_agents::agent::AskError;
use ractor_agents::dead_letter::Reason;
use ractor_agents::mailbox::quarantine;
use tests::{Act, Puppet, Task, secs, test_swarm};

use crate::Result;

#[tokio::test(start_paused = true)]
async fn content_that_crashed_too_often_is_put_away_without_a_restart() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .around(quarantine::Layer::by_content(2))
        .await?;
    for (act, reason) in [
        (Act::Panic, Reason::Panicked),
        (Act::Fail, Reason::Failed("on purpose".into())),
    ] {
        let poison = Task::new(1, act);
        puppet.begun.take();
        let restarts = to.restarts();
        for expected in [&reason, &reason, &Reason::Quarantined, &Reason::Quarantined] {
            let error = to.ask(poison).await.unwrap_err();
            let AskError::Failed { reason, .. } = &error else {
                panic!("{error:?}");
            };
            assert_eq!(reason, expected);
            assert_eq!(error.is_retryable(), *expected != Reason::Quarantined);
        }
        assert_eq!(to.ask(2).await?, 2, "others are handled");
        assert_eq!(puppet.begun.all(), [1, 1, 2]);
        assert_eq!(to.restarts() - restarts, 2);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn attempts_at_one_message_are_strikes_too() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .attempts(10)
        .around(quarantine::Layer::by_content(3))
        .await?;
    let error = to.ask(Task::new(1, Act::Panic)).await.unwrap_err();
    assert!(
        matches!(
            error,
            AskError::Failed {
                attempts: 4,
                reason: Reason::Quarantined,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(puppet.begun.all(), [1, 1, 1]);
    let letters = swarm.dead_letters().list();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].reason, Reason::Quarantined);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn missed_deadlines_and_kills_are_strikes() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .deadline(secs(1))
        .around(quarantine::Layer::by_content(2))
        .await?;
    let poison = Task::new(1, Act::Hang);
    assert!(matches!(
        to.ask(poison).await,
        Err(AskError::Timeout { .. })
    ));
    let asked = to.ask(poison);
    let kill = async {
        tests::idle().await;
        to.kill()
    };
    let (answer, killed) = tokio::join!(asked, kill);
    assert!(killed);
    assert!(
        matches!(
            answer,
            Err(AskError::Failed {
                reason: Reason::Killed,
                ..
            })
        ),
        "{answer:?}"
    );
    let answer = to.ask(poison).await;
    assert!(
        matches!(
            answer,
            Err(AskError::Failed {
                reason: Reason::Quarantined,
                ..
            })
        ),
        "{answer:?}"
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn content_that_succeeds_is_forgiven() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .attempts(3)
        .around(quarantine::Layer::by_content(3))
        .await?;
    for _ in 0..4 {
        assert_eq!(to.ask(Task::new(1, Act::PanicBefore(3))).await?, 1);
        tokio::time::sleep(secs(20)).await;
    }
    // A failure that restarts nobody is an answer.
    for _ in 0..5 {
        let error = to.ask(Task::new(2, Act::FailSoftly)).attempts(1).await;
        assert!(
            matches!(
                error,
                Err(AskError::Failed {
                    reason: Reason::Failed(_),
                    ..
                })
            ),
            "{error:?}"
        );
    }
    Ok(())
}
