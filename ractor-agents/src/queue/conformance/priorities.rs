//! Five priorities share the leases.

use super::breach::{Breach, Verdict, claim, equal};
use super::stage::{PATIENT, Stage, all_gone, handle, has, message, take, taken_in, usual};
use crate::message::Priority;
use crate::queue::{Ability, Aging, Options, Queue};

/// In so many leases each priority has one, where it has a message. Source: semantics.md, "Durable queues", 7.
const TURN: usize = 32;

async fn put_at(queue: &Queue<String>, priority: Priority, text: &str) -> Verdict {
    taken_in(message(queue, text).priority(priority)).await?;
    Ok(())
}

pub(super) async fn higher_priorities_are_leased_first(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    for priority in Priority::ALL.into_iter().rev() {
        put_at(&queue, priority, priority.as_str()).await?;
    }
    for priority in Priority::ALL {
        let delivery = take(&queue).await?;
        equal(
            delivery.message().as_str(),
            priority.as_str(),
            "who is next",
        )?;
        equal(delivery.priority(), priority, "the priority that is told")?;
        delivery.ack().await?;
    }
    all_gone(&queue).await
}

pub(super) async fn each_priority_keeps_its_order_while_others_come(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put_at(&queue, Priority::Low, "low 1").await?;
    put_at(&queue, Priority::High, "high 1").await?;
    put_at(&queue, Priority::Low, "low 2").await?;
    handle(&queue, "high 1").await?;
    handle(&queue, "low 1").await?;
    put_at(&queue, Priority::High, "high 2").await?;
    put_at(&queue, Priority::High, "high 3").await?;
    handle(&queue, "high 2").await?;
    handle(&queue, "high 3").await?;
    handle(&queue, "low 2").await?;
    all_gone(&queue).await
}

pub(super) async fn a_low_priority_has_its_turn_while_higher_ones_keep_coming(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    put_at(&queue, Priority::Low, "low").await?;
    put_at(&queue, Priority::Critical, "critical").await?;
    for count in 1..=TURN {
        // As one is taken the next comes: there is always a higher one.
        put_at(&queue, Priority::Critical, "critical").await?;
        let delivery = take(&queue).await?;
        delivery.ack().await?;
        if delivery.priority() == Priority::Low {
            return claim(count > 1, "a higher priority goes first");
        }
    }
    if has(&queue, Ability::FairPriorities).await? {
        let what = format!("a low priority was passed over {TURN} times in a row");
        return Err(Breach::new(what));
    }
    // Weaker: it has its turn when nothing higher is left.
    handle(&queue, "critical").await?;
    handle(&queue, "low").await
}

pub(super) async fn each_of_five_priorities_has_its_share(stage: &mut Stage) -> Verdict {
    const EACH: usize = 40;
    let queue = stage.queue().await?;
    for priority in Priority::ALL {
        for _ in 0..EACH {
            put_at(&queue, priority, priority.as_str()).await?;
        }
    }
    let mut given = Vec::new();
    while given.len() < EACH * Priority::COUNT {
        let deliveries = queue.lease_many(10).wait(PATIENT).await?;
        claim(!deliveries.is_empty(), "messages that are there are given")?;
        for delivery in deliveries {
            delivery.ack().await?;
            given.push(delivery.priority());
        }
    }
    all_gone(&queue).await?;
    for priority in Priority::ALL {
        let mut turns = given
            .iter()
            .enumerate()
            .filter(|(_, turn)| **turn == priority);
        equal(turns.clone().count(), EACH, "messages of each priority")?;
        let longest = turns.try_fold((0, 0), |(longest, before), (at, _)| {
            Some((longest.max(at + 1 - before), at + 1))
        });
        let (longest, _) = longest.unwrap_or_default();
        let what = format!("{priority:?} had one lease in {longest}, not in {TURN}");
        // Weaker without: all of them come, and nothing is said of when.
        let is_fair = has(&queue, Ability::FairPriorities).await?;
        claim(!is_fair || longest <= TURN, what)?;
    }
    Ok(())
}

pub(super) async fn strict_priorities_never_invert(stage: &mut Stage) -> Verdict {
    let aging = Aging::Strict;
    let queue = stage.queue_with(Options { aging, ..usual() }).await?;
    put_at(&queue, Priority::Low, "low").await?;
    for _ in 0..2 * TURN {
        put_at(&queue, Priority::High, "high").await?;
    }
    for _ in 0..2 * TURN {
        handle(&queue, "high").await?;
    }
    handle(&queue, "low").await?;
    all_gone(&queue).await
}
