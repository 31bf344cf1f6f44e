//! Where messages go that nobody handled.

use std::sync::Arc;

use ractor_agents::agent::{AgentRef, AskError};
use ractor_agents::dead_letter::{DeadLetter, Reason};
use ractor_agents::mailbox::{Overflow, quarantine};
use ractor_agents::message::Priority;
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle, secs, test_swarm};

use crate::Result;

async fn spawn(swarm: &Swarm) -> Result<(Puppet, AgentRef<Puppet>)> {
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .deadline(secs(1))
        .attempts(2)
        .depth(2)
        .overflow(Overflow::DropNewest)
        .await?;
    Ok((puppet, to))
}

/// The newest letter, with its message taken out.
fn newest(swarm: &Swarm) -> Option<(Arc<DeadLetter>, Option<u64>)> {
    let letter = swarm.dead_letters().list().pop()?;
    let message = letter.take::<Task>().map(|task| task.id);
    Some((letter, message))
}

#[tokio::test(start_paused = true)]
async fn a_letter_tells_the_reason_and_the_attempts_and_has_the_message() -> Result {
    let swarm = test_swarm();
    let (_, to) = spawn(&swarm).await?;
    for (id, act, reason, attempts) in [
        (1, Act::Panic, Reason::Panicked, 2),
        (2, Act::Fail, Reason::Failed("on purpose".into()), 2),
        (3, Act::Hang, Reason::Deadline, 2),
        (4, Act::FailForGood, Reason::Failed("for good".into()), 1),
    ] {
        let asked = to.ask(Task::new(id, act)).priority(Priority::High);
        let error = asked.header("tenant", "blue")?.await.unwrap_err();
        assert_eq!(
            matches!(error, AskError::Timeout { .. }),
            reason == Reason::Deadline
        );
        let (letter, message) = newest(&swarm).ok_or("no letter")?;
        assert_eq!(letter.reason, reason);
        assert_eq!(letter.attempts, attempts);
        assert_eq!(message, Some(id));
        let name = letter.id.ok_or("no name")?;
        assert_eq!((name.agent, name.number), (to.id(), id));
        assert_eq!(letter.priority, Priority::High);
        assert_eq!(letter.headers.get("tenant"), Some("blue"));
        assert!(letter.was_ask);
    }
    assert_eq!(to.accounting().dead_lettered, swarm.dead_letters().total());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_kill_is_a_reason_of_its_own() -> Result {
    let swarm = test_swarm();
    let (_, to) = spawn(&swarm).await?;
    to.tell(Task::new(1, Act::Hang)).attempts(1).await?;
    idle().await;
    to.kill();
    idle().await;
    let (letter, message) = newest(&swarm).ok_or("no letter")?;
    assert_eq!((&letter.reason, letter.attempts), (&Reason::Killed, 1));
    assert_eq!(message, Some(1));
    assert!(!letter.was_ask);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_no_handler_began_on_has_no_attempts() -> Result {
    let swarm = test_swarm();
    let (_, to) = spawn(&swarm).await?;
    to.tell(Task::new(1, Act::Take(500))).await?;
    idle().await;
    to.tell(2).ttl(tests::ms(100)).await?;
    to.tell(3).await?;
    to.tell(4).await?;
    let (shed, message) = newest(&swarm).ok_or("no letter")?;
    assert_eq!(
        (&shed.reason, shed.attempts, message),
        (&Reason::Shed, 0, Some(4))
    );
    tokio::time::sleep(secs(1)).await;
    let (expired, message) = newest(&swarm).ok_or("no letter")?;
    assert_eq!(
        (&expired.reason, expired.attempts, message),
        (&Reason::Expired, 0, Some(2))
    );
    to.tell(Task::new(5, Act::Take(900))).await?;
    idle().await;
    to.tell(6).await?;
    swarm.stop(to.id(), tests::ms(10)).await;
    let letters = swarm.dead_letters().list();
    let stopped = letters
        .iter()
        .find(|letter| letter.reason == Reason::Stopped && letter.attempts == 0);
    let stopped = stopped.ok_or("nothing was left")?;
    assert_eq!(stopped.take::<Task>().map(|task| task.id), Some(6));
    assert_eq!(stopped.attempts, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn quarantine_is_a_reason() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .around(quarantine::Layer::by_content(1))
        .await?;
    for expected in [Reason::Panicked, Reason::Quarantined] {
        assert!(to.ask(Task::new(1, Act::Panic)).await.is_err());
        let (letter, message) = newest(&swarm).ok_or("no letter")?;
        assert_eq!(letter.reason, expected);
        assert_eq!(message, Some(1));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_is_taken_once_and_only_as_what_it_is() -> Result {
    let swarm = test_swarm();
    let (_, to) = spawn(&swarm).await?;
    let _ = to.ask(Task::new(1, Act::Fail)).await;
    let letter = swarm.dead_letters().list().pop().ok_or("no letter")?;
    assert_eq!(letter.take::<String>(), None);
    assert_eq!(letter.take::<Task>(), Some(Task::new(1, Act::Fail)));
    assert_eq!(letter.take::<Task>(), None);
    assert!(letter.message_type.ends_with("Task"));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn only_the_newest_are_kept_and_all_are_counted() -> Result {
    let swarm = Swarm::builder().test().dead_letters_kept(3).build()?;
    let to = swarm.spawn(Puppet::default()).await?;
    let mut news = swarm.dead_letters().subscribe();
    for id in 1..=5 {
        assert!(to.ask(Task::new(id, Act::FailSoftly)).await.is_err());
    }
    assert_eq!(swarm.dead_letters().total(), 5);
    let kept: Vec<u64> = swarm
        .dead_letters()
        .list()
        .iter()
        .filter_map(|letter| Some(letter.id?.number))
        .collect();
    assert_eq!(kept, [3, 4, 5]);
    for number in 1..=5 {
        let name = news.recv().await?.id;
        assert_eq!(name.map(|name| name.number), Some(number));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn withdrawn_questions_are_no_dead_letters() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = spawn(&swarm).await?;
    to.tell(Task::new(1, Act::Take(500))).await?;
    idle().await;
    let gone = tokio::time::timeout(tests::ms(100), to.ask(2)).await;
    assert!(gone.is_err());
    tokio::time::sleep(secs(1)).await;
    assert_eq!(puppet.done.all(), [1]);
    assert_eq!(to.accounting().cancelled, 1);
    assert_eq!(swarm.dead_letters().total(), 0);
    Ok(())
}
