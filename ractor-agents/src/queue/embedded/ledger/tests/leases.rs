//! Leases, attempts, and tokens that are not good any more.

use super::*;

#[test]
fn an_attempt_counts_when_the_handler_starts() {
    let mut desk = Desk::new();
    let id = desk.put(|_| {});
    for _ in 0..100 {
        let leased = desk.lease().unwrap();
        assert_eq!(leased.attempts, 0);
        desk.wait(30_000);
    }
    let leased = desk.lease().unwrap();
    assert_eq!(desk.start(leased.token), Ok(1));
    assert_eq!(desk.start(leased.token), Ok(1), "said again");
    assert_eq!(desk.view(id).attempts, 1);
}

#[test]
fn a_message_given_back_is_available_at_once_and_no_attempt_was() {
    let mut desk = Desk::new();
    let (first, second) = (desk.put(|_| {}), desk.put(|_| {}));
    let leased = desk.lease_many(2);
    assert_eq!(desk.release(leased[0].token), Ok(()));
    let again = desk.lease().unwrap();
    assert_eq!((again.id, again.attempts), (first, 0));
    desk.start(leased[1].token).unwrap();
    assert_eq!(desk.release(leased[1].token), Err(ReleaseError::Started));
    assert!(matches!(
        desk.position(second),
        Some(Position::Leased {
            is_running: true,
            ..
        })
    ));
}

#[test]
fn every_token_that_is_not_good_is_refused_with_the_reason() {
    let mut desk = Desk::new();
    for _ in 0..6 {
        desk.put(|_| {});
    }
    let leased: Vec<Token> = desk
        .lease_many(6)
        .iter()
        .map(|leased| leased.token)
        .collect();
    desk.ack(leased[0]).unwrap();
    desk.nack(leased[1], Some(1_000_000)).unwrap();
    desk.release(leased[2]).unwrap();
    let again = desk.lease().unwrap().token;
    assert_eq!(again.id, leased[2].id);
    desk.reject(leased[3]).unwrap();
    desk.start(leased[4]).unwrap();
    desk.wait(30_000);
    let never = Token {
        number: 99,
        ..again
    };
    let tomorrow = Token { epoch: 2, ..again };
    let other = Token {
        id: leased[5].id,
        ..leased[4]
    };
    let cases = [
        (leased[0], Stale::Gone),
        (leased[1], Stale::GivenBack),
        (leased[2], Stale::Replaced),
        (leased[3], Stale::Dead),
        (leased[4], Stale::Expired),
        (leased[5], Stale::Expired),
        (again, Stale::Expired),
        (never, Stale::Unknown),
        (tomorrow, Stale::Unknown),
    ];
    for (token, stale) in cases {
        assert_refused(&mut desk, token, stale);
    }
    assert!(desk.ack(other).is_err());
    desk.restart();
    for (token, _) in cases.iter().filter(|(token, _)| token.epoch == 1) {
        assert_refused(&mut desk, *token, Stale::Restarted);
    }
}

fn assert_refused(desk: &mut Desk, token: Token, stale: Stale) {
    let written = desk.log.len();
    assert_eq!(desk.start(token), Err(stale));
    assert_eq!(desk.ack(token), Err(stale));
    assert_eq!(desk.nack(token, None), Err(stale));
    assert_eq!(desk.extend(token, u64::MAX), Err(stale));
    assert_eq!(desk.release(token), Err(ReleaseError::Stale(stale)));
    assert_eq!(desk.reject(token), Err(stale));
    assert_eq!(desk.log.len(), written, "nothing is written");
}

#[test]
fn a_lease_that_is_extended_lasts_longer_and_never_shorter() {
    let mut desk = Desk::new();
    desk.put(|_| {});
    let leased = desk.lease().unwrap();
    assert_eq!(leased.until, desk.now + 30_000);
    let until = desk.now + 40_000;
    assert_eq!(desk.extend(leased.token, until), Ok(until));
    assert_eq!(desk.extend(leased.token, 0), Ok(until));
    assert_eq!(desk.ledger.next_due(), Some(until));
    desk.wait(39_999);
    assert_eq!(desk.start(leased.token), Ok(1));
    desk.wait(1);
    assert_eq!(desk.ack(leased.token), Err(Stale::Expired));
}

#[test]
fn a_lease_that_runs_out_under_a_handler_costs_the_attempt_and_a_backoff() {
    let mut desk = Desk::new();
    let id = desk.put(|message| message.attempts_max = 2);
    let leased = desk.lease().unwrap();
    desk.start(leased.token).unwrap();
    desk.wait(30_000);
    let view = desk.view(id);
    assert_eq!(view.failure.unwrap().cause, Cause::LeaseExpired);
    desk.wait(1_000);
    let leased = desk.lease().unwrap();
    desk.start(leased.token).unwrap();
    desk.wait(30_000);
    let letter = desk.letter();
    assert_eq!(letter.history.dead.unwrap().reason, Reason::Exhausted);
    assert_eq!(letter.history.failures.len(), 2);
}

#[test]
fn a_nack_waits_for_its_delay_or_a_backoff_within_its_bounds() {
    let mut desk = Desk::new();
    desk.put(|_| {});
    let leased = desk.lease().unwrap();
    let due = desk.now + 7;
    assert_eq!(desk.nack(leased.token, Some(7)), Ok(Fate::Retry { due }));
    desk.wait(7);
    for bound in [2_000, 4_000, 8_000] {
        let leased = desk.lease().unwrap();
        let Ok(Fate::Retry { due }) = desk.nack(leased.token, None) else {
            panic!("attempts are left");
        };
        assert!((desk.now..=desk.now + bound).contains(&due));
        desk.wait(bound);
    }
}

#[test]
fn a_nack_of_what_was_never_started_counts() {
    let mut desk = Desk::new();
    desk.put(|message| message.attempts_max = 1);
    let leased = desk.lease().unwrap();
    assert_eq!(desk.nack(leased.token, None), Ok(Fate::Dead));
    assert_eq!(desk.letter().history.dead.unwrap().attempts, 1);
}

#[test]
fn tokens_grow_and_are_never_given_twice() {
    let mut desk = Desk::new();
    desk.put(|_| {});
    let mut last = None;
    for _ in 0..5 {
        for _ in 0..5 {
            let token = desk.lease().unwrap().token;
            assert!(Some((token.epoch, token.number)) > last);
            last = Some((token.epoch, token.number));
            desk.release(token).unwrap();
        }
        desk.restart();
    }
}

#[test]
fn a_time_that_goes_backwards_is_taken_for_the_last() {
    let mut desk = Desk::new();
    desk.put(|_| {});
    let leased = desk.lease().unwrap();
    desk.now -= 500_000;
    desk.wait(0);
    assert_eq!(desk.ledger.now(), desk.now + 500_000);
    assert_eq!(desk.ack(leased.token), Ok(()));
}
