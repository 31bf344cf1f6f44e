//! Dead letters, and the ways there and back.

use super::*;

#[test]
fn a_message_whose_time_to_live_is_over_is_dead_and_never_delivered() {
    let mut desk = Desk::new();
    let expires = Some(desk.now + 1_000);
    let low = desk.put(|message| {
        message.expires = expires;
        message.priority = Priority::Low;
    });
    let head = desk.put(|_| {});
    assert_eq!(desk.ledger.next_due(), expires);
    desk.wait(1_000);
    assert_eq!(desk.letter().id, low, "whatever is before it");
    assert_eq!(desk.letter().history.dead.unwrap().reason, Reason::Expired);
    assert_eq!(desk.lease_ids(10), [head]);
}

#[test]
fn a_handler_that_started_in_time_may_finish_and_one_that_did_not_may_not_start() {
    let mut desk = Desk::new();
    let expires = Some(desk.now + 1_000);
    for _ in 0..3 {
        desk.put(|message| message.expires = expires);
    }
    let leased = desk.lease_many(3);
    desk.start(leased[0].token).unwrap();
    desk.start(leased[1].token).unwrap();
    desk.wait(1_000);
    assert_eq!(desk.ack(leased[0].token), Ok(()));
    assert_eq!(desk.nack(leased[1].token, None), Ok(Fate::Dead));
    assert_eq!(desk.start(leased[2].token), Err(Stale::Dead));
    assert!(
        desk.letters()
            .iter()
            .all(|letter| { letter.history.dead.as_ref().unwrap().reason == Reason::Expired })
    );
}

#[test]
fn a_redriven_letter_keeps_its_name_and_history_and_has_its_attempts_anew() {
    let mut desk = Desk::new();
    let dedup = Some(Dedup {
        print: Fingerprint([1; 16]),
        until: desk.now + 1_000,
    });
    let expires = Some(desk.now + 500);
    let id = desk.put(|message| {
        message.attempts_max = 1;
        message.dedup = dedup;
        message.expires = expires;
        message.group = Some("a".into());
    });
    let leased = desk.lease().unwrap();
    desk.nack(leased.token, None).unwrap();
    desk.wait(100);
    let behind = desk.put_in_group("a");
    let selection = Selection::Ids(vec![id, id, Id(99)]);
    let redriven = desk.ledger.redrive(&selection, desk.now, &mut desk.log);
    assert_eq!(redriven, Ok(1));
    desk.wait(10_000);
    assert_eq!(desk.lease_ids(1), [behind], "it is at the end of the line");
    desk.restart();
    assert_eq!(desk.lease_ids(1), [behind]);
    let leased_behind = desk.ledger.leases.iter().next().unwrap();
    desk.ledger.drop_message(leased_behind);
    let again = desk.lease().unwrap();
    assert_eq!((again.id, again.attempts, again.expires), (id, 0, None));
    assert_eq!(desk.nack(leased.token, None), Err(Stale::Restarted));
    desk.nack(again.token, None).unwrap();
    let history = desk.letter().history;
    assert_eq!(history.failures.len(), 2);
    assert_eq!(history.deaths.len(), 1);
    assert_eq!(history.deaths[0].reason, Reason::Exhausted);
}

#[test]
fn letters_are_listed_in_pages_by_reason_and_time() {
    let mut desk = Desk::new();
    let expires = Some(desk.now + 50);
    let mut rejected = Vec::new();
    let over: Vec<Id> = (0..5)
        .map(|_| {
            desk.put(|message| {
                message.expires = expires;
                message.priority = Priority::Low;
            })
        })
        .collect();
    for _ in 0..10 {
        desk.put(|_| {});
        rejected.push(desk.kill_next());
        desk.wait(10);
    }
    let filter = Filter {
        reason: Some(ReasonKind::Rejected),
        ..Filter::default()
    };
    let (mut listed, mut after) = (Vec::new(), None::<Cursor>);
    loop {
        let page = desk.ledger.dead_letters(&filter, after, 3);
        let Some(last) = page.last() else { break };
        after = Some(last.cursor);
        listed.extend(page.iter().map(|letter| letter.id));
    }
    assert_eq!(listed, rejected);
    let start = desk.now - 100;
    let between = Filter {
        reason: None,
        since: Some(time::at(start + 50)),
        before: Some(time::at(start + 60)),
    };
    let ids: Vec<Id> = desk
        .ledger
        .dead_letters(&between, None, 100)
        .iter()
        .map(|letter| letter.id)
        .collect();
    assert_eq!(ids, [&over[..], &rejected[5..6]].concat());
    let selection = Selection::Oldest {
        filter,
        count_max: 4,
    };
    assert_eq!(desk.ledger.discard(&selection, desk.now, &mut desk.log), 4);
    assert_eq!(desk.letters().len(), 11);
}

#[test]
fn letters_are_bounded_only_if_asked_for() {
    let mut desk = Desk::with(Settings {
        dead_max: Some(2),
        ..Settings::default()
    });
    let ids: Vec<Id> = (0..4)
        .map(|_| {
            desk.put(|_| {});
            desk.kill_next()
        })
        .collect();
    let kept: Vec<Id> = desk.letters().iter().map(|letter| letter.id).collect();
    assert_eq!(kept, ids[2..]);
}

#[test]
fn long_texts_and_long_histories_are_cut() {
    let mut desk = Desk::new();
    desk.put(|message| message.attempts_max = 40);
    for _ in 0..20 {
        let leased = desk.lease().unwrap();
        let cause = Cause::failed(&"é".repeat(500));
        desk.ledger
            .nack(leased.token, Some(0), cause, desk.now, &mut desk.log)
            .unwrap();
    }
    let leased = desk.lease().unwrap();
    desk.ledger
        .dead_letter(leased.token, &"x".repeat(1_000), desk.now, &mut desk.log)
        .unwrap();
    let history = desk.letter().history;
    let attempts: Vec<u32> = history
        .failures
        .iter()
        .map(|failure| failure.attempt)
        .collect();
    assert_eq!(attempts, (13..=20).collect::<Vec<u32>>());
    let Cause::Failed { error } = &history.failures[0].cause else {
        panic!("a failure");
    };
    assert_eq!(error.len(), 256);
    let death = history.dead.unwrap();
    assert_eq!(death.reason, Reason::rejected(&"x".repeat(256)));
}
