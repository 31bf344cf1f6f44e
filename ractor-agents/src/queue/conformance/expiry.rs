//! Messages that are worth nothing after a while.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::breach::{Breach, Verdict, claim, equal};
use super::stage::{
    PATIENT, Stage, all_gone, handle, has, message, ms, nothing, put, stale, take_this, taken_in,
    unsupported, until,
};
use crate::message::Priority;
use crate::queue::{Ability, Death, Filter, MessageId, Queue, Reason};

/// Soon over.
const TTL: Duration = ms(150);

/// Over before long, and long enough for a busy machine to begin.
const LONG: Duration = ms(2_000);

/// Where the broker knows no times to live: it says so, and has not taken the message in for ever instead.
async fn is_refused(queue: &Queue<String>) -> Verdict {
    unsupported(message(queue, "brief").ttl(TTL).await, Ability::Expiry)?;
    all_gone(queue).await
}

/// It is the only dead letter, by the end of its time.
async fn has_expired(queue: &Queue<String>, id: MessageId) -> Verdict<Death> {
    until(queue, "waited for a message to expire", |stats| {
        stats.dead == 1
    })
    .await?;
    let mut letters = queue.dead_letters(Filter::default(), None, 9).await?;
    let letter = letters.pop();
    let letter = letter.ok_or_else(|| Breach::new("a dead letter is counted and not listed"))?;
    equal(letter.id, id, "the dead letter's name")?;
    let death = letter.history.dead;
    let death = death.ok_or_else(|| Breach::new("it is not told how it died"))?;
    equal(&death.reason, &Reason::Expired, "why it died")?;
    Ok(death)
}

pub(super) async fn what_has_expired_is_a_dead_letter_though_nobody_asks(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Expiry).await? {
        return is_refused(&queue).await;
    }
    let begun = Instant::now();
    let id = taken_in(message(&queue, "brief").ttl(TTL)).await?;
    let death = has_expired(&queue, id).await?;
    claim(begun.elapsed() + ms(2) >= TTL, "it has lived for its time")?;
    equal(death.attempts, 0, "attempts it has had")?;
    all_gone(&queue).await
}

pub(super) async fn what_has_expired_is_never_delivered(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Expiry).await? {
        return is_refused(&queue).await;
    }
    let id = taken_in(message(&queue, "brief").ttl(TTL)).await?;
    put(&queue, "for ever").await?;
    // It is to be over by then.
    sleep(TTL + ms(5)).await;
    handle(&queue, "for ever").await?;
    all_gone(&queue).await?;
    has_expired(&queue, id).await?;
    Ok(())
}

pub(super) async fn a_message_in_time_tells_how_long_it_lives(stage: &mut Stage) -> Verdict {
    let hour = Duration::from_hours(1);
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Expiry).await? {
        return is_refused(&queue).await;
    }
    taken_in(message(&queue, "a").ttl(hour)).await?;
    taken_in(message(&queue, "b").deadline(SystemTime::now() + hour)).await?;
    for text in ["a", "b"] {
        let delivery = take_this(&queue, text).await?;
        let lives = delivery
            .expires_at()
            .and_then(|end| end.duration_since(delivery.enqueued_at()).ok());
        let is_right = lives.is_some_and(|lives| lives.abs_diff(hour) < Duration::from_mins(1));
        claim(
            is_right,
            format!("it lives for {lives:?} instead of an hour"),
        )?;
        delivery.ack().await?;
    }
    all_gone(&queue).await
}

pub(super) async fn a_handler_that_has_started_may_finish(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Expiry).await? {
        return is_refused(&queue).await;
    }
    taken_in(message(&queue, "a").ttl(LONG)).await?;
    let delivery = take_this(&queue, "a").await?;
    delivery.start().await?;
    // Its time is to be over while the handler is at it.
    sleep(LONG + ms(100)).await;
    equal(
        queue.stats().await?.dead,
        0,
        "dead letters while the handler is at it",
    )?;
    delivery.ack().await?;
    all_gone(&queue).await?;
    equal(queue.stats().await?.dead, 0, "dead letters")
}

pub(super) async fn a_lease_without_a_start_does_not_keep_it_alive(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Expiry).await? {
        return is_refused(&queue).await;
    }
    let id = taken_in(message(&queue, "a").ttl(LONG)).await?;
    let delivery = take_this(&queue, "a").await?;
    has_expired(&queue, id).await?;
    stale(delivery.start().await, "a start after the end")?;
    stale(delivery.ack().await, "an acknowledgement after the end")?;
    all_gone(&queue).await
}

pub(super) async fn no_attempt_follows_one_that_fails_after_the_end(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Expiry).await? {
        return is_refused(&queue).await;
    }
    let id = taken_in(message(&queue, "a").ttl(LONG)).await?;
    let delivery = take_this(&queue, "a").await?;
    delivery.start().await?;
    // Its time is to be over while the handler is at it.
    sleep(LONG + ms(5)).await;
    claim(
        delivery.nack("too late").await?,
        "the failure is told to be the last",
    )?;
    let death = has_expired(&queue, id).await?;
    equal(death.attempts, 1, "attempts it has had")?;
    all_gone(&queue).await
}

pub(super) async fn a_low_one_expires_behind_a_high_one_that_does_not(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Expiry).await? {
        return is_refused(&queue).await;
    }
    taken_in(message(&queue, "critical").priority(Priority::Critical)).await?;
    taken_in(message(&queue, "low").priority(Priority::Low)).await?;
    let brief = message(&queue, "brief").priority(Priority::Low).ttl(TTL);
    let id = taken_in(brief).await?;
    has_expired(&queue, id).await?;
    handle(&queue, "critical").await?;
    handle(&queue, "low").await?;
    all_gone(&queue).await
}

pub(super) async fn a_delayed_one_expires_before_it_is_due(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let both = has(&queue, Ability::Delay).await? && has(&queue, Ability::Expiry).await?;
    let late = message(&queue, "a").delay(Duration::from_hours(1)).ttl(TTL);
    if !both {
        // Weaker: whichever of both it lacks, it refuses the message.
        return unsupported(late.await, Ability::Expiry);
    }
    let begun = Instant::now();
    let id = taken_in(late).await?;
    has_expired(&queue, id).await?;
    claim(begun.elapsed() < PATIENT, "it expires in its time")?;
    nothing(&queue, "it is dead").await?;
    all_gone(&queue).await
}
