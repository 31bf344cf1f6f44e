//! Messages for later.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep};

use super::breach::{Verdict, claim, equal};
use super::stage::{
    MOMENT, PATIENT, Stage, all_gone, handle, has, message, ms, nothing, put, take, taken_in,
    unsupported,
};
use crate::queue::{Ability, Queue};

const DELAY: Duration = ms(300);

/// Where the broker cannot delay: it says so, and has not taken the message in for now instead.
async fn is_refused(queue: &Queue<String>) -> Verdict {
    unsupported(message(queue, "late").delay(DELAY).await, Ability::Delay)?;
    // A delay of none is none.
    taken_in(message(queue, "now").delay(Duration::ZERO)).await?;
    handle(queue, "now").await?;
    all_gone(queue).await
}

/// The time that has passed since then is `delay`, or more.
fn is_over(begun: Instant, delay: Duration) -> Verdict {
    let took = begun.elapsed();
    // Times of brokers are whole milliseconds.
    let what = format!("it came after {took:?}, not after {delay:?}");
    claim(took + ms(2) >= delay, what)
}

pub(super) async fn a_delayed_message_comes_when_it_is_due(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Delay).await? {
        return is_refused(&queue).await;
    }
    let begun = Instant::now();
    let id = taken_in(message(&queue, "late").delay(DELAY)).await?;
    // Somebody waits for it all the time.
    let delivery = take(&queue).await?;
    is_over(begun, DELAY)?;
    equal(delivery.id(), id, "the message that comes")?;
    claim(begun.elapsed() < PATIENT / 2, "it comes when it is due")?;
    equal(
        delivery.attempts(),
        0,
        "attempts of a message that was delayed",
    )?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn a_delayed_message_is_there_when_it_is_due_though_nobody_waits(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Delay).await? {
        return is_refused(&queue).await;
    }
    let begun = Instant::now();
    taken_in(message(&queue, "late").delay(DELAY)).await?;
    let early = queue.lease().wait(MOMENT).await?;
    if early.is_some() {
        // On a machine that was away for so long it may be due.
        return is_over(begun, DELAY);
    }
    // It is to be due before anybody asks.
    sleep(2 * DELAY).await;
    handle(&queue, "late").await?;
    all_gone(&queue).await
}

pub(super) async fn a_time_in_the_past_is_now(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let past = SystemTime::now() - Duration::from_hours(1);
    // A broker that cannot delay has nothing to refuse either.
    taken_in(message(&queue, "a").at(past)).await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn a_message_for_a_time_comes_then(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Delay).await? {
        return is_refused(&queue).await;
    }
    let begun = Instant::now();
    taken_in(message(&queue, "a").at(SystemTime::now() + DELAY)).await?;
    handle(&queue, "a").await?;
    // The clock that dates go by may be set a little meanwhile.
    is_over(begun, DELAY / 2)?;
    all_gone(&queue).await
}

pub(super) async fn delayed_messages_come_in_the_order_in_which_they_are_due(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Delay).await? {
        return is_refused(&queue).await;
    }
    let begun = Instant::now();
    taken_in(message(&queue, "third").delay(ms(900))).await?;
    taken_in(message(&queue, "first").delay(ms(500))).await?;
    taken_in(message(&queue, "second").delay(ms(700))).await?;
    put(&queue, "now").await?;
    handle(&queue, "now").await?;
    for (text, others_due) in [("first", ms(700)), ("second", ms(900)), ("third", PATIENT)] {
        let delivery = take(&queue).await?;
        delivery.ack().await?;
        if begun.elapsed() + ms(50) > others_due {
            // The machine was away, and more than one was due.
            return Ok(());
        }
        equal(delivery.message().as_str(), text, "the next that is due")?;
    }
    all_gone(&queue).await
}

pub(super) async fn a_delayed_message_holds_nobody_up(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Delay).await? {
        return is_refused(&queue).await;
    }
    taken_in(message(&queue, "late").delay(Duration::from_hours(1))).await?;
    put(&queue, "a").await?;
    put(&queue, "b").await?;
    handle(&queue, "a").await?;
    handle(&queue, "b").await?;
    nothing(&queue, "the last is due in an hour").await?;
    let stats = queue.stats().await?;
    equal(
        (stats.ready(), stats.delayed()),
        (0, 1),
        "messages in line and delayed",
    )
}
