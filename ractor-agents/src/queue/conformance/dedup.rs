//! The same message twice is one.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::breach::{Breach, Verdict, claim, equal, fails};
use super::stage::{
    PATIENT, Stage, all_gone, handle, has, message, ms, put, take, take_this, taken_in,
    unsupported, usual,
};
use crate::queue::{Ability, Bound, Dedup, Enqueue, Error, MessageId, Options, Queue, Selection};

/// Where the broker remembers nothing: it says so, and takes in what asks for none.
async fn is_refused(queue: &Queue<String>) -> Verdict {
    unsupported(message(queue, "a").key("1").await, Ability::Dedup)?;
    put(queue, "b").await?;
    put(queue, "b").await?;
    handle(queue, "b").await?;
    handle(queue, "b").await?;
    all_gone(queue).await
}

/// It is the same as the one of this name.
async fn is_same(message: Enqueue<'_>, first: MessageId) -> Verdict {
    let receipt = message.await?;
    let found = (receipt.id, receipt.is_duplicate);
    equal(found, (first, true), "the receipt of a duplicate")
}

fn by_content() -> Options {
    Options {
        dedup: Dedup::by_content(Duration::from_mins(5)),
        ..usual()
    }
}

/// The queue that goes by content. None where the broker cannot: then it has said so, of the queue or of a message in it.
async fn content_queue(stage: &Stage) -> Verdict<Option<Queue<String>>> {
    let opened = stage.builder(&stage.name()?).options(by_content()).await;
    let queue = match opened {
        Err(error) => {
            // Weaker: it refuses such a queue as a whole.
            unsupported(Err::<(), _>(error), Ability::Dedup)?;
            return Ok(None);
        }
        Ok(queue) => queue,
    };
    if has(&queue, Ability::Dedup).await? {
        return Ok(Some(queue));
    }
    unsupported(message(&queue, "a").await, Ability::Dedup)?;
    Ok(None)
}

pub(super) async fn the_same_key_is_the_same_message(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Dedup).await? {
        return is_refused(&queue).await;
    }
    let first = taken_in(message(&queue, "a").key("1")).await?;
    is_same(message(&queue, "a").key("1"), first).await?;
    // Whatever is in it: the key is what counts.
    is_same(message(&queue, "b").key("1"), first).await?;
    taken_in(message(&queue, "c").key("2")).await?;
    handle(&queue, "a").await?;
    handle(&queue, "c").await?;
    all_gone(&queue).await
}

pub(super) async fn without_a_key_every_message_is_one_of_its_own(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    put(&queue, "a").await?;
    put(&queue, "a").await?;
    handle(&queue, "a").await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn it_is_remembered_when_it_is_acknowledged(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Dedup).await? {
        return is_refused(&queue).await;
    }
    let first = taken_in(message(&queue, "a").key("1")).await?;
    handle(&queue, "a").await?;
    is_same(message(&queue, "a").key("1"), first).await?;
    equal(
        queue.stats().await?.remembered,
        1,
        "keys that are remembered",
    )?;
    all_gone(&queue).await
}

pub(super) async fn it_is_remembered_when_it_is_purged(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Dedup).await? {
        return is_refused(&queue).await;
    }
    let first = taken_in(message(&queue, "a").key("1")).await?;
    equal(queue.purge().await?, 1, "messages that were purged")?;
    is_same(message(&queue, "a").key("1"), first).await?;
    all_gone(&queue).await
}

pub(super) async fn it_is_remembered_when_it_is_dead_and_discarded(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Dedup).await? {
        return is_refused(&queue).await;
    }
    let first = taken_in(message(&queue, "a").key("1")).await?;
    take_this(&queue, "a").await?.dead_letter("no").await?;
    is_same(message(&queue, "a").key("1"), first).await?;
    equal(
        queue.discard(Selection::all()).await?,
        1,
        "letters that were discarded",
    )?;
    is_same(message(&queue, "a").key("1"), first).await?;
    all_gone(&queue).await
}

pub(super) async fn it_is_forgotten_when_the_window_ends(stage: &mut Stage) -> Verdict {
    const WINDOW: Duration = ms(500);
    let dedup = Dedup {
        window: WINDOW,
        ..Dedup::default()
    };
    let queue = stage.queue_with(Options { dedup, ..usual() }).await?;
    if !has(&queue, Ability::Dedup).await? {
        return is_refused(&queue).await;
    }
    let begun = Instant::now();
    let first = taken_in(message(&queue, "a").key("1")).await?;
    loop {
        let receipt = message(&queue, "a").key("1").await?;
        if !receipt.is_duplicate {
            claim(receipt.id != first, "it is a message of its own")?;
            break;
        }
        equal(receipt.id, first, "the name of the first")?;
        claim(begun.elapsed() < PATIENT, "the window ends")?;
        // The window is the broker's, and of real time.
        sleep(ms(20)).await;
    }
    let took = begun.elapsed();
    // Times of brokers are whole milliseconds.
    let what = format!("the window was {took:?} instead of {WINDOW:?}");
    claim(took + ms(2) >= WINDOW, what)?;
    handle(&queue, "a").await?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}

pub(super) async fn the_same_content_is_the_same_message_where_that_is_chosen(
    stage: &mut Stage,
) -> Verdict {
    let Some(queue) = content_queue(stage).await? else {
        return Ok(());
    };
    let first = put(&queue, "a").await?;
    is_same(message(&queue, "a"), first).await?;
    put(&queue, "b").await?;
    handle(&queue, "a").await?;
    is_same(message(&queue, "a"), first).await?;
    handle(&queue, "b").await?;
    all_gone(&queue).await
}

pub(super) async fn a_key_wins_over_the_content(stage: &mut Stage) -> Verdict {
    let Some(queue) = content_queue(stage).await? else {
        return Ok(());
    };
    let first = taken_in(message(&queue, "a").key("1")).await?;
    taken_in(message(&queue, "a").key("2")).await?;
    is_same(message(&queue, "b").key("1"), first).await?;
    // A key is no content, whatever it says.
    taken_in(message(&queue, "1")).await?;
    for text in ["a", "a", "1"] {
        handle(&queue, text).await?;
    }
    all_gone(&queue).await
}

pub(super) async fn the_same_name_is_one_as_long_as_it_is_there(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let id = put(&queue, "a").await?;
    let again = message(&queue, "a").id(id).await;
    if !has(&queue, Ability::Dedup).await? {
        // Weaker: it may be delivered as many times as it was sent, under its name.
        equal(again?.id, id, "the name on the receipt")?;
        let delivery = take(&queue).await?;
        equal(delivery.id(), id, "the name of what comes")?;
        delivery.ack().await?;
        while let Some(delivery) = queue.lease().wait(ms(100)).await? {
            equal(delivery.id(), id, "the name of what comes again")?;
            delivery.ack().await?;
        }
        return all_gone(&queue).await;
    }
    let receipt = again?;
    equal(
        (receipt.id, receipt.is_duplicate),
        (id, true),
        "the receipt of the second",
    )?;
    let delivery = take_this(&queue, "a").await?;
    is_same(message(&queue, "a").id(id), id).await?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn a_message_twice_in_a_batch_is_one(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let batch = [
        message(&queue, "a").key("1"),
        message(&queue, "b"),
        message(&queue, "c").key("1"),
    ];
    let [first, second, _] = batch.each_ref().map(Enqueue::message_id);
    let taken_in = queue.enqueue_batch(batch).await;
    let both = has(&queue, Ability::Dedup).await? && has(&queue, Ability::AtomicBatches).await?;
    if !both {
        // Weaker: whichever of both it lacks, it refuses the batch as a whole.
        unsupported(taken_in, Ability::Dedup)?;
        return all_gone(&queue).await;
    }
    let receipts: Vec<_> = taken_in?
        .iter()
        .map(|receipt| (receipt.id, receipt.is_duplicate))
        .collect();
    let expected = vec![(first, false), (second, false), (first, true)];
    equal(receipts, expected, "receipts of a batch with a duplicate")?;
    handle(&queue, "a").await?;
    handle(&queue, "b").await?;
    all_gone(&queue).await
}

pub(super) async fn nothing_is_forgotten_before_its_time_to_remember_another(
    stage: &mut Stage,
) -> Verdict {
    let dedup = Dedup {
        remembered_max: 2,
        ..Dedup::default()
    };
    let queue = stage.queue_with(Options { dedup, ..usual() }).await?;
    if !has(&queue, Ability::Dedup).await? {
        return is_refused(&queue).await;
    }
    let first = taken_in(message(&queue, "a").key("1")).await?;
    taken_in(message(&queue, "b").key("2")).await?;
    handle(&queue, "a").await?;
    let refused = message(&queue, "c").key("3").wait(Duration::ZERO).await;
    let is_such = |error: &Error| matches!(error, Error::Full(Bound::Remembered { max: 2 }));
    fails(refused, is_such, "one key more than are remembered")?;
    is_same(message(&queue, "a").key("1"), first).await?;
    // What needs no memory is taken in.
    put(&queue, "d").await?;
    handle(&queue, "b").await?;
    handle(&queue, "d").await?;
    all_gone(&queue).await
}

pub(super) async fn of_many_at_once_with_one_key_one_is_taken_in(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Dedup).await? {
        return is_refused(&queue).await;
    }
    let sent = (0..16).map(|_| async { message(&queue, "a").key("1").await });
    let receipts = futures_util::future::try_join_all(sent).await?;
    let [first] = receipts
        .iter()
        .filter(|receipt| !receipt.is_duplicate)
        .collect::<Vec<_>>()[..]
    else {
        return Err(Breach::new(format!("of 16 with one key: {receipts:?}")));
    };
    let named = receipts.iter().all(|receipt| receipt.id == first.id);
    claim(named, "all are told the name of the one")?;
    handle(&queue, "a").await?;
    all_gone(&queue).await
}
