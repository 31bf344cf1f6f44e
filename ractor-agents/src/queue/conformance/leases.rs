//! Whoever has a message on lease has it alone, and for as long as the lease lasts.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::breach::{Verdict, claim, equal, fails};
use super::raw::{Raw, settlements};
use super::stage::{
    MOMENT, PATIENT, SHORT, SPARE, Stage, all_gone, handle, has, ms, nothing, put, put_all, short,
    stale, take, take_this, usual,
};
use crate::queue::broker::{Settled, Settlement};
use crate::queue::{Ability, Error, Options};

pub(super) async fn a_lease_that_nobody_renews_runs_out(stage: &mut Stage) -> Verdict {
    let raw = Raw::open(stage, &short()).await?;
    let id = raw.put("a").await?;
    let begun = Instant::now();
    let first = raw.take().await?;
    if !raw.has(Ability::TimedLeases).await? {
        // Weaker: it lasts as long as the connection, and runs out with it.
        sleep(2 * SHORT).await;
        let early = raw.backend.lease(1, MOMENT).await?;
        claim(
            early.is_empty(),
            "the lease lasts as long as the connection",
        )?;
        raw.close().await?;
        let raw = Raw::open(stage, &short()).await?;
        let second = raw.take().await?;
        equal(second.token.id, id, "the message that comes again")?;
        raw.settle(second.token, Settlement::Ack).await?;
        return raw.close().await;
    }
    let second = raw.take().await?;
    let took = begun.elapsed();
    equal(second.token.id, id, "the message that comes again")?;
    // Times of brokers are whole milliseconds.
    let what = format!("the lease lasted {took:?} instead of {SHORT:?}");
    claim(took + ms(2) >= SHORT, what)?;
    let is_later = second.token > first.token;
    claim(
        is_later,
        "the second lease has a greater fence than the first",
    )?;
    stale(
        raw.settle(first.token, Settlement::Ack).await,
        "the lease that ran out",
    )?;
    let settled = raw.settle(second.token, Settlement::Ack).await?;
    equal(settled, Settled::Done, "the lease that is good")?;
    raw.close().await
}

pub(super) async fn nothing_can_be_said_under_a_lease_that_has_run_out(
    stage: &mut Stage,
) -> Verdict {
    let raw = Raw::open(stage, &short()).await?;
    if !raw.has(Ability::TimedLeases).await? {
        // Weaker: the lease is good for as long as the connection.
        raw.put("a").await?;
        let leased = raw.take().await?;
        sleep(2 * SHORT).await;
        raw.settle(leased.token, Settlement::Ack).await?;
        return raw.close().await;
    }
    raw.put("a").await?;
    let leased = raw.take().await?;
    // The lease is to run out, and nobody to lease the message anew.
    sleep(2 * SHORT).await;
    for settlement in settlements() {
        let what = format!("{settlement:?} under a lease that ran out");
        stale(raw.settle(leased.token, settlement).await, &what)?;
    }
    let again = raw.take().await?;
    equal(
        again.attempts,
        0,
        "attempts of a message that nobody started on",
    )?;
    raw.settle(again.token, Settlement::Ack).await?;
    raw.close().await
}

pub(super) async fn nothing_can_be_said_under_a_lease_that_was_given_back(
    stage: &mut Stage,
) -> Verdict {
    let raw = Raw::open(stage, &usual()).await?;
    let id = raw.put("a").await?;
    let first = raw.take().await?;
    let returned = raw.settle(first.token, Settlement::Release).await?;
    equal(
        returned,
        Settled::Returned,
        "what becomes of a message that is given back",
    )?;
    let second = raw.take().await?;
    equal(second.token.id, id, "the message that comes again")?;
    for settlement in settlements() {
        let what = format!("{settlement:?} under a lease that was given back");
        stale(raw.settle(first.token, settlement).await, &what)?;
    }
    let started = raw.settle(second.token, Settlement::Start).await?;
    equal(started, Settled::Started(1), "nothing has changed by it")?;
    raw.settle(second.token, Settlement::Ack).await?;
    let stats = raw.backend.stats().await?;
    equal(
        (stats.count(), stats.dead),
        (0, 0),
        "messages and dead letters that are left",
    )?;
    raw.close().await
}

pub(super) async fn nothing_can_be_said_of_what_is_done_with(stage: &mut Stage) -> Verdict {
    let raw = Raw::open(stage, &usual()).await?;
    for last in [Settlement::Ack, Settlement::DeadLetter { why: "no".into() }] {
        raw.put("a").await?;
        let leased = raw.take().await?;
        raw.settle(leased.token, last.clone()).await?;
        for settlement in settlements() {
            let what = format!("{settlement:?} after {last:?}");
            stale(raw.settle(leased.token, settlement).await, &what)?;
        }
    }
    let stats = raw.backend.stats().await?;
    equal(
        (stats.count(), stats.dead),
        (0, 1),
        "messages and dead letters that are left",
    )?;
    raw.close().await
}

pub(super) async fn a_second_acknowledgement_is_stale(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put_all(&queue, &["a", "b"]).await?;
    let delivery = take_this(&queue, "a").await?;
    delivery.ack().await?;
    stale(delivery.ack().await, "a second acknowledgement")?;
    stale(
        delivery.nack("no").await,
        "a failure after the acknowledgement",
    )?;
    handle(&queue, "b").await?;
    all_gone(&queue).await
}

pub(super) async fn a_delivery_is_renewed_for_as_long_as_it_is_there(stage: &mut Stage) -> Verdict {
    // Long enough that a busy machine renews in time.
    const LEASE: Duration = Duration::from_secs(1);
    let lease = LEASE;
    let queue = stage.queue_with(Options { lease, ..usual() }).await?;
    put(&queue, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    delivery.start().await?;
    let second = queue.lease().wait(5 * LEASE).await?;
    claim(second.is_none(), "a delivery that is held is nobody else's")?;
    claim(!delivery.is_lost(), "its lease is not lost")?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn a_lease_can_be_extended(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    let extended = delivery.extend().await;
    if has(&queue, Ability::TimedLeases).await? {
        extended?;
    } else {
        // Weaker: it lasts anyway. Whether the broker says so or that there is nothing to extend is its own affair.
        let is_such = |error: &Error| matches!(error, Error::Unsupported { .. });
        extended.or_else(|error| fails(Err::<(), _>(error), is_such, "nothing to extend"))?;
    }
    nothing(&queue, "its only message is on lease").await?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn what_is_given_back_is_in_its_old_place_without_an_attempt(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    put_all(&queue, &["a", "b", "c"]).await?;
    let first = take_this(&queue, "a").await?;
    let second = take_this(&queue, "b").await?;
    second.release().await?;
    first.release().await?;
    stale(first.ack().await, "what was given back")?;
    for text in ["a", "b", "c"] {
        let delivery = take_this(&queue, text).await?;
        equal(delivery.attempts(), 0, "attempts of what was given back")?;
        delivery.ack().await?;
    }
    all_gone(&queue).await
}

pub(super) async fn what_a_handler_has_started_on_is_not_given_back(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    delivery.start().await?;
    let refused = delivery.release().await;
    fails(
        refused,
        |error| matches!(error, Error::Started),
        "given back after a start",
    )?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn a_dropped_delivery_is_given_back(stage: &mut Stage) -> Verdict {
    let lease = SPARE;
    let queue = stage.queue_with(Options { lease, ..usual() }).await?;
    let id = put(&queue, "a").await?;
    drop(take_this(&queue, "a").await?);
    let delivery = take(&queue).await?;
    equal(delivery.id(), id, "the message that comes again")?;
    let attempts = delivery.attempts();
    // Weaker where deliveries count: there was one.
    let most = u32::from(!has(&queue, Ability::CountedAttempts).await?);
    claim(attempts <= most, format!("it has had {attempts} attempts"))?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn a_delivery_dropped_after_its_start_is_a_failed_attempt(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue_with(short()).await?;
    let id = put(&queue, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    delivery.start().await?;
    let queue = if has(&queue, Ability::TimedLeases).await? {
        drop(delivery);
        queue
    } else {
        // Weaker: the attempt has failed at the latest when the connection ends.
        drop((delivery, queue));
        stage.reopen().await?;
        stage.queue_with(short()).await?
    };
    let again = take(&queue).await?;
    equal(again.id(), id, "the message that comes again")?;
    equal(again.attempts(), 1, "its attempts")?;
    again.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn every_lease_of_a_message_has_a_greater_fence(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    let mut before = (0, 0);
    for round in 0..6 {
        let delivery = take_this(&queue, "a").await?;
        let what = format!("{:?} comes after {before:?}", delivery.fence());
        claim(round == 0 || delivery.fence() > before, what)?;
        before = delivery.fence();
        if round % 2 == 0 {
            delivery.release().await?;
        } else {
            delivery.nack_for(Duration::ZERO, "no").await?;
        }
    }
    stage.reopen().await?;
    let queue = stage.queue().await?;
    let delivery = take_this(&queue, "a").await?;
    let what = format!(
        "{:?} comes after {before:?}, over an opening",
        delivery.fence()
    );
    claim(delivery.fence() > before, what)?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn a_lease_from_before_an_opening_is_nobodys(stage: &mut Stage) -> Verdict {
    let queue = stage.queue_with(short()).await?;
    put(&queue, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    queue.close().await;
    let queue = stage.queue_with(short()).await?;
    let again = take(&queue).await?;
    let is_such = |error: &Error| matches!(error, Error::Stale(_) | Error::Closed);
    fails(
        delivery.ack().await,
        is_such,
        "a delivery of a queue that was closed",
    )?;
    again.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn dropped_leases_lose_nothing(stage: &mut Stage) -> Verdict {
    const COUNT: usize = 10;
    let lease = SPARE;
    let queue = stage.queue_with(Options { lease, ..usual() }).await?;
    for number in 0..COUNT {
        put(&queue, &number.to_string()).await?;
    }
    for round in 0..200_u64 {
        let lease = queue.lease_many(3).wait(PATIENT).into_future();
        // Some have come by then and are dropped as deliveries, others are on their way.
        let _ = tokio::time::timeout(Duration::from_micros(round * 37 % 3_000), lease).await;
    }
    let mut found = Vec::new();
    while found.len() < COUNT {
        let delivery = take(&queue).await?;
        delivery.ack().await?;
        if has(&queue, Ability::CountedAttempts).await? {
            equal(delivery.attempts(), 0, "attempts of what nobody started on")?;
        }
        found.push(delivery.message().clone());
    }
    all_gone(&queue).await?;
    found.sort_unstable();
    let expected: Vec<_> = (0..COUNT).map(|number| number.to_string()).collect();
    equal(found, expected, "what came")
}

pub(super) async fn who_was_leased_beside_one_that_fails_has_lost_no_attempt(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue_with(short()).await?;
    put_all(&queue, &["a", "b", "c"]).await?;
    let deliveries = queue.lease_many(3).wait(PATIENT).await?;
    equal(deliveries.len(), 3, "messages that came")?;
    for delivery in &deliveries {
        if delivery.message() == "b" {
            delivery.start().await?;
            delivery.nack("no").await?;
        }
    }
    drop(deliveries);
    let is_counted = has(&queue, Ability::CountedAttempts).await?;
    for _ in 0..3 {
        let delivery = take(&queue).await?;
        let attempts = delivery.attempts();
        let started = u32::from(delivery.message() == "b");
        // Weaker where deliveries count: there was one.
        let is_right = attempts == started || (!is_counted && attempts <= 1);
        claim(
            is_right,
            format!("{:?} has had {attempts} attempts", delivery.message()),
        )?;
        delivery.ack().await?;
    }
    all_gone(&queue).await
}
