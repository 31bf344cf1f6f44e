//! Which queue is which, and who has it open.

use tokio::time::{Instant, sleep};

use super::breach::{Verdict, claim, equal, fails};
use super::stage::{
    MOMENT, PATIENT, Stage, all_gone, handle, has, message, nothing, put, put_all, take, usual,
};
use crate::queue::{Ability, Error, Options, Queue};

pub(super) async fn one_name_in_two_namespaces_is_two_queues(stage: &mut Stage) -> Verdict {
    let name = stage.name()?;
    let other = name.in_namespace(&format!("{}-2", name.namespace()))?;
    let first = stage.queue().await?;
    let second: Queue<String> = stage.builder(&other).await?;
    put(&first, "a").await?;
    nothing(&second, "it is in the other namespace").await?;
    put(&second, "b").await?;
    handle(&first, "a").await?;
    handle(&second, "b").await?;
    equal(second.purge().await?, 0, "messages of the other")?;
    all_gone(&first).await?;
    all_gone(&second).await
}

pub(super) async fn two_names_are_two_queues(stage: &mut Stage) -> Verdict {
    // One begins as the other does, and both hold whatever a name may.
    let names = ["Q", "Q.1", "q", "Q-1_x.y"];
    let mut queues = Vec::new();
    for name in names {
        let queue: Queue<String> = stage.builder(&stage.name_of(name)?).await?;
        put(&queue, name).await?;
        queues.push(queue);
    }
    for (queue, name) in queues.iter().zip(names) {
        equal(queue.stats().await?.count(), 1, "messages of each")?;
        handle(queue, name).await?;
        all_gone(queue).await?;
    }
    Ok(())
}

pub(super) async fn a_long_name_is_one_too(stage: &mut Stage) -> Verdict {
    let name = stage.name()?;
    let mut namespace = name.namespace().to_owned();
    while namespace.len() < 64 {
        namespace.push('x');
    }
    let name = stage.name_of(&"y".repeat(64))?.in_namespace(&namespace)?;
    let queue: Queue<String> = stage.builder(&name).await?;
    equal(queue.name(), &name, "its name")?;
    put(&queue, "a").await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn a_second_handle_is_the_same_queue(stage: &mut Stage) -> Verdict {
    let first = stage.queue().await?;
    let second = stage.queue().await?;
    let third = first.clone();
    put_all(&first, &["a", "b", "c"]).await?;
    let held = take(&second).await?;
    handle(&third, "b").await?;
    equal(first.stats().await?.leased(), 1, "messages on lease")?;
    handle(&first, "c").await?;
    held.ack().await?;
    all_gone(&third).await
}

pub(super) async fn an_open_queue_is_not_opened_otherwise(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let is_such = |error: &Error| matches!(error, Error::OpenOtherwise(_));
    let other = Options {
        attempts: 3,
        ..usual()
    };
    let refused = stage.builder::<String>(&stage.name()?).options(other).await;
    fails(refused, is_such, "opened with other options")?;
    let refused = stage.builder::<u64>(&stage.name()?).await;
    fails(refused, is_such, "opened for other messages")?;
    put(&queue, "a").await?;
    handle(&queue, "a").await?;
    queue.close().await;
    let queue = stage.queue_with(other).await?;
    equal(
        queue.options().attempts,
        3,
        "what was chosen when it was opened anew",
    )?;
    all_gone(&queue).await
}

pub(super) async fn a_closed_queue_refuses_everything(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put_all(&queue, &["a", "b"]).await?;
    let held = take(&queue).await?;
    queue.close().await;
    let is_such = |error: &Error| matches!(error, Error::Closed);
    fails(
        message(&queue, "c").await,
        is_such,
        "enqueued when it is closed",
    )?;
    fails(
        queue.lease().wait(MOMENT).await,
        is_such,
        "leased when it is closed",
    )?;
    fails(queue.stats().await, is_such, "looked at when it is closed")?;
    fails(queue.purge().await, is_such, "purged when it is closed")?;
    fails(held.ack().await, is_such, "acknowledged when it is closed")
}

pub(super) async fn whoever_waits_is_told_when_it_is_closed(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let begun = Instant::now();
    let waits = queue.lease().wait(2 * PATIENT).into_future();
    let closed = async {
        // Whoever waits has to be there first.
        sleep(MOMENT).await;
        queue.close().await;
    };
    let (came, ()) = tokio::join!(waits, closed);
    fails(
        came,
        |error| matches!(error, Error::Closed),
        "leased when it is closed",
    )?;
    claim(begun.elapsed() < PATIENT, "it is told at once")
}

pub(super) async fn a_closed_queue_can_be_opened_again(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    for _ in 0..20 {
        stage.queue().await?.close().await;
    }
    let queue = stage.queue().await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn another_swarm_shares_the_queue_or_is_told_that_it_is_in_use(
    stage: &mut Stage,
) -> Verdict {
    let here = stage.queue().await?;
    put_all(&here, &["a", "b", "c"]).await?;
    let beside = stage.beside()?;
    let opened = beside.builder::<String>(&beside.name()?).await;
    if !has(&here, Ability::Sharing).await? {
        // Weaker: only one has it at a time, the other is told so, and nothing changes.
        fails(
            opened,
            |error| matches!(error, Error::InUse { .. }),
            "opened by another swarm",
        )?;
        beside.end().await;
        for text in ["a", "b", "c"] {
            handle(&here, text).await?;
        }
        return all_gone(&here).await;
    }
    let there = opened?;
    let first = take(&here).await?;
    let second = take(&there).await?;
    let third = take(&here).await?;
    nothing(&there, "all are on lease").await?;
    let mut found = [&first, &second, &third].map(|delivery| delivery.message().clone());
    found.sort_unstable();
    equal(found, ["a", "b", "c"].map(String::from), "what both got")?;
    for delivery in [first, second, third] {
        delivery.ack().await?;
    }
    // What the one takes in, the other waits for.
    let waits = handle(&here, "d");
    let enqueued = async {
        // Whoever waits has to be there first.
        sleep(MOMENT).await;
        put(&there, "d").await
    };
    let (came, enqueued) = tokio::join!(waits, enqueued);
    enqueued?;
    came?;
    all_gone(&here).await?;
    all_gone(&there).await?;
    beside.end().await;
    Ok(())
}
