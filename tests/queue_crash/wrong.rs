//! Tales of queues that are not as they should be: each is found out.

use crate::known::{Found, Known};
use crate::line::{Deed, Held, Line, Sent, Word};

fn held(number: u64, id: u128) -> Held {
    Held {
        fence: (1, number),
        id,
    }
}

fn enqueue(call: u64, ids: &[(u128, Option<&str>)]) -> Line {
    let batch = ids.iter().map(|(id, key)| Sent {
        id: *id,
        serial: 100,
        key: key.map(Into::into),
    });
    Line::Enqueue {
        call,
        batch: batch.collect(),
    }
}

fn enqueued(call: u64, receipts: &[(u128, bool)]) -> Line {
    Line::Enqueued {
        call,
        receipts: receipts.to_vec(),
    }
}

fn leased(number: u64, id: u128, attempts: u32) -> Line {
    Line::Leased {
        held: held(number, id),
        serial: 100,
        attempts,
    }
}

fn said(number: u64, id: u128, word: Word, taken: u32) -> [Line; 2] {
    let held = held(number, id);
    [
        Line::Settle { held, word },
        Line::Settled {
            held,
            word,
            taken: Some(taken),
        },
    ]
}

fn found(id: u128, attempts: u32) -> Found {
    Found {
        id,
        serial: 100,
        attempts,
        is_dead: false,
    }
}

/// What is found out when the queue shows `found` after `lines`.
fn after(lines: impl IntoIterator<Item = Line>, found: &[Found]) -> Result<(), String> {
    let mut known = Known::default();
    lines.into_iter().try_for_each(|line| known.learn(line))?;
    known.check(found)
}

/// One message, in the queue and leased once.
fn one() -> Vec<Line> {
    vec![
        enqueue(1, &[(7, None)]),
        enqueued(1, &[(7, false)]),
        leased(1, 7, 0),
    ]
}

fn assert_found_out(outcome: Result<(), String>, what: &str) {
    let error = outcome.expect_err(what);
    assert!(error.contains(what), "{error}, and not {what}");
}

#[test]
fn what_is_as_it_should_be_is_not_complained_of() {
    let unanswered = || vec![enqueue(1, &[(7, None), (8, None)])];
    assert_eq!(after(unanswered(), &[]), Ok(()));
    assert_eq!(after(unanswered(), &[found(7, 0), found(8, 0)]), Ok(()));
    let acked = || one().into_iter().chain(said(1, 7, Word::Ack, 0));
    assert_eq!(after(acked(), &[]), Ok(()));
    // The acknowledgement was not answered.
    let lines = || acked().take(4);
    assert_eq!(after(lines(), &[]), Ok(()));
    assert_eq!(after(lines(), &[found(7, 0)]), Ok(()));
    let started = || one().into_iter().chain(said(1, 7, Word::Start, 1));
    assert_eq!(after(started(), &[found(7, 1)]), Ok(()));
    let unknown = || started().take(4);
    assert_eq!(after(unknown(), &[found(7, 1)]), Ok(()));
    assert_eq!(after(unknown(), &[found(7, 0)]), Ok(()));
}

#[test]
fn a_lost_message_is_found_out() {
    assert_found_out(after(one(), &[]), "lost");
    let lines = [enqueue(1, &[(7, None), (8, None)])];
    assert_found_out(after(lines, &[found(7, 0)]), "lost");
}

#[test]
fn a_message_that_comes_back_is_found_out() {
    let acked = || one().into_iter().chain(said(1, 7, Word::Ack, 0));
    assert_found_out(after(acked(), &[found(7, 0)]), "resurrected");
    let again = acked().chain([leased(2, 7, 0)]);
    assert_found_out(after(again, &[]), "resurrected");
    let discard = Line::Do {
        call: 5,
        deed: Deed::Discard,
        ids: vec![7],
    };
    let discarded = [discard, Line::Done { call: 5, count: 1 }];
    let lines = one().into_iter().chain(discarded);
    assert_found_out(after(lines, &[found(7, 0)]), "resurrected");
}

#[test]
fn two_of_one_key_are_found_out() {
    let lines = [
        enqueue(1, &[(7, Some("s1"))]),
        enqueue(2, &[(8, Some("s1"))]),
    ];
    assert_eq!(after(lines.clone(), &[found(8, 0)]), Ok(()));
    let both = [found(7, 0), found(8, 0)];
    assert_found_out(after(lines.clone(), &both), "duplicated");
    let answers = [enqueued(1, &[(7, false)]), enqueued(2, &[(8, false)])];
    assert_found_out(after(lines.into_iter().chain(answers), &both), "duplicated");
}

#[test]
fn a_message_in_two_places_is_found_out() {
    assert_found_out(after(one(), &[found(7, 0), found(7, 0)]), "two places");
}

#[test]
fn attempts_that_are_not_counted_are_found_out() {
    let started = || one().into_iter().chain(said(1, 7, Word::Start, 1));
    assert_found_out(after(started(), &[found(7, 0)]), "attempts");
    assert_found_out(after(one(), &[found(7, 1)]), "attempts");
    let again = started().chain([leased(2, 7, 0)]);
    assert_found_out(after(again, &[found(7, 1)]), "attempts");
    let second = one().into_iter().chain(said(1, 7, Word::Start, 2));
    assert_found_out(after(second, &[found(7, 2)]), "attempt 2");
}

#[test]
fn a_stale_lease_that_is_taken_for_good_is_found_out() {
    let lines = one().into_iter().chain([leased(2, 7, 0)]);
    let lines = lines.chain(said(1, 7, Word::Ack, 0));
    assert_found_out(after(lines, &[]), "not fenced");
}
