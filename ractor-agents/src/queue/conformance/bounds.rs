//! A queue holds so much, and drops nothing to take more in.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::breach::{Verdict, claim, equal, fails};
use super::stage::{
    MOMENT, NOW, PATIENT, Stage, all_gone, full, handle, has, message, ms, put_all, take_this,
    taken_in, unsupported, usual,
};
use crate::queue::{Ability, Bound, Error, Options, Queue};

/// A queue for two.
async fn narrow(stage: &Stage) -> Verdict<Queue<String>> {
    let count_max = 2;
    stage
        .queue_with(Options {
            count_max,
            ..usual()
        })
        .await
}

/// Where the broker has no bounds: more is taken in, and nothing is dropped for it.
async fn takes_more(queue: &Queue<String>) -> Verdict {
    let texts = ["a", "b", "c", "d"];
    put_all(queue, &texts).await?;
    for text in texts {
        handle(queue, text).await?;
    }
    all_gone(queue).await
}

pub(super) async fn what_does_not_fit_is_refused_after_its_wait(stage: &mut Stage) -> Verdict {
    const WAIT: Duration = ms(150);
    let queue = narrow(stage).await?;
    if !has(&queue, Ability::Bounds).await? {
        return takes_more(&queue).await;
    }
    put_all(&queue, &["a", "b"]).await?;
    let is_such = |error: &Error| matches!(error, Error::Full(Bound::Count { max: 2 }));
    fails(
        message(&queue, "c").wait(NOW).await,
        is_such,
        "one too many",
    )?;
    let begun = Instant::now();
    fails(
        message(&queue, "c").wait(WAIT).await,
        is_such,
        "one too many, after a while",
    )?;
    let took = begun.elapsed();
    let what = format!("it waited {took:?} instead of {WAIT:?}");
    claim(took >= WAIT && took < PATIENT / 2, what)?;
    handle(&queue, "a").await?;
    handle(&queue, "b").await?;
    all_gone(&queue).await
}

pub(super) async fn it_waits_for_room_and_gets_it(stage: &mut Stage) -> Verdict {
    let queue = narrow(stage).await?;
    if !has(&queue, Ability::Bounds).await? {
        return takes_more(&queue).await;
    }
    put_all(&queue, &["a", "b"]).await?;
    let begun = Instant::now();
    let waits = taken_in(message(&queue, "c").wait(PATIENT));
    let handled = async {
        // Whoever waits has to be there first.
        sleep(MOMENT).await;
        handle(&queue, "a").await
    };
    let (came, handled) = tokio::join!(waits, handled);
    handled?;
    came?;
    claim(
        begun.elapsed() < PATIENT / 2,
        "it is taken in when there is room",
    )?;
    handle(&queue, "b").await?;
    handle(&queue, "c").await?;
    all_gone(&queue).await
}

pub(super) async fn purging_makes_room(stage: &mut Stage) -> Verdict {
    let queue = narrow(stage).await?;
    if !has(&queue, Ability::Bounds).await? {
        return takes_more(&queue).await;
    }
    put_all(&queue, &["a", "b"]).await?;
    let begun = Instant::now();
    let waits = taken_in(message(&queue, "c").wait(PATIENT));
    let purged = async {
        // Whoever waits has to be there first.
        sleep(MOMENT).await;
        queue.purge().await
    };
    let (came, purged) = tokio::join!(waits, purged);
    equal(purged?, 2, "messages that were removed")?;
    came?;
    claim(
        begun.elapsed() < PATIENT / 2,
        "it is taken in when there is room",
    )?;
    handle(&queue, "c").await?;
    all_gone(&queue).await
}

pub(super) async fn what_is_on_lease_or_delayed_takes_room(stage: &mut Stage) -> Verdict {
    let queue = narrow(stage).await?;
    if !has(&queue, Ability::Bounds).await? {
        return takes_more(&queue).await;
    }
    put_all(&queue, &["a", "b"]).await?;
    let leased = take_this(&queue, "a").await?;
    full(
        message(&queue, "c").wait(NOW).await,
        "what is on lease takes room",
    )?;
    leased.nack_for(Duration::from_hours(1), "no").await?;
    full(
        message(&queue, "c").wait(NOW).await,
        "what waits for its next attempt takes room",
    )?;
    handle(&queue, "b").await?;
    taken_in(message(&queue, "c").wait(NOW)).await?;
    handle(&queue, "c").await
}

pub(super) async fn bytes_are_bounded_too(stage: &mut Stage) -> Verdict {
    let bytes_max = 2_500;
    let queue = stage
        .queue_with(Options {
            bytes_max,
            ..usual()
        })
        .await?;
    if !has(&queue, Ability::Bounds).await? {
        return takes_more(&queue).await;
    }
    let long = "x".repeat(1_000);
    put_all(&queue, &[&long, &long]).await?;
    let is_such = |error: &Error| matches!(error, Error::Full(Bound::Bytes { max: 2_500 }));
    fails(
        message(&queue, &long).wait(NOW).await,
        is_such,
        "more bytes than fit",
    )?;
    let bytes = queue.stats().await?.bytes;
    claim(
        (2_000..=2_500).contains(&bytes),
        format!("{bytes} bytes are told"),
    )?;
    handle(&queue, &long).await?;
    taken_in(message(&queue, &long).wait(NOW)).await?;
    handle(&queue, &long).await?;
    handle(&queue, &long).await?;
    equal(queue.stats().await?.bytes, 0, "bytes that are left")
}

pub(super) async fn what_never_fits_is_refused_at_once(stage: &mut Stage) -> Verdict {
    let bytes_max = 1_000;
    let queue = stage
        .queue_with(Options {
            bytes_max,
            ..usual()
        })
        .await?;
    if !has(&queue, Ability::Bounds).await? {
        return takes_more(&queue).await;
    }
    let begun = Instant::now();
    let refused = message(&queue, &"x".repeat(1_001)).wait(PATIENT).await;
    let is_such = |error: &Error| matches!(error, Error::NeverFits(Bound::Bytes { max: 1_000 }));
    fails(refused, is_such, "a message that is longer than the queue")?;
    claim(
        begun.elapsed() < PATIENT / 2,
        "nobody waits for what cannot be",
    )?;
    all_gone(&queue).await
}

pub(super) async fn a_batch_that_does_not_fit_is_refused_as_a_whole(stage: &mut Stage) -> Verdict {
    let queue = narrow(stage).await?;
    let batch = |texts: &[&str]| {
        let batch = texts.iter().map(|text| message(&queue, text).wait(NOW));
        batch.collect::<Vec<_>>()
    };
    if !has(&queue, Ability::AtomicBatches).await? {
        let refused = queue.enqueue_batch(batch(&["a", "b", "c"])).await;
        unsupported(refused, Ability::AtomicBatches)?;
        return all_gone(&queue).await;
    }
    if !has(&queue, Ability::Bounds).await? {
        // Weaker: there are no bounds, and all of it is taken in.
        queue.enqueue_batch(batch(&["a", "b", "c"])).await?;
        return equal(
            queue.stats().await?.count(),
            3,
            "messages that were taken in",
        );
    }
    let is_such = |error: &Error| matches!(error, Error::NeverFits(Bound::Count { max: 2 }));
    let refused = queue.enqueue_batch(batch(&["a", "b", "c"])).await;
    fails(refused, is_such, "a batch of three in a queue for two")?;
    taken_in(message(&queue, "d")).await?;
    full(
        queue.enqueue_batch(batch(&["a", "b"])).await,
        "a batch of two where one fits",
    )?;
    equal(
        queue.stats().await?.count(),
        1,
        "nothing of either was taken in",
    )?;
    handle(&queue, "d").await?;
    queue.enqueue_batch(batch(&["a", "b"])).await?;
    handle(&queue, "a").await?;
    handle(&queue, "b").await?;
    all_gone(&queue).await
}

pub(super) async fn a_duplicate_needs_no_room(stage: &mut Stage) -> Verdict {
    let queue = narrow(stage).await?;
    let both = has(&queue, Ability::Bounds).await? && has(&queue, Ability::Dedup).await?;
    if !both {
        if has(&queue, Ability::Bounds).await? {
            // Weaker: there are no duplicates.
            let refused = message(&queue, "a").key("1").await;
            return unsupported(refused, Ability::Dedup);
        }
        return takes_more(&queue).await;
    }
    let first = taken_in(message(&queue, "a").key("1")).await?;
    taken_in(message(&queue, "b").key("2")).await?;
    let receipt = message(&queue, "a").key("1").wait(NOW).await?;
    equal(
        (receipt.id, receipt.is_duplicate),
        (first, true),
        "the receipt of a duplicate",
    )?;
    handle(&queue, "a").await?;
    handle(&queue, "b").await?;
    all_gone(&queue).await
}
