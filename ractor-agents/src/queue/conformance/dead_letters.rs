//! What nobody could handle stays, is shown, and can be sent again.

use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use super::breach::{Breach, Verdict, claim, equal};
use super::stage::{
    Stage, all_gone, handle, has, message, ms, nothing, put, take_this, taken_in, unsupported,
    usual,
};
use crate::message::Priority;
use crate::queue::{
    Ability, Cause, DeadLetter, Filter, MessageId, Options, Queue, Reason, ReasonKind, Selection,
};

/// Enqueues a message, and has it rejected.
async fn kill(queue: &Queue<String>, text: &str) -> Verdict<MessageId> {
    let id = put(queue, text).await?;
    take_this(queue, text).await?.dead_letter(text).await?;
    // Deaths are told apart by milliseconds.
    sleep(ms(3)).await;
    Ok(id)
}

pub(super) async fn kill_all(queue: &Queue<String>, texts: &[&str]) -> Verdict<Vec<MessageId>> {
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        ids.push(kill(queue, text).await?);
    }
    Ok(ids)
}

async fn letters(queue: &Queue<String>, filter: Filter) -> Verdict<Vec<DeadLetter>> {
    Ok(queue.dead_letters(filter, None, 1_000).await?)
}

async fn ids(queue: &Queue<String>, filter: Filter) -> Verdict<Vec<MessageId>> {
    let letters = letters(queue, filter).await?;
    Ok(letters.iter().map(|letter| letter.id).collect())
}

/// Those that died for this reason.
fn by(reason: ReasonKind) -> Filter {
    Filter {
        reason: Some(reason),
        ..Filter::default()
    }
}

/// Where the broker shows no dead letters and cannot choose among them: it says so, and can redrive and discard them all.
async fn all_or_none(queue: &Queue<String>) -> Verdict {
    let ability = Ability::DeadLetterAccess;
    let id = kill(queue, "a").await?;
    unsupported(
        queue.dead_letters(Filter::default(), None, 9).await,
        ability,
    )?;
    unsupported(queue.redrive(Selection::one(id)).await, ability)?;
    unsupported(queue.discard(Selection::one(id)).await, ability)?;
    let some = Selection::Oldest {
        filter: by(ReasonKind::Expired),
        count_max: 1,
    };
    unsupported(queue.redrive(some).await, ability)?;
    equal(
        queue.redrive(Selection::all()).await?,
        1,
        "letters that were redriven",
    )?;
    take_this(queue, "a").await?.dead_letter("no").await?;
    equal(
        queue.discard(Selection::all()).await?,
        1,
        "letters that were discarded",
    )?;
    equal(queue.stats().await?.dead, 0, "dead letters")?;
    all_gone(queue).await
}

async fn can_choose(queue: &Queue<String>) -> Verdict<bool> {
    has(queue, Ability::DeadLetterAccess).await
}

pub(super) async fn what_is_rejected_is_a_dead_letter_that_tells_why(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !can_choose(&queue).await? {
        return all_or_none(&queue).await;
    }
    let id = put(&queue, "a").await?;
    let delivery = take_this(&queue, "a").await?;
    delivery.start().await?;
    delivery.dead_letter("no such account").await?;
    all_gone(&queue).await?;
    equal(queue.stats().await?.dead, 1, "dead letters")?;
    let [letter] = &letters(&queue, Filter::default()).await?[..] else {
        return Err(Breach::new("a dead letter is counted and not listed"));
    };
    equal(letter.id, id, "its name")?;
    equal(
        queue.decode(&letter.payload)?,
        "a".to_owned(),
        "what is in it",
    )?;
    equal(letter.priority, Priority::Normal, "its priority")?;
    let death = letter.history.dead.as_ref();
    let death = death.map(|death| (death.reason.clone(), death.attempts));
    equal(
        death,
        Some((Reason::rejected("no such account"), 1)),
        "why it died",
    )
}

pub(super) async fn dead_letters_are_shown_in_pages_in_the_order_of_their_deaths(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage.queue().await?;
    if !can_choose(&queue).await? {
        return all_or_none(&queue).await;
    }
    let dead = kill_all(&queue, &["a", "b", "c", "d", "e"]).await?;
    let (mut found, mut after) = (Vec::new(), None);
    for expected in [2, 2, 1, 0] {
        let page = queue.dead_letters(Filter::default(), after, 2).await?;
        equal(page.len(), expected, "letters on a page of two")?;
        after = page.last().map(|letter| letter.cursor).or(after);
        found.extend(page.iter().map(|letter| letter.id));
    }
    equal(found, dead, "the letters of all pages")
}

pub(super) async fn dead_letters_are_filtered_by_reason(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !can_choose(&queue).await? {
        return all_or_none(&queue).await;
    }
    let rejected = kill(&queue, "a").await?;
    let exhausted = taken_in(message(&queue, "b").attempts(1)).await?;
    take_this(&queue, "b").await?.nack("no").await?;
    let found = ids(&queue, by(ReasonKind::Rejected)).await?;
    equal(found, vec![rejected], "those that were rejected")?;
    let found = ids(&queue, by(ReasonKind::Exhausted)).await?;
    equal(found, vec![exhausted], "those whose attempts were used up")?;
    let found = ids(&queue, by(ReasonKind::Expired)).await?;
    equal(found, vec![], "those that expired")
}

pub(super) async fn dead_letters_are_filtered_by_time(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !can_choose(&queue).await? {
        return all_or_none(&queue).await;
    }
    let dead = kill_all(&queue, &["a", "b", "c"]).await?;
    let letters = letters(&queue, Filter::default()).await?;
    let middle = letters
        .get(1)
        .and_then(|letter| letter.history.dead.as_ref());
    let middle = middle.map(|death| death.at);
    claim(middle.is_some(), "when it died is told")?;
    let within = |since, before| Filter {
        since,
        before,
        ..Filter::default()
    };
    let found = ids(&queue, within(middle, None)).await?;
    equal(
        found.as_slice(),
        dead.get(1..).unwrap_or_default(),
        "those since the second",
    )?;
    let found = ids(&queue, within(None, middle)).await?;
    equal(
        found.as_slice(),
        dead.get(..1).unwrap_or_default(),
        "those before the second",
    )?;
    let never = Some(SystemTime::now() + Duration::from_hours(1));
    equal(
        ids(&queue, within(never, None)).await?,
        vec![],
        "those of the future",
    )
}

pub(super) async fn a_letter_that_is_redriven_has_its_name_its_past_and_all_attempts(
    stage: &mut Stage,
) -> Verdict {
    let queue = stage
        .queue_with(Options {
            attempts: 2,
            ..usual()
        })
        .await?;
    if !can_choose(&queue).await? {
        return all_or_none(&queue).await;
    }
    let id = put(&queue, "a").await?;
    take_this(&queue, "a").await?.nack("no 1").await?;
    take_this(&queue, "a").await?.nack("no 2").await?;
    kill(&queue, "b").await?;
    equal(
        queue.redrive(Selection::one(id)).await?,
        1,
        "letters that were redriven",
    )?;
    equal(queue.stats().await?.dead, 1, "dead letters that are left")?;
    let delivery = take_this(&queue, "a").await?;
    equal(
        (delivery.id(), delivery.attempts()),
        (id, 0),
        "its name, and attempts",
    )?;
    claim(
        !delivery.nack("no 3").await?,
        "it has all its attempts again",
    )?;
    take_this(&queue, "a").await?.dead_letter("enough").await?;
    let letters = letters(&queue, Filter::default()).await?;
    let letter = letters.iter().find(|letter| letter.id == id);
    let history = letter.map(|letter| letter.history.clone());
    let history = history.ok_or_else(|| Breach::new("it is not among the dead letters"))?;
    let failures: Vec<_> = history
        .failures
        .iter()
        .map(|failure| (failure.attempt, failure.cause.clone()))
        .collect();
    let expected = [(1, "no 1"), (2, "no 2"), (1, "no 3")];
    let expected = expected.map(|(attempt, error)| (attempt, Cause::failed(error)));
    equal(failures, expected.to_vec(), "what went wrong in both lives")?;
    let deaths: Vec<_> = history
        .deaths
        .iter()
        .map(|death| death.reason.kind())
        .collect();
    equal(deaths, vec![ReasonKind::Exhausted], "its former deaths")?;
    let reason = history.dead.map(|death| death.reason);
    equal(
        reason,
        Some(Reason::rejected("enough")),
        "why it is dead now",
    )
}

pub(super) async fn letters_are_redriven_by_filter_oldest_first(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !can_choose(&queue).await? {
        return all_or_none(&queue).await;
    }
    kill_all(&queue, &["a", "b", "c"]).await?;
    taken_in(message(&queue, "d").attempts(1)).await?;
    take_this(&queue, "d").await?.nack("no").await?;
    let oldest = |reason, count_max| Selection::Oldest {
        filter: by(reason),
        count_max,
    };
    let redriven = queue.redrive(oldest(ReasonKind::Rejected, 2)).await?;
    equal(redriven, 2, "letters that were redriven")?;
    handle(&queue, "a").await?;
    handle(&queue, "b").await?;
    let redriven = queue.redrive(oldest(ReasonKind::Exhausted, 9)).await?;
    equal(redriven, 1, "letters that were redriven")?;
    handle(&queue, "d").await?;
    all_gone(&queue).await?;
    equal(queue.stats().await?.dead, 1, "dead letters that are left")
}

pub(super) async fn all_letters_are_redriven_to_the_end_of_the_line(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    kill_all(&queue, &["a", "b"]).await?;
    put(&queue, "c").await?;
    equal(
        queue.redrive(Selection::all()).await?,
        2,
        "letters that were redriven",
    )?;
    equal(queue.stats().await?.dead, 0, "dead letters that are left")?;
    for text in ["c", "a", "b"] {
        handle(&queue, text).await?;
    }
    all_gone(&queue).await?;
    equal(
        queue.redrive(Selection::all()).await?,
        0,
        "letters that were redriven from none",
    )
}

pub(super) async fn names_that_no_letter_has_are_passed_over(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !can_choose(&queue).await? {
        return all_or_none(&queue).await;
    }
    let dead = kill(&queue, "a").await?;
    let alive = put(&queue, "b").await?;
    let ids = || Selection::Ids(vec![MessageId::random(), alive, dead, dead]);
    equal(queue.redrive(ids()).await?, 1, "letters that were redriven")?;
    handle(&queue, "b").await?;
    take_this(&queue, "a").await?.dead_letter("no").await?;
    equal(
        queue.discard(ids()).await?,
        1,
        "letters that were discarded",
    )?;
    equal(
        queue.discard(ids()).await?,
        0,
        "letters that were discarded again",
    )?;
    all_gone(&queue).await
}

pub(super) async fn redriving_is_not_enqueueing_a_duplicate(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !has(&queue, Ability::Dedup).await? {
        // Weaker: there is nothing that it could be a duplicate of.
        kill(&queue, "a").await?;
        equal(
            queue.redrive(Selection::all()).await?,
            1,
            "letters that were redriven",
        )?;
        return handle(&queue, "a").await;
    }
    let id = taken_in(message(&queue, "a").key("1")).await?;
    take_this(&queue, "a").await?.dead_letter("no").await?;
    equal(
        queue.redrive(Selection::all()).await?,
        1,
        "letters that were redriven",
    )?;
    let delivery = take_this(&queue, "a").await?;
    equal(delivery.id(), id, "the message that comes again")?;
    delivery.ack().await?;
    let receipt = message(&queue, "a").key("1").await?;
    equal(
        (receipt.id, receipt.is_duplicate),
        (id, true),
        "its key is remembered still",
    )?;
    all_gone(&queue).await
}

pub(super) async fn what_is_redriven_has_no_end_any_more(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let sent = message(&queue, "a").ttl(ms(50)).await;
    if !has(&queue, Ability::Expiry).await? {
        if sent.is_err() {
            return unsupported(sent, Ability::Expiry);
        }
        // Weaker: it dies when its turn comes.
        sleep(ms(60)).await;
        nothing(&queue, "its time was over").await?;
    }
    sent?;
    super::stage::until(&queue, "waited for a message to expire", |stats| {
        stats.dead == 1
    })
    .await?;
    equal(
        queue.redrive(Selection::all()).await?,
        1,
        "letters that were redriven",
    )?;
    // Its time was over long ago.
    sleep(ms(80)).await;
    let delivery = take_this(&queue, "a").await?;
    equal(delivery.expires_at(), None, "the end of its time to live")?;
    delivery.ack().await?;
    all_gone(&queue).await
}

pub(super) async fn letters_are_discarded_for_good(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    if !can_choose(&queue).await? {
        return all_or_none(&queue).await;
    }
    let dead = kill_all(&queue, &["a", "b", "c", "d"]).await?;
    let one = dead.get(1).copied().map(Selection::one);
    let one = one.ok_or_else(|| Breach::new("four have names"))?;
    equal(queue.discard(one).await?, 1, "letters that were discarded")?;
    let oldest = Selection::Oldest {
        filter: Filter::default(),
        count_max: 1,
    };
    equal(
        queue.discard(oldest).await?,
        1,
        "letters that were discarded",
    )?;
    let found = ids(&queue, Filter::default()).await?;
    equal(
        found.as_slice(),
        dead.get(2..).unwrap_or_default(),
        "letters that are left",
    )?;
    equal(
        queue.discard(Selection::all()).await?,
        2,
        "letters that were discarded",
    )?;
    equal(
        queue.redrive(Selection::all()).await?,
        0,
        "letters that were redriven",
    )?;
    let stats = queue.stats().await?;
    equal(
        (stats.dead, stats.dead_bytes),
        (0, 0),
        "letters that are left, and their bytes",
    )?;
    nothing(&queue, "all are gone").await
}

pub(super) async fn only_as_many_are_kept_as_are_chosen_the_oldest_go(
    stage: &mut Stage,
) -> Verdict {
    let dead_max = Some(2);
    let queue = stage
        .queue_with(Options {
            dead_max,
            ..usual()
        })
        .await?;
    let dead = kill_all(&queue, &["a", "b", "c", "d"]).await?;
    equal(queue.stats().await?.dead, 2, "dead letters that are kept")?;
    if can_choose(&queue).await? {
        let found = ids(&queue, Filter::default()).await?;
        equal(
            found.as_slice(),
            dead.get(2..).unwrap_or_default(),
            "those that are kept",
        )?;
    }
    // Weaker where they are not shown: those that are kept are redriven.
    queue.redrive(Selection::all()).await?;
    handle(&queue, "c").await?;
    handle(&queue, "d").await?;
    all_gone(&queue).await
}

pub(super) async fn what_is_redriven_is_what_it_was(stage: &mut Stage) -> Verdict {
    let queue = stage.queue().await?;
    let sent = message(&queue, "a").priority(Priority::Low);
    let sent = sent.attempts(1).header("of", "Zoë")?;
    let has_groups = has(&queue, Ability::Groups).await?;
    let sent = if has_groups { sent.group("1") } else { sent };
    taken_in(sent).await?;
    take_this(&queue, "a").await?.nack("no").await?;
    equal(
        queue.redrive(Selection::all()).await?,
        1,
        "letters that were redriven",
    )?;
    let delivery = take_this(&queue, "a").await?;
    equal(delivery.priority(), Priority::Low, "its priority")?;
    equal(delivery.attempts_max(), 1, "attempts it may have")?;
    equal(delivery.headers().get("of"), Some("Zoë"), "its header")?;
    equal(delivery.group(), has_groups.then_some("1"), "its group")?;
    delivery.ack().await?;
    all_gone(&queue).await
}
