//! The same message twice is handled once.

use ractor_agents::agent::{AgentRef, AskError};
use ractor_agents::mailbox::{Identity, Inbound, Layer, Overflow, dedup};
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle, ms, secs, test_swarm};
use tokio::task::JoinSet;

use crate::Result;

const WINDOW: std::time::Duration = secs(10);

/// A puppet behind `layer`.
async fn spawn(
    swarm: &Swarm,
    layer: impl Layer<Identity, Outer: Inbound<Puppet>> + Clone + Send + Sync + 'static,
) -> Result<(Puppet, AgentRef<Puppet>)> {
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).layer(layer).await?;
    Ok((puppet, to))
}

#[tokio::test(start_paused = true)]
async fn equal_content_within_the_window_is_handled_once() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = spawn(&swarm, dedup::Layer::by_content(WINDOW)).await?;
    to.tell(1).await?;
    to.tell(1).await?;
    to.tell(2).await?;
    let asked = to.ask(1).await;
    assert!(
        matches!(asked, Err(AskError::Duplicate { .. })),
        "{asked:?}"
    );
    idle().await;
    assert_eq!(puppet.done.all(), [1, 2]);
    let messages = to.accounting();
    assert_eq!((messages.accepted, messages.deduplicated), (4, 2));
    assert_eq!(swarm.dead_letters().total(), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_window_ends() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = spawn(&swarm, dedup::Layer::by_content(WINDOW)).await?;
    to.tell(1).await?;
    tokio::time::sleep(WINDOW - ms(1)).await;
    to.tell(1).await?;
    assert_eq!(to.accounting().deduplicated, 1);
    tokio::time::sleep(ms(1)).await;
    // Counted from the one that was taken in, not from the duplicate.
    to.tell(1).await?;
    idle().await;
    assert_eq!(puppet.done.all(), [1, 1]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn equal_keys_are_duplicates_and_no_key_is_none() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = spawn(&swarm, dedup::Layer::by_key(WINDOW)).await?;
    to.tell(1).key("a").await?;
    to.tell(2).key("a").await?;
    to.tell(3).key("b").await?;
    to.tell(4).await?;
    to.tell(4).await?;
    idle().await;
    assert_eq!(puppet.done.all(), [1, 3, 4, 4]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn equal_parts_are_duplicates() -> Result {
    let swarm = test_swarm();
    let (puppet, to) = spawn(&swarm, dedup::Layer::by(WINDOW, |task: &Task| task.id / 10)).await?;
    for id in [10, 19, 20, 11] {
        to.tell(id).await?;
    }
    idle().await;
    assert_eq!(puppet.done.all(), [10, 20]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_is_not_remembered() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .depth(1)
        .overflow(Overflow::Reject)
        .layer(dedup::Layer::by_content(WINDOW))
        .await?;
    to.tell(Task::new(0, Act::Wait)).await?;
    idle().await;
    to.tell(1).await?;
    assert!(to.tell(2).await.is_err());
    puppet.gate.open();
    idle().await;
    to.tell(2).await?;
    idle().await;
    assert_eq!(puppet.done.all(), [0, 1, 2]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_oldest_is_forgotten_where_more_come_than_can_be_remembered() -> Result {
    let swarm = test_swarm();
    let (_, to) = spawn(&swarm, dedup::Layer::by_content(WINDOW).entries_max(8)).await?;
    for id in 0..1_000 {
        to.tell(id).await?;
    }
    to.ask(0).await?;
    assert_eq!(to.accounting().deduplicated, 0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_duplicates_at_the_same_time_one_is_handled() -> Result {
    let swarm = Swarm::local();
    let (puppet, to) = spawn(&swarm, dedup::Layer::by_content(secs(60))).await?;
    let mut senders = JoinSet::new();
    for _ in 0..4 {
        let to = to.clone();
        senders.spawn(async move {
            for id in 0..100 {
                to.tell(id).await.expect("room in the end");
            }
        });
    }
    senders.join_all().await;
    let report = swarm.shutdown(secs(10)).await;
    assert!(report.is_clean(), "{report:?}");
    let mut done = puppet.done.all();
    done.sort_unstable();
    assert_eq!(done, (0..100).collect::<Vec<_>>());
    assert_eq!(report.messages.deduplicated, 300);
    Ok(())
}

/// The promise of `docs/semantics.md`: 1,024 fingerprints, but for about one in a million.
#[tokio::test(start_paused = true)]
async fn all_but_a_few_of_as_many_as_promised_are_remembered() -> Result {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .layer(dedup::Layer::by_content(secs(60)))
        .await?;
    for _ in 0..2 {
        for id in 0..1_024 {
            to.tell(id).await?;
        }
    }
    // Lines of the index forget one where they get a seventeenth: that happens to one table in 5,000.
    let known = to.accounting().deduplicated;
    assert!((1_022..=1_024).contains(&known), "{known}");
    Ok(())
}
