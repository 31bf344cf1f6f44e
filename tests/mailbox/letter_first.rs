//! Whoever hears that an ask failed finds its dead letter.
//!
//! The asker's waker looks: at the moment at which it is called, the letter is counted, kept, and told to subscribers.

use ractor_agents::agent::{AgentRef, AskError};
use ractor_agents::dead_letter::Reason;
use ractor_agents::mailbox::{Overflow, dedup, quarantine};
use ractor_agents::supervision::{Backoff, Intensity};
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Seen, Task, idle, ms, secs, test_swarm, witness};

use crate::Result;

type Answer = std::result::Result<u64, AskError<Task>>;

/// A puppet of which the first attempt is the last, with a deadline of a second.
async fn spawn(swarm: &Swarm) -> Result<AgentRef<Puppet>> {
    let puppet = swarm.spawn(Puppet::default()).deadline(secs(1));
    Ok(puppet.await?)
}

/// Keeps an agent busy for a second of its own time, less a little.
async fn occupy(to: &AgentRef<Puppet>) -> Result {
    to.tell(Task::new(0, Act::Take(900))).await?;
    idle().await;
    Ok(())
}

/// The asker was woken once, with its letter there; by then there were `total`.
#[track_caller]
fn assert_letter(seen: &[Seen], total: u64, reason: &Reason) {
    let there = Seen {
        total,
        kept: Some(reason.clone()),
        heard: Some(reason.clone()),
    };
    assert_eq!(seen, [there]);
}

/// The asker was woken once, and there was no letter.
#[track_caller]
fn assert_no_letter(seen: &[Seen]) {
    let none = Seen {
        total: 0,
        kept: None,
        heard: None,
    };
    assert_eq!(seen, [none]);
}

#[tokio::test(start_paused = true)]
async fn of_a_failure_in_hand() -> Result {
    for (act, reason) in [
        (Act::Panic, Reason::Panicked),
        (Act::Fail, Reason::Failed("on purpose".into())),
        (Act::FailSoftly, Reason::Failed("softly".into())),
        (Act::FailForGood, Reason::Failed("for good".into())),
    ] {
        let swarm = test_swarm();
        let to = spawn(&swarm).await?;
        let (answer, seen) = witness(&swarm, to.ask(Task::new(1, act))).await;
        assert!(
            matches!(answer, Err(AskError::Failed { .. })),
            "{act:?}: {answer:?}"
        );
        assert_letter(&seen, 1, &reason);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_the_last_of_several_attempts() -> Result {
    let swarm = test_swarm();
    let to = spawn(&swarm).await?;
    let asked = to.ask(Task::new(1, Act::Panic)).attempts(3);
    let (answer, seen) = witness(&swarm, asked).await;
    assert!(
        matches!(answer, Err(AskError::Failed { attempts: 3, .. })),
        "{answer:?}"
    );
    assert_letter(&seen, 1, &Reason::Panicked);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_a_kill() -> Result {
    let swarm = test_swarm();
    let to = spawn(&swarm).await?;
    let killed = async {
        idle().await;
        to.kill();
    };
    let asked = witness(&swarm, to.ask(Task::new(1, Act::Hang)));
    let ((answer, seen), ()) = tokio::join!(asked, killed);
    assert!(matches!(answer, Err(AskError::Failed { .. })), "{answer:?}");
    assert_letter(&seen, 1, &Reason::Killed);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_the_quarantine() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .around(quarantine::Layer::by_content(1))
        .await?;
    let poison = Task::new(1, Act::Panic);
    assert!(to.ask(poison).await.is_err());
    let (answer, seen) = witness(&swarm, to.ask(poison)).await;
    assert!(matches!(answer, Err(AskError::Failed { .. })), "{answer:?}");
    assert_letter(&seen, 2, &Reason::Quarantined);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_a_missed_deadline() -> Result {
    let swarm = test_swarm();
    let to = spawn(&swarm).await?;
    let (answer, seen) = witness(&swarm, to.ask(Task::new(1, Act::Hang))).await;
    assert!(
        matches!(answer, Err(AskError::Timeout { .. })),
        "{answer:?}"
    );
    assert_letter(&seen, 1, &Reason::Deadline);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_a_time_to_live_that_ended_in_line() -> Result {
    let swarm = test_swarm();
    let to = spawn(&swarm).await?;
    occupy(&to).await?;
    let (answer, seen) = witness(&swarm, to.ask(1).ttl(ms(100))).await;
    assert!(
        matches!(answer, Err(AskError::Expired { .. })),
        "{answer:?}"
    );
    assert_letter(&seen, 1, &Reason::Expired);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_making_room() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .depth(1)
        .overflow(Overflow::DropOldest)
        .await?;
    occupy(&to).await?;
    let newer = async {
        idle().await;
        to.tell(2).await
    };
    let (asked, told) = tokio::join!(witness(&swarm, to.ask(1)), newer);
    told?;
    let (answer, seen) = asked;
    assert!(matches!(answer, Err(AskError::Shed { .. })), "{answer:?}");
    assert_letter(&seen, 1, &Reason::Shed);
    Ok(())
}

/// Without being woken: the answer is there when it is first polled.
#[tokio::test(start_paused = true)]
async fn of_finding_no_room() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .depth(1)
        .overflow(Overflow::DropNewest)
        .await?;
    occupy(&to).await?;
    to.tell(1).await?;
    let answer = to.ask(2).await;
    assert!(matches!(answer, Err(AskError::Shed { .. })), "{answer:?}");
    assert_eq!(swarm.dead_letters().total(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_an_end_of_the_agent() -> Result {
    let swarm = test_swarm();
    let to = spawn(&swarm).await?;
    occupy(&to).await?;
    let stopped = async {
        idle().await;
        swarm.stop(to.id(), ms(10)).await
    };
    let ((answer, seen), was_there) = tokio::join!(witness(&swarm, to.ask(1)), stopped);
    assert!(was_there);
    assert_stopped(&answer);
    // Before it, what was in hand was killed.
    assert_letter(&seen, 2, &Reason::Stopped);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_an_agent_that_was_given_up() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .intensity(Intensity::new(0, secs(10)))
        .restart_backoff(Backoff::NONE)
        .await?;
    to.tell(Task::new(0, Act::Take(100))).await?;
    to.tell(Task::new(1, Act::Panic)).await?;
    let (answer, seen) = witness(&swarm, to.ask(2)).await;
    assert_stopped(&answer);
    assert_letter(&seen, 2, &Reason::Stopped);
    Ok(())
}

#[track_caller]
fn assert_stopped(answer: &Answer) {
    assert!(
        matches!(answer, Err(AskError::Stopped { .. })),
        "{answer:?}"
    );
}

/// The exception: whose patience ends in line hears of it at once, and the letter is written when the agent comes there.
#[tokio::test(start_paused = true)]
async fn but_for_patience_that_ended_in_line_whose_letter_comes_later() -> Result {
    let swarm = test_swarm();
    let to = spawn(&swarm).await?;
    occupy(&to).await?;
    let (answer, seen) = witness(&swarm, to.ask(1).patience(ms(100))).await;
    assert!(
        matches!(answer, Err(AskError::Timeout { .. })),
        "{answer:?}"
    );
    assert_no_letter(&seen);
    tokio::time::sleep(secs(1)).await;
    let letters = swarm.dead_letters().list();
    let reasons: Vec<_> = letters.iter().map(|letter| &letter.reason).collect();
    assert_eq!(reasons, [&Reason::Patience]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn patience_after_an_attempt_has_no_letter() -> Result {
    let swarm = test_swarm();
    let to = spawn(&swarm).await?;
    let asked = to.ask(Task::new(1, Act::Hang)).patience(ms(100));
    let (answer, seen) = witness(&swarm, asked).await;
    assert!(
        matches!(answer, Err(AskError::Timeout { .. })),
        "{answer:?}"
    );
    assert_no_letter(&seen);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(to.accounting().cancelled, 1);
    assert_eq!(swarm.dead_letters().total(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn duplicates_and_askers_who_went_away_have_no_letter() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .layer(dedup::Layer::by_content(secs(10)))
        .await?;
    occupy(&to).await?;
    let gone = tokio::time::timeout(ms(100), to.ask(1)).await;
    assert!(gone.is_err());
    let answer = to.ask(1).await;
    assert!(
        matches!(answer, Err(AskError::Duplicate { .. })),
        "{answer:?}"
    );
    tokio::time::sleep(secs(1)).await;
    let messages = to.accounting();
    assert_eq!((messages.deduplicated, messages.cancelled), (1, 1));
    assert_eq!(swarm.dead_letters().total(), 0);
    Ok(())
}
