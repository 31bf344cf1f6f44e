//! Messages go in, are leased, and are gone.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::breach::{Breach, Verdict, claim, equal, fails};
use super::stage::{
    MOMENT, NOW, PATIENT, Stage, all_gone, handle, has, message, ms, nothing, put, put_all, take,
    take_this, taken_in, unsupported,
};
use crate::message::Priority;
use crate::queue::{Ability, Error, Queue, Reason};

pub(super) async fn a_message_is_leased_as_it_was_sent(stage: &mut Stage) -> Verdict {
    /// How far apart clocks may be.
    const SKEW: Duration = Duration::from_mins(1);
    let queue = stage.queue().await?;
    let before = SystemTime::now();
    let id = put(&queue, "Grüße").await?;
    let delivery = take_this(&queue, "Grüße").await?;
    equal(delivery.id(), id, "its name")?;
    equal(delivery.attempts(), 0, "handlers that started before")?;
    equal(delivery.attempts_max(), 20, "handlers that may start")?;
    equal(delivery.priority(), Priority::Normal, "its priority")?;
    equal(delivery.group(), None, "its group")?;
    equal(delivery.expires_at(), None, "the end of its time to live")?;
    equal(delivery.headers().is_empty(), true, "it has no headers")?;
    let (at, after) = (delivery.enqueued_at(), SystemTime::now());
    claim(
        at + SKEW >= before && at <= after + SKEW,
        "when it was enqueued is told",
    )?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn an_empty_queue_gives_nothing_at_once(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let begun = Instant::now();
    let came = queue.lease().wait(NOW).await?;
    claim(came.is_none(), "an empty queue gives nothing")?;
    let came = queue.lease_many(10).wait(NOW).await?;
    claim(came.is_empty(), "an empty queue gives none of many")?;
    claim(begun.elapsed() < PATIENT / 2, "and does so at once")
}

pub(super) async fn a_lease_waits_for_a_message(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let begun = Instant::now();
    let waits = take(&queue);
    let enqueued = async {
        // Whoever waits has to be there first.
        sleep(MOMENT).await;
        put(&queue, "late").await
    };
    let (came, id) = tokio::join!(waits, enqueued);
    let came = came?;
    equal(came.id(), id?, "the message that came")?;
    claim(begun.elapsed() < PATIENT / 2, "it came when it was there")?;
    Ok(came.ack().await?)
}

pub(super) async fn a_lease_ends_its_wait_where_nothing_comes(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let begun = Instant::now();
    let came = queue.lease().wait(ms(150)).await?;
    claim(came.is_none(), "nothing came")?;
    let took = begun.elapsed();
    let what = format!("it waited {took:?} instead of 150 ms");
    claim(took >= ms(140) && took < PATIENT / 2, what)
}

pub(super) async fn many_who_wait_are_each_given_one(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let waiting = tokio::time::timeout(
        PATIENT,
        futures_util::future::join_all((0..5).map(|_| take(&queue))),
    );
    let enqueued = async {
        // Whoever waits has to be there first.
        sleep(MOMENT).await;
        put_all(&queue, &["0", "1", "2", "3", "4"]).await
    };
    let (came, enqueued) = tokio::join!(waiting, enqueued);
    let came = came.map_err(|_| Breach::new("some of those who wait got nothing"))?;
    let mut found = Vec::new();
    for delivery in came {
        let delivery = delivery?;
        delivery.ack().await?;
        found.push(delivery.id());
    }
    let mut expected = enqueued?;
    found.sort_unstable();
    expected.sort_unstable();
    equal(found, expected, "what those who waited got")
}

pub(super) async fn what_is_acknowledged_is_gone(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "once").await?;
    handle(&queue, "once").await?;
    all_gone(&queue).await?;
    equal(queue.stats().await?.dead, 0, "dead letters")
}

pub(super) async fn what_is_leased_is_nobody_elses(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    let first = take_this(&queue, "a").await?;
    nothing(&queue, "its only message is on lease").await?;
    put(&queue, "b").await?;
    let second = take_this(&queue, "b").await?;
    nothing(&queue, "both are on lease").await?;
    first.ack().await?;
    second.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn as_many_are_leased_as_there_are_up_to_the_maximum(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    put_all(&queue, &["a", "b", "c", "d", "e"]).await?;
    let first = queue.lease_many(3).wait(PATIENT).await?;
    equal(
        texts(&first),
        ["a", "b", "c"].map(Into::into).to_vec(),
        "three of five",
    )?;
    let rest = queue.lease_many(10).wait(PATIENT).await?;
    equal(
        texts(&rest),
        ["d", "e"].map(Into::into).to_vec(),
        "the rest",
    )?;
    let none = queue.lease_many(10).wait(MOMENT).await?;
    claim(none.is_empty(), "all are on lease")?;
    for delivery in first.iter().chain(&rest) {
        delivery.ack().await?;
    }
    all_gone(&queue).await
}

fn texts(deliveries: &[crate::queue::Delivery<String>]) -> Vec<String> {
    let texts = deliveries.iter().map(|delivery| delivery.message().clone());
    texts.collect()
}

pub(super) async fn the_first_in_is_the_first_out(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    for number in 0..20 {
        put(&queue, &number.to_string()).await?;
    }
    for number in 0..20 {
        handle(&queue, &number.to_string()).await?;
    }
    all_gone(&queue).await
}

pub(super) async fn headers_travel(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let sent = message(&queue, "a").header("trace", "17")?;
    taken_in(sent.header("of", "Zoë")?).await?;
    let delivery = take_this(&queue, "a").await?;
    let headers = delivery.headers();
    equal(headers.get("trace"), Some("17"), "a header")?;
    equal(headers.get("of"), Some("Zoë"), "another header")?;
    Ok(delivery.ack().await?)
}

pub(super) async fn what_cannot_be_read_is_a_dead_letter_and_the_next_is_given(
    stage: &mut Stage,
) -> Verdict {
    let numbers: Queue<u64> = stage.builder(&stage.name()?).await?;
    let id = numbers.enqueue(&7).await?.id;
    numbers.close().await;
    let queue = stage.queue().await?;
    put(&queue, "readable").await?;
    handle(&queue, "readable").await?;
    all_gone(&queue).await?;
    equal(queue.stats().await?.dead, 1, "dead letters")?;
    if !has(&queue, Ability::DeadLetterAccess).await? {
        // Weaker: the message is counted among the dead letters, and cannot be seen.
        return Ok(());
    }
    let letters = queue
        .dead_letters(crate::queue::Filter::default(), None, 9)
        .await?;
    let [letter] = &letters[..] else {
        return Err(Breach::new(format!("dead letters: {letters:?}")));
    };
    equal(letter.id, id, "the dead letter's name")?;
    let reason = letter.history.dead.as_ref().map(|death| &death.reason);
    let is_told = matches!(reason, Some(Reason::Rejected { why }) if !why.is_empty());
    claim(
        is_told,
        format!("why it cannot be read is told: {reason:?}"),
    )
}

pub(super) async fn an_empty_batch_is_nothing(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let receipts = queue.enqueue_batch([]).await?;
    claim(receipts.is_empty(), "no receipts for no messages")?;
    all_gone(&queue).await
}

pub(super) async fn a_batch_is_taken_in_in_order_with_a_receipt_for_each(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    let batch: Vec<_> = (0..10)
        .map(|number| message(&queue, &number.to_string()))
        .collect();
    let ids: Vec<_> = batch
        .iter()
        .map(crate::queue::Enqueue::message_id)
        .collect();
    let taken_in = queue.enqueue_batch(batch).await;
    if !has(&queue, Ability::AtomicBatches).await? {
        // Weaker: it says so, and has taken in none of them.
        unsupported(taken_in, Ability::AtomicBatches)?;
        return all_gone(&queue).await;
    }
    let receipts = taken_in?;
    let found = receipts.iter().map(|receipt| receipt.id).collect();
    equal(found, ids, "names on the receipts")?;
    let no_duplicates = receipts.iter().all(|receipt| !receipt.is_duplicate);
    claim(no_duplicates, "all of them are new")?;
    for number in 0..10 {
        handle(&queue, &number.to_string()).await?;
    }
    all_gone(&queue).await
}

pub(super) async fn a_message_as_long_as_its_codec_takes_and_an_empty_one(
    stage: &mut Stage,
) -> Verdict {
    /// What the encoding needs besides the text.
    const LENGTH: usize = 8;
    let queue = stage.queue().await?;
    let long = "x".repeat(crate::codec::Codec::SIZE_DEFAULT - LENGTH);
    put(&queue, &long).await?;
    put(&queue, "").await?;
    let delivery = take(&queue).await?;
    claim(
        *delivery.message() == long,
        "a message of 1 MiB comes as it was sent",
    )?;
    delivery.ack().await?;
    handle(&queue, "").await?;
    all_gone(&queue).await
}

pub(super) async fn a_message_that_is_too_long_for_its_codec_is_not_sent(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    let long = "x".repeat(crate::codec::Codec::SIZE_DEFAULT + 1);
    let refused = message(&queue, &long).await;
    fails(
        refused,
        |error| matches!(error, Error::Encode(_)),
        "1 MiB and more",
    )?;
    all_gone(&queue).await
}
