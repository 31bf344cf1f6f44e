//! Messages of one priority and group: one at a time, in order.

use std::time::Duration;

use super::breach::{Verdict, claim, equal, fails};
use super::stage::{
    PATIENT, Stage, all_gone, handle, has, message, ms, nothing, put, take_this, taken_in,
    unsupported,
};
use crate::message::Priority;
use crate::queue::{Ability, Error, Queue};

async fn put_in(queue: &Queue<String>, group: &str, text: &str) -> Verdict {
    taken_in(message(queue, text).group(group)).await?;
    Ok(())
}

/// Where the broker keeps no order within groups: it says so, and has not taken the message in without.
async fn is_refused(queue: &Queue<String>) -> Verdict {
    unsupported(message(queue, "a").group("1").await, Ability::Groups)?;
    all_gone(queue).await
}

pub(super) async fn a_group_is_leased_one_at_a_time_in_order(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Groups).await? {
        return is_refused(&queue).await;
    }
    for text in ["a", "b", "c"] {
        put_in(&queue, "1", text).await?;
    }
    for text in ["a", "b", "c"] {
        let many = queue.lease_many(9).wait(PATIENT).await?;
        let [delivery] = &many[..] else {
            return equal(many.len(), 1, "messages of one group on lease at a time");
        };
        equal(delivery.message().as_str(), text, "the next of the group")?;
        equal(delivery.group(), Some("1"), "the group that is told")?;
        nothing(&queue, "another of the group is on lease").await?;
        delivery.ack().await?;
    }
    all_gone(&queue).await
}

pub(super) async fn groups_go_on_side_by_side(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Groups).await? {
        return is_refused(&queue).await;
    }
    put_in(&queue, "1", "1 a").await?;
    put_in(&queue, "1", "1 b").await?;
    put_in(&queue, "2", "2 a").await?;
    put(&queue, "none").await?;
    put(&queue, "none").await?;
    let first = take_this(&queue, "1 a").await?;
    let second = take_this(&queue, "2 a").await?;
    let third = take_this(&queue, "none").await?;
    let fourth = take_this(&queue, "none").await?;
    nothing(&queue, "the last is behind another of its group").await?;
    first.ack().await?;
    handle(&queue, "1 b").await?;
    for delivery in [second, third, fourth] {
        delivery.ack().await?;
    }
    all_gone(&queue).await
}

pub(super) async fn a_retry_holds_its_group_up(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Groups).await? {
        return is_refused(&queue).await;
    }
    put_in(&queue, "1", "1 a").await?;
    put_in(&queue, "1", "1 b").await?;
    put_in(&queue, "2", "2 a").await?;
    let failed = take_this(&queue, "1 a").await?;
    let other = take_this(&queue, "2 a").await?;
    failed.nack_for(ms(300), "not yet").await?;
    other.ack().await?;
    // Whoever waits gets the retry, and not what is behind it.
    handle(&queue, "1 a").await?;
    handle(&queue, "1 b").await?;
    all_gone(&queue).await
}

pub(super) async fn what_is_given_back_comes_before_the_rest_of_its_group(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Groups).await? {
        return is_refused(&queue).await;
    }
    put_in(&queue, "1", "a").await?;
    put_in(&queue, "1", "b").await?;
    take_this(&queue, "a").await?.release().await?;
    handle(&queue, "a").await?;
    handle(&queue, "b").await?;
    all_gone(&queue).await
}

pub(super) async fn a_dead_letter_lets_its_group_go_on(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Groups).await? {
        return is_refused(&queue).await;
    }
    put_in(&queue, "1", "a").await?;
    put_in(&queue, "1", "b").await?;
    take_this(&queue, "a").await?.dead_letter("no").await?;
    handle(&queue, "b").await?;
    all_gone(&queue).await
}

pub(super) async fn a_delayed_message_does_not_hold_its_group_up(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let both = has(&queue, Ability::Groups).await? && has(&queue, Ability::Delay).await?;
    let late = message(&queue, "late")
        .group("1")
        .delay(Duration::from_hours(1));
    if !both {
        // Weaker: whichever of both it lacks, it refuses the message.
        unsupported(late.await, Ability::Groups)?;
        return all_gone(&queue).await;
    }
    taken_in(late).await?;
    put_in(&queue, "1", "now").await?;
    handle(&queue, "now").await?;
    nothing(&queue, "the other is due in an hour").await
}

pub(super) async fn a_group_of_each_priority_is_one_of_its_own(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Groups).await? {
        return is_refused(&queue).await;
    }
    let low = message(&queue, "low").group("1").priority(Priority::Low);
    taken_in(low).await?;
    let high = message(&queue, "high").group("1").priority(Priority::High);
    taken_in(high).await?;
    let high = take_this(&queue, "high").await?;
    let low = take_this(&queue, "low").await?;
    high.ack().await?;
    low.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn a_group_has_a_short_name(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Groups).await? {
        return is_refused(&queue).await;
    }
    let longest = "é".repeat(128);
    put_in(&queue, &longest, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    claim(
        delivery.group() == Some(&longest),
        "the group of 256 bytes is told",
    )?;
    delivery.ack().await?;
    let refused = message(&queue, "b").group(&format!("{longest}x")).await;
    let is_such = |error: &Error| matches!(error, Error::OutOfRange { .. });
    fails(refused, is_such, "a group of 257 bytes")?;
    all_gone(&queue).await
}
