//! A queue asks for what it needs, and does not start at a broker that gives less.

use super::breach::{Verdict, claim, equal, fails};
use super::stage::{Stage, all_gone, handle, put};
use crate::queue::{Ability, Durability, Error, Queue, Requirements, Unmet};

pub(super) async fn what_is_given_can_be_required(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let given = queue.guarantees().await?;
    queue.close().await;
    let all = Requirements {
        durability: given.durability,
        abilities: given.abilities,
    };
    let queue: Queue<String> = stage.builder(&stage.name()?).require(all).await?;
    equal(
        queue.guarantees().await?,
        given,
        "what is given when it is required",
    )?;
    put(&queue, "a").await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn what_is_not_given_is_refused_with_advice(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let given = queue.guarantees().await?;
    put(&queue, "a").await?;
    queue.close().await;
    let mut lacking: Vec<_> = Ability::ALL
        .into_iter()
        .filter(|ability| !given.has(*ability))
        .map(Unmet::Ability)
        .collect();
    if given.durability < Durability::Synced {
        lacking.push(Unmet::Durability {
            wanted: Durability::Synced,
            given: given.durability,
        });
    }
    let least = Requirements::default().durability(Durability::Memory);
    for lacks in &lacking {
        let required = match lacks {
            Unmet::Ability(ability) => least.ability(*ability),
            Unmet::Durability { wanted, .. } => least.durability(*wanted),
        };
        let builder = stage.builder::<String>(&stage.name()?);
        let refused = builder.require(required).await;
        let is_such = |error: &Error| matches!(error, Error::Unmet { unmet, advice, .. } if unmet == lacks && !advice.is_empty());
        fails(
            refused,
            is_such,
            &format!("opened where it asks for {lacks}"),
        )?;
    }
    // Whoever asks for less has the queue, with all that was in it. A broker that gives everything has nothing to refuse.
    let queue = stage.queue().await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn guarantees_are_the_same_each_time(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let first = queue.guarantees().await?;
    equal(
        queue.guarantees().await?,
        first,
        "what is given, asked again",
    )?;
    claim(
        queue.broker() == stage.broker_name(),
        "the broker is told by its name",
    )?;
    stage.reopen().await?;
    let queue = stage.queue().await?;
    equal(
        queue.guarantees().await?,
        first,
        "what is given after an opening",
    )
}
