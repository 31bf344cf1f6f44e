//! What is there after the process that had the queue open has ended, and another has opened it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::breach::{Breach, Verdict, claim, equal};
use super::raw::Raw;
use super::stage::{
    PATIENT, Stage, all_gone, handle, has, message, ms, nothing, put, put_all, short, stale, take,
    take_this, taken_in, unsupported, until,
};
use crate::message::Priority;
use crate::queue::broker::Settlement;
use crate::queue::{Ability, Error, Filter, Reason, Selection};

pub(super) async fn everything_is_there_in_its_order(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let mut ids = put_all(&queue, &["done", "a", "b"]).await?;
    let low = message(&queue, "low").priority(Priority::Low);
    ids.push(taken_in(low.header("of", "Zoë")?).await?);
    let high = message(&queue, "high").priority(Priority::High);
    ids.push(taken_in(high).await?);
    take_this(&queue, "high").await?.release().await?;
    handle(&queue, "high").await?;
    handle(&queue, "done").await?;
    let before = queue.stats().await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    equal(queue.stats().await?, before, "the numbers before and after")?;
    for (text, id) in ["a", "b", "low"].into_iter().zip(ids.iter().skip(1)) {
        let delivery = take_this(&queue, text).await?;
        equal(delivery.id(), *id, "its name")?;
        let expected = (text == "low").then_some("Zoë");
        equal(delivery.headers().get("of"), expected, "its header")?;
        delivery.ack().await?;
    }
    all_gone(&queue).await
}

pub(super) async fn what_was_on_lease_is_available_again(stage: &mut Stage) -> Verdict {
    // Leases of a server outlive whoever had them, and run out.
    let queue = stage.queue_with(short()).await?;
    put_all(&queue, &["leased", "running", "failed"]).await?;
    let leased = take_this(&queue, "leased").await?;
    let running = take_this(&queue, "running").await?;
    running.start().await?;
    take_this(&queue, "failed").await?.nack("no").await?;
    let is_counted = has(&queue, Ability::CountedAttempts).await?;
    stage.reopen().await?;
    let queue = stage.queue_with(short()).await?;
    for _ in 0..3 {
        let delivery = take(&queue).await?;
        let expected = u32::from(delivery.message() != "leased");
        let attempts = delivery.attempts();
        // Weaker where deliveries count: there was one.
        let is_right = attempts == expected || (!is_counted && attempts <= 1);
        claim(
            is_right,
            format!("{:?} has had {attempts} attempts", delivery.message()),
        )?;
        delivery.ack().await?;
    }
    all_gone(&queue).await?;
    let is_over = |error: &Error| matches!(error, Error::Closed | Error::Stale(_));
    super::breach::fails(
        leased.ack().await,
        is_over,
        "a delivery of a swarm that has ended",
    )
}

pub(super) async fn a_lease_of_the_former_opening_changes_nothing_of_the_next(
    stage: &mut Stage,
) -> Verdict {
    let raw = Raw::open(stage, &short()).await?;
    let id = raw.put("a").await?;
    let former = raw.take().await?;
    raw.close().await?;
    let raw = Raw::open(stage, &short()).await?;
    let next = raw.take().await?;
    equal(next.token.id, id, "what comes again")?;
    claim(
        next.token > former.token,
        "its fence is greater than the former",
    )?;
    stale(
        raw.settle(former.token, Settlement::Ack).await,
        "a lease of the former opening",
    )?;
    raw.settle(next.token, Settlement::Ack).await?;
    raw.close().await
}

pub(super) async fn what_was_done_stays_done(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put_all(&queue, &["acked", "dead", "purged"]).await?;
    handle(&queue, "acked").await?;
    take_this(&queue, "dead").await?.dead_letter("no").await?;
    queue.purge().await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    equal(queue.stats().await?.dead, 1, "dead letters")?;
    equal(
        queue.discard(Selection::all()).await?,
        1,
        "letters that were discarded",
    )?;
    all_gone(&queue).await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    equal(queue.stats().await?.dead, 0, "dead letters")?;
    all_gone(&queue).await
}

pub(super) async fn dead_letters_are_there_with_their_history(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let id = put(&queue, "a").await?;
    take_this(&queue, "a").await?.nack("no").await?;
    take_this(&queue, "a").await?.dead_letter("enough").await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    if has(&queue, Ability::DeadLetterAccess).await? {
        let letters = queue.dead_letters(Filter::default(), None, 9).await?;
        let [letter] = &letters[..] else {
            return Err(Breach::new(format!("one was dead: {letters:?}")));
        };
        equal(letter.id, id, "its name")?;
        equal(letter.history.failures.len(), 1, "failures that are told")?;
        let death = letter
            .history
            .dead
            .as_ref()
            .map(|death| death.reason.clone());
        equal(death, Some(Reason::rejected("enough")), "why it died")?;
    }
    // Weaker where they are not shown: it is redriven.
    equal(
        queue.redrive(Selection::all()).await?,
        1,
        "letters that were redriven",
    )?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    let delivery = take_this(&queue, "a").await?;
    equal(
        (delivery.id(), delivery.attempts()),
        (id, 0),
        "its name, and attempts",
    )?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn keys_are_remembered(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Dedup).await? {
        return unsupported(message(&queue, "a").key("1").await, Ability::Dedup);
    }
    let id = taken_in(message(&queue, "a").key("1")).await?;
    handle(&queue, "a").await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    let receipt = message(&queue, "a").key("1").await?;
    equal(
        (receipt.id, receipt.is_duplicate),
        (id, true),
        "the receipt of a duplicate",
    )?;
    all_gone(&queue).await
}

pub(super) async fn what_was_delayed_is_due_at_its_time(stage: &mut Stage) -> Verdict {
    const DELAY: Duration = ms(800);
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Delay).await? {
        return unsupported(message(&queue, "a").delay(DELAY).await, Ability::Delay);
    }
    let begun = Instant::now();
    taken_in(message(&queue, "soon").delay(DELAY)).await?;
    taken_in(message(&queue, "late").delay(Duration::from_hours(1))).await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    handle(&queue, "soon").await?;
    // The clock may be read anew at an opening.
    let took = begun.elapsed();
    claim(took + ms(20) >= DELAY, format!("it came after {took:?}"))?;
    nothing(&queue, "the other is due in an hour").await?;
    equal(
        queue.stats().await?.delayed(),
        1,
        "messages that are not due",
    )
}

pub(super) async fn what_expires_meanwhile_is_dead(stage: &mut Stage) -> Verdict {
    const TTL: Duration = ms(100);
    let queue = stage.queue().await?;
    let sent = message(&queue, "a").ttl(TTL).await;
    if sent.is_err() && !has(&queue, Ability::Expiry).await? {
        return unsupported(sent, Ability::Expiry);
    }
    // Where it was taken in, it is dead at the latest when its turn comes.
    sent?;
    stage.reopen().await?;
    // Its time is to be over when the queue is opened.
    sleep(TTL + ms(20)).await;
    let queue = stage.queue().await?;
    nothing(&queue, "its time was over").await?;
    until(&queue, "waited for a message to expire", |stats| {
        stats.dead == 1
    })
    .await?;
    all_gone(&queue).await
}

pub(super) async fn a_retry_is_due_at_its_time(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put_all(&queue, &["soon", "late"]).await?;
    let begun = Instant::now();
    take_this(&queue, "soon")
        .await?
        .nack_for(ms(600), "no")
        .await?;
    let hour = Duration::from_hours(1);
    take_this(&queue, "late")
        .await?
        .nack_for(hour, "no")
        .await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    let delivery = take_this(&queue, "soon").await?;
    let took = begun.elapsed();
    // The clock may be read anew at an opening.
    claim(took + ms(20) >= ms(600), format!("it came after {took:?}"))?;
    claim(took < PATIENT, "it comes when it is due")?;
    equal(delivery.attempts(), 1, "its attempts")?;
    delivery.ack().await?;
    nothing(&queue, "the other is due in an hour").await
}

pub(super) async fn a_paused_queue_is_paused_still(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    if !has(&queue, Ability::Pause).await? {
        unsupported(queue.pause().await, Ability::Pause)?;
        return handle(&queue, "a").await;
    }
    queue.pause().await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    claim(queue.stats().await?.is_paused, "it says that it is paused")?;
    nothing(&queue, "it is paused").await?;
    queue.resume().await?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn groups_keep_their_order(stage: &mut Stage) -> Verdict {
    let queue = stage.queue_with(short()).await?;
    if !has(&queue, Ability::Groups).await? {
        return unsupported(message(&queue, "a").group("1").await, Ability::Groups);
    }
    for text in ["a", "b", "c"] {
        taken_in(message(&queue, text).group("1")).await?;
    }
    let held = take_this(&queue, "a").await?;
    stage.reopen().await?;
    drop(held);
    let queue = stage.queue_with(short()).await?;
    for text in ["a", "b", "c"] {
        handle(&queue, text).await?;
    }
    all_gone(&queue).await
}

pub(super) async fn a_smaller_bound_drops_nothing(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let is_bounded = has(&queue, Ability::Bounds).await?;
    put_all(&queue, &["a", "b", "c"]).await?;
    queue.close().await;
    let narrow = crate::queue::Options {
        count_max: 1,
        ..super::stage::usual()
    };
    let queue = match stage.builder(&stage.name()?).options(narrow).await {
        Ok(queue) => queue,
        Err(error) => {
            // Weaker: bounds that are the server's are as they were made, and it is told.
            let is_told = matches!(error, Error::Broker(_)) && !is_bounded;
            claim(is_told, format!("opened with a smaller bound: {error}"))?;
            stage.queue().await?
        }
    };
    if is_bounded {
        let refused = message(&queue, "d").wait(Duration::ZERO).await;
        super::stage::full(refused, "more than the new bound")?;
    }
    // With or without bounds, what is there stays.
    for text in ["a", "b", "c"] {
        handle(&queue, text).await?;
    }
    put(&queue, "d").await?;
    handle(&queue, "d").await?;
    all_gone(&queue).await
}
