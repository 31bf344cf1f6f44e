//! Attempts that come to nothing, and those that follow.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::breach::{Breach, Verdict, claim, equal};
use super::raw::Raw;
use super::stage::{
    MOMENT, PATIENT, SHORT, Stage, all_gone, handle, has, message, ms, nothing, put, put_all,
    short, take, take_this, taken_in, unsupported, usual,
};
use crate::queue::broker::{Settled, Settlement};
use crate::queue::{
    Ability, Backoff, Cause, Failure, Filter, History, Options, Peeked, Position, Queue, Reason,
};

/// The only message of a queue as it is. None where the broker cannot look at it: then it has said so.
async fn peeked(queue: &Queue<String>) -> Verdict<Option<Peeked>> {
    let peeked = queue.peek(9).await;
    if !has(queue, Ability::Peek).await? {
        unsupported(peeked, Ability::Peek)?;
        return Ok(None);
    }
    let mut peeked = peeked?;
    equal(peeked.len(), 1, "messages that are shown")?;
    Ok(peeked.pop())
}

/// What happened to the only dead letter. None where the broker cannot show it: then it is counted, and no more.
async fn dead(queue: &Queue<String>) -> Verdict<Option<History>> {
    equal(queue.stats().await?.dead, 1, "dead letters")?;
    if !has(queue, Ability::DeadLetterAccess).await? {
        return Ok(None);
    }
    let letter = queue.dead_letters(Filter::default(), None, 9).await?.pop();
    let letter = letter.ok_or_else(|| Breach::new("a dead letter is counted and not listed"))?;
    Ok(Some(letter.history))
}

/// Attempts and causes of what went wrong.
fn failures(history: &History) -> Vec<(u32, Cause)> {
    let failures = history.failures.iter();
    failures
        .map(|failure| (failure.attempt, failure.cause.clone()))
        .collect()
}

pub(super) async fn a_failed_message_comes_again_and_tells_of_it(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let id = put(&queue, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    delivery.start().await?;
    claim(
        !delivery.nack("out of tea").await?,
        "the failure is not the last",
    )?;
    if let Some(shown) = peeked(&queue).await? {
        let failure = shown
            .failure
            .map(|Failure { attempt, cause, .. }| (attempt, cause));
        let expected = Some((1, Cause::failed("out of tea")));
        equal(failure, expected, "what went wrong last")?;
        equal(shown.attempts, 1, "its attempts")?;
    }
    let again = take_this(&queue, "a").await?;
    equal((again.id(), again.attempts()), (id, 1), "what comes again")?;
    again.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn the_next_attempt_is_due_after_its_delay(stage: &mut Stage) -> Verdict {
    const DELAY: Duration = ms(300);
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    let begun = Instant::now();
    delivery.nack_for(DELAY, "later").await?;
    let again = take_this(&queue, "a").await?;
    let took = begun.elapsed();
    // Times of brokers are whole milliseconds.
    claim(took + ms(2) >= DELAY, format!("it came after {took:?}"))?;
    claim(took < PATIENT / 2, "it comes when it is due")?;
    again.nack_for(Duration::ZERO, "at once").await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn the_pause_before_an_attempt_is_within_its_bounds(stage: &mut Stage) -> Verdict {
    let backoff = Backoff {
        base: ms(100),
        cap: ms(300),
    };
    let queue = stage.queue_with(Options { backoff, ..usual() }).await?;
    put(&queue, "a").await?;
    for bound in [100, 200, 300, 300].map(ms) {
        take_this(&queue, "a").await?.nack("no").await?;
        // Weaker where it cannot be looked at: it comes again.
        let Some(shown) = peeked(&queue).await? else {
            continue;
        };
        let failed_at = shown.failure.map(|failure| failure.at);
        let failed_at = failed_at.ok_or_else(|| Breach::new("the failure is not told"))?;
        if let Position::Delayed { due } = shown.position {
            // Times of brokers are whole milliseconds.
            let is_within = due <= failed_at + bound + ms(2);
            claim(
                is_within,
                format!("due at {due:?}, failed at {failed_at:?}, within {bound:?}"),
            )?;
        }
    }
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn what_failed_together_does_not_come_again_together(
    stage: &mut Stage,
) -> Verdict {
    const COUNT: usize = 12;
    let backoff = Backoff {
        base: SHORT,
        cap: SHORT,
    };
    let queue = stage.queue_with(Options { backoff, ..usual() }).await?;
    for _ in 0..COUNT {
        put(&queue, "a").await?;
    }
    let failing = queue.lease_many(COUNT).wait(PATIENT).await?;
    equal(failing.len(), COUNT, "messages that came")?;
    let failed = failing.iter().map(|delivery| delivery.nack("no"));
    futures_util::future::try_join_all(failed).await?;
    if has(&queue, Ability::Peek).await? {
        let pauses = queue.peek(COUNT).await?.into_iter().filter_map(|shown| {
            let failed_at = shown.failure?.at;
            match shown.position {
                Position::Delayed { due } => Some(due.duration_since(failed_at).ok()?),
                // It is due already.
                _ => Some(Duration::ZERO),
            }
        });
        let mut pauses: Vec<_> = pauses.collect();
        pauses.sort_unstable();
        equal(pauses.len(), COUNT, "messages that tell of their failure")?;
        let spread = pauses.last().zip(pauses.first());
        let spread = spread.map(|(longest, shortest)| longest.saturating_sub(*shortest));
        // Twelve draws that are all within an eighth of the range are no draws: one in a thousand million.
        let is_drawn = spread.is_some_and(|spread| spread > SHORT / 8);
        claim(is_drawn, format!("the pauses are drawn: {pauses:?}"))?;
    }
    // Weaker where they cannot be looked at: all of them come again.
    for _ in 0..COUNT {
        handle(&queue, "a").await?;
    }
    all_gone(&queue).await
}

pub(super) async fn after_its_last_attempt_it_is_a_dead_letter(stage: &mut Stage) -> Verdict {
    let queue = stage
        .queue_with(Options {
            attempts: 3,
            ..usual()
        })
        .await?;
    put(&queue, "a").await?;
    for attempt in 1..=3 {
        let delivery = take_this(&queue, "a").await?;
        equal(delivery.attempts_max(), 3, "attempts it may have")?;
        equal(delivery.start().await?, attempt, "the attempt")?;
        let is_dead = delivery.nack(format!("no {attempt}")).await?;
        equal(is_dead, attempt == 3, "the failure is told to be the last")?;
    }
    all_gone(&queue).await?;
    let Some(history) = dead(&queue).await? else {
        return Ok(());
    };
    let expected = (1..=3).map(|attempt| (attempt, Cause::failed(&format!("no {attempt}"))));
    equal(failures(&history), expected.collect(), "what went wrong")?;
    let death = history.dead.map(|death| (death.reason, death.attempts));
    equal(death, Some((Reason::Exhausted, 3)), "why it died")
}

pub(super) async fn a_start_counts_once(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    for attempt in 1..=3 {
        let delivery = take_this(&queue, "a").await?;
        equal(delivery.attempts(), attempt - 1, "attempts before")?;
        equal(delivery.start().await?, attempt, "the attempt")?;
        equal(
            delivery.start().await?,
            attempt,
            "the same attempt, started again",
        )?;
        delivery.nack("no").await?;
    }
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn a_failure_counts_without_a_start(stage: &mut Stage) -> Verdict {
    let queue = stage
        .queue_with(Options {
            attempts: 2,
            ..usual()
        })
        .await?;
    put(&queue, "a").await?;
    claim(
        !take_this(&queue, "a").await?.nack("no").await?,
        "the first is not the last",
    )?;
    let delivery = take_this(&queue, "a").await?;
    equal(delivery.attempts(), 1, "attempts before")?;
    claim(delivery.nack("no").await?, "the second is the last")?;
    all_gone(&queue).await?;
    let attempts = dead(&queue).await?.map(|history| failures(&history).len());
    equal(attempts.unwrap_or(2), 2, "failures that are told")
}

pub(super) async fn a_message_may_have_attempts_of_its_own(stage: &mut Stage) -> Verdict {
    let queue = stage
        .queue_with(Options {
            attempts: 2,
            ..usual()
        })
        .await?;
    taken_in(message(&queue, "once").attempts(1)).await?;
    let once = take_this(&queue, "once").await?;
    equal(once.attempts_max(), 1, "attempts it may have")?;
    claim(once.nack("no").await?, "its only attempt was its last")?;
    put(&queue, "twice").await?;
    let twice = take_this(&queue, "twice").await?;
    claim(!twice.nack("no").await?, "another has attempts left")?;
    handle(&queue, "twice").await?;
    all_gone(&queue).await
}

pub(super) async fn a_lease_that_runs_out_unstarted_costs_no_attempt(stage: &mut Stage) -> Verdict {
    let raw = Raw::open(stage, &short()).await?;
    let both = raw.has(Ability::TimedLeases).await? && raw.has(Ability::CountedAttempts).await?;
    let id = raw.put_for("a", if both { 1 } else { 20 }).await?;
    if !both {
        // Weaker: a lease ends by the connection, or it counts; the message comes again all the same.
        raw.take().await?;
        raw.close().await?;
        let raw = Raw::open(stage, &short()).await?;
        let again = raw.take().await?;
        equal(again.token.id, id, "what comes again")?;
        claim(again.attempts <= 1, "one lease counts once at most")?;
        raw.settle(again.token, Settlement::Ack).await?;
        return raw.close().await;
    }
    for _ in 0..3 {
        let leased = raw.take().await?;
        equal(
            (leased.token.id, leased.attempts),
            (id, 0),
            "what comes again",
        )?;
    }
    let last = raw.take().await?;
    equal(
        raw.settle(last.token, Settlement::Start).await?,
        Settled::Started(1),
        "a start",
    )?;
    raw.settle(last.token, Settlement::Ack).await?;
    raw.close().await
}

pub(super) async fn what_takes_its_handlers_with_it_is_a_dead_letter_in_the_end(
    stage: &mut Stage,
) -> Verdict {
    let mut raw = Raw::open(stage, &short()).await?;
    let is_timed = raw.has(Ability::TimedLeases).await?;
    raw.put_for("a", 2).await?;
    for attempt in 1..=2 {
        let leased = raw.take().await?;
        equal(leased.attempts, attempt - 1, "attempts before")?;
        let started = raw.settle(leased.token, Settlement::Start).await?;
        equal(started, Settled::Started(attempt), "a start")?;
        // Its handler is never heard of again.
        if !is_timed {
            // Weaker: the attempt ends with the connection.
            raw.close().await?;
            raw = Raw::open(stage, &short()).await?;
        }
    }
    let begun = Instant::now();
    while raw.backend.stats().await?.dead == 0 {
        claim(begun.elapsed() < PATIENT, "it dies after its last attempt")?;
        // Its last lease has to run out.
        sleep(ms(20)).await;
    }
    let none = raw.backend.lease(1, MOMENT).await?;
    claim(none.is_empty(), "it does not come again")?;
    if let Some(history) = raw.dead().await? {
        let causes = failures(&history);
        let is_told =
            |(_, cause): &(u32, Cause)| matches!(cause, Cause::LeaseExpired | Cause::ProcessEnded);
        let what = format!("what went wrong is told: {causes:?}");
        claim(causes.len() == 2 && causes.iter().all(is_told), what)?;
        let death = history.dead.map(|death| (death.reason, death.attempts));
        equal(death, Some((Reason::Exhausted, 2)), "why it died")?;
    }
    raw.close().await
}

pub(super) async fn a_failed_message_waits_apart_while_others_go_on(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put_all(&queue, &["a", "b", "c"]).await?;
    let hour = Duration::from_hours(1);
    take_this(&queue, "a").await?.nack_for(hour, "no").await?;
    handle(&queue, "b").await?;
    handle(&queue, "c").await?;
    nothing(&queue, "the next attempt is due in an hour").await?;
    let stats = queue.stats().await?;
    equal(
        (stats.ready(), stats.delayed()),
        (0, 1),
        "messages in line and delayed",
    )
}

pub(super) async fn of_a_long_error_the_beginning_is_kept(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    // 256 bytes end in the middle of a letter.
    let long = format!("x{}", "é".repeat(1_000));
    take(&queue).await?.nack(&long).await?;
    if let Some(shown) = peeked(&queue).await? {
        let cause = shown.failure.map(|failure| failure.cause);
        let kept = format!("x{}", "é".repeat(127));
        equal(
            cause,
            Some(Cause::Failed { error: kept.into() }),
            "what is kept",
        )?;
    }
    handle(&queue, "a").await?;
    all_gone(&queue).await
}
