//! What operators do.

use std::time::{Duration, SystemTime};

use super::breach::{Breach, Verdict, claim, equal};
use super::stage::{
    MOMENT, PATIENT, Stage, all_gone, handle, has, message, nothing, put, put_all, take_this,
    taken_in, unsupported,
};
use crate::message::Priority;
use crate::queue::{Ability, Enqueue, LaneStats, Position, Queue, Stats};

/// For later, or low where the broker cannot delay.
async fn late<'a>(queue: &Queue<String>, message: Enqueue<'a>) -> Verdict<Enqueue<'a>> {
    Ok(if has(queue, Ability::Delay).await? {
        message.delay(Duration::from_hours(1))
    } else {
        message.priority(Priority::Low)
    })
}

pub(super) async fn peeking_shows_messages_and_takes_none(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let id = taken_in(message(&queue, "a").header("of", "Zoë")?).await?;
    let peeked = queue.peek(9).await;
    if !has(&queue, Ability::Peek).await? {
        unsupported(peeked, Ability::Peek)?;
        return handle(&queue, "a").await;
    }
    for _ in 0..2 {
        let [shown] = &queue.peek(9).await?[..] else {
            return Err(Breach::new("one message is there, and one is shown"));
        };
        equal(shown.id, id, "its name")?;
        equal(
            queue.decode(&shown.payload)?,
            "a".to_owned(),
            "what is in it",
        )?;
        equal(
            shown.payload.headers()?.get("of"),
            Some("Zoë"),
            "its header",
        )?;
        equal(shown.position, Position::Ready, "where it is")?;
        equal(
            (shown.attempts, shown.attempts_max),
            (0, 20),
            "its attempts",
        )?;
        claim(shown.failure.is_none(), "nothing went wrong yet")?;
    }
    let delivery = take_this(&queue, "a").await?;
    equal(delivery.attempts(), 0, "attempts by being shown")?;
    delivery.ack().await?;
    claim(
        queue.peek(9).await?.is_empty(),
        "nothing is shown where nothing is",
    )?;
    all_gone(&queue).await
}

pub(super) async fn peeking_tells_where_messages_are(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Peek).await? {
        return unsupported(queue.peek(9).await, Ability::Peek);
    }
    let leased = put(&queue, "leased").await?;
    let first = take_this(&queue, "leased").await?;
    let running = put(&queue, "running").await?;
    let second = take_this(&queue, "running").await?;
    second.start().await?;
    let failed = put(&queue, "failed").await?;
    let third = take_this(&queue, "failed").await?;
    third.nack_for(Duration::from_hours(1), "no").await?;
    let normal = put(&queue, "normal").await?;
    let high = taken_in(message(&queue, "high").priority(Priority::High)).await?;
    let second_normal = put(&queue, "normal").await?;

    let shown = queue.peek(9).await?;
    let order: Vec<_> = shown.iter().take(3).map(|shown| shown.id).collect();
    equal(
        order,
        vec![high, normal, second_normal],
        "those available, in their order",
    )?;
    equal(shown.len(), 6, "messages that are shown")?;
    let position = |id| {
        let shown = shown.iter().find(|shown| shown.id == id);
        shown.map(|shown| shown.position)
    };
    let soon = SystemTime::now() + Duration::from_mins(30);
    let is_right = [
        (normal, matches!(position(normal), Some(Position::Ready))),
        (
            leased,
            matches!(
                position(leased),
                Some(Position::Leased {
                    is_running: false,
                    ..
                })
            ),
        ),
        (
            running,
            matches!(
                position(running),
                Some(Position::Leased {
                    is_running: true,
                    ..
                })
            ),
        ),
        (
            failed,
            matches!(position(failed), Some(Position::Delayed { due }) if due > soon),
        ),
    ];
    for (id, is_right) in is_right {
        claim(
            is_right,
            format!("a message is where it is: {:?}", position(id)),
        )?;
    }
    let fewer: Vec<_> = queue.peek(2).await?.iter().map(|shown| shown.id).collect();
    equal(fewer, vec![high, normal], "two of them")?;
    first.ack().await?;
    Ok(second.ack().await?)
}

pub(super) async fn purging_removes_what_waits_and_nothing_else(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "dead").await?;
    take_this(&queue, "dead").await?.dead_letter("no").await?;
    put(&queue, "leased").await?;
    let leased = take_this(&queue, "leased").await?;
    put_all(&queue, &["a", "b"]).await?;
    taken_in(message(&queue, "low").priority(Priority::Low)).await?;
    taken_in(late(&queue, message(&queue, "late")).await?).await?;
    equal(queue.purge().await?, 4, "messages that were removed")?;
    let stats = queue.stats().await?;
    let left = (stats.count(), stats.leased(), stats.dead);
    equal(
        left,
        (1, 1, 1),
        "what is left, what of it is on lease, and dead letters",
    )?;
    nothing(&queue, "the rest was removed").await?;
    leased.ack().await?;
    equal(
        queue.purge().await?,
        0,
        "messages that were removed from none",
    )?;
    // It goes on as before.
    put(&queue, "new").await?;
    handle(&queue, "new").await?;
    all_gone(&queue).await
}

pub(super) async fn a_paused_queue_gives_nothing_until_it_is_resumed(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put_all(&queue, &["a", "b"]).await?;
    let held = take_this(&queue, "a").await?;
    let paused = queue.pause().await;
    if !has(&queue, Ability::Pause).await? {
        unsupported(paused, Ability::Pause)?;
        unsupported(queue.resume().await, Ability::Pause)?;
        held.ack().await?;
        return handle(&queue, "b").await;
    }
    paused?;
    claim(queue.stats().await?.is_paused, "it says that it is paused")?;
    nothing(&queue, "it is paused").await?;
    // What is given stays good, and messages are taken in.
    held.start().await?;
    held.ack().await?;
    put(&queue, "c").await?;
    queue.pause().await?;
    nothing(&queue, "it is paused still").await?;
    queue.resume().await?;
    claim(!queue.stats().await?.is_paused, "it says that it goes on")?;
    handle(&queue, "b").await?;
    handle(&queue, "c").await?;
    all_gone(&queue).await
}

pub(super) async fn who_waits_while_it_is_paused_gets_a_message_when_it_is_resumed(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Pause).await? {
        return unsupported(queue.pause().await, Ability::Pause);
    }
    queue.pause().await?;
    put(&queue, "a").await?;
    let begun = tokio::time::Instant::now();
    let waits = handle(&queue, "a");
    let resumed = async {
        // Whoever waits has to be there first.
        tokio::time::sleep(MOMENT).await;
        queue.resume().await
    };
    let (came, resumed) = tokio::join!(waits, resumed);
    resumed?;
    came?;
    claim(
        begun.elapsed() < PATIENT / 2,
        "it comes when the queue goes on",
    )?;
    all_gone(&queue).await
}

pub(super) async fn the_numbers_agree(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    equal(
        queue.stats().await?,
        Stats::default(),
        "the numbers of an empty queue",
    )?;
    let before = SystemTime::now();
    put_all(&queue, &["leased", "failed", "dead"]).await?;
    let leased = take_this(&queue, "leased").await?;
    let failed = take_this(&queue, "failed").await?;
    failed.nack_for(Duration::from_hours(1), "no").await?;
    take_this(&queue, "dead").await?.dead_letter("no").await?;
    put(&queue, "ready").await?;
    for _ in 0..2 {
        taken_in(message(&queue, "low").priority(Priority::Low)).await?;
    }
    let stats = queue.stats().await?;
    let lane = |priority: Priority| stats.lanes.get(priority.index()).copied();
    let normal = LaneStats {
        ready: 1,
        delayed: 1,
        leased: 1,
    };
    equal(
        lane(Priority::Normal),
        Some(normal),
        "messages of normal priority",
    )?;
    let low = LaneStats {
        ready: 2,
        ..LaneStats::default()
    };
    equal(lane(Priority::Low), Some(low), "messages of low priority")?;
    equal(
        lane(Priority::High),
        Some(LaneStats::default()),
        "messages of high priority",
    )?;
    equal(
        (stats.count(), stats.dead),
        (5, 1),
        "messages and dead letters",
    )?;
    claim(
        stats.bytes > stats.dead_bytes && stats.dead_bytes > 0,
        "bytes are told",
    )?;
    // Clocks may be apart a little.
    let is_recent = stats
        .oldest_at
        .is_some_and(|at| at + Duration::from_mins(1) >= before);
    claim(
        is_recent,
        format!("how old the oldest is: {:?}", stats.oldest_at),
    )?;
    leased.ack().await?;
    handle(&queue, "ready").await?;
    handle(&queue, "low").await?;
    handle(&queue, "low").await?;
    let stats = queue.stats().await?;
    equal(
        (stats.count(), stats.delayed(), stats.oldest_at),
        (1, 1, None),
        "what is left",
    )
}
