//! What a process that dies leaves behind.

use super::*;

#[test]
fn what_was_on_lease_is_available_at_once() {
    let mut desk = Desk::new();
    let (first, second) = (desk.put(|_| {}), desk.put_in_group("a"));
    let leased = desk.lease_many(2);
    desk.start(leased[1].token).unwrap();
    desk.restart();
    let again = desk.lease_many(2);
    assert_eq!((again[0].id, again[0].attempts), (first, 0));
    assert_eq!((again[1].id, again[1].attempts), (second, 1));
    let failure = desk.view(second).failure.unwrap();
    assert_eq!(failure.cause, Cause::ProcessEnded);
}

#[test]
fn a_message_that_kills_the_process_is_dead_after_exactly_its_attempts() {
    let mut desk = Desk::new();
    let neighbour = desk.put_in(Priority::Low);
    let poison = desk.put(|message| message.attempts_max = 3);
    for attempt in 1..=3 {
        let leased = desk.lease_many(2);
        assert_eq!(leased[0].id, poison);
        assert_eq!(desk.start(leased[0].token), Ok(attempt));
        desk.restart();
    }
    let letter = desk.letter();
    let death = letter.history.dead.unwrap();
    assert_eq!((letter.id, death.attempts), (poison, 3));
    assert_eq!(death.reason, Reason::Exhausted);
    assert_eq!(letter.history.failures.len(), 3);
    assert_eq!(desk.view(neighbour).attempts, 0);
}

/// However much of the opening is on disk when the process dies again.
#[test]
fn an_opening_that_is_cut_short_loses_and_adds_no_attempt() {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.put(|message| message.attempts_max = 1);
    }
    for leased in desk.lease_many(3) {
        desk.start(leased.token).unwrap();
    }
    for cut in 0..3 {
        let mut log = desk.log.clone();
        let written = log.len();
        let mut ledger = Ledger::replay(Settings::default(), &log);
        ledger.open(desk.now, &mut log);
        log.truncate(written + cut);
        let mut again = Ledger::replay(Settings::default(), &log);
        again.open(desk.now, &mut log);
        assert_eq!(again.dead_letters(&Filter::default(), None, 9).len(), 3);
        assert!(again.lease(9, 1, desk.now, &mut log).is_empty());
    }
}

#[test]
fn a_message_has_twenty_attempts_where_nobody_says() {
    let mut desk = Desk::new();
    desk.put(|_| {});
    for _ in 0..ATTEMPTS_MAX {
        let leased = desk.lease().unwrap();
        desk.start(leased.token).unwrap();
        desk.restart();
    }
    assert_eq!(ATTEMPTS_MAX, 20);
    assert_eq!(desk.letter().history.dead.unwrap().attempts, 20);
}

#[test]
fn a_ledger_that_is_replayed_knows_the_latest_time_of_the_log() {
    let mut desk = Desk::new();
    desk.wait(123_456);
    desk.put(|_| {});
    let replayed = Ledger::replay(Settings::default(), &desk.log);
    assert_eq!(replayed.now(), desk.now);
    assert_eq!(replayed.epoch(), 1);
}
