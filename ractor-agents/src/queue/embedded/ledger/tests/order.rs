//! Who is next.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::rig::Rig;
use super::steps::{Pick, Spec, Step};
use super::*;

/// How many of `count` leases go to each priority while all of them always have something available.
fn shares(aging: Aging, waiting: &[Priority], count: usize) -> [usize; 5] {
    let mut desk = Desk::with(Settings {
        aging,
        ..Settings::default()
    });
    for priority in waiting {
        for _ in 0..4 {
            desk.put_in(*priority);
        }
    }
    let mut shares = [0; 5];
    for _ in 0..count {
        let leased = desk.lease().unwrap();
        desk.ack(leased.token).unwrap();
        shares[leased.priority.index()] += 1;
        desk.put_in(leased.priority);
    }
    shares
}

#[test]
fn every_priority_has_three_percent_under_saturation() {
    let shares = shares(Aging::Fair, &Priority::ALL, 3_200);
    assert!(shares.iter().all(|share| *share >= 96), "{shares:?}");
    assert!(shares[0] >= 2_720, "{shares:?}");
}

#[test]
fn the_lowest_of_two_has_three_percent_under_saturation() {
    let waiting = [Priority::Critical, Priority::Low];
    let shares = shares(Aging::Fair, &waiting, 2_900);
    assert_eq!(shares, [2_800, 0, 0, 0, 100]);
}

#[test]
fn strict_priorities_never_give_way() {
    let shares = shares(Aging::Strict, &Priority::ALL, 1_000);
    assert_eq!(shares, [1_000, 0, 0, 0, 0]);
}

#[test]
fn a_queue_that_was_idle_goes_strictly_by_priority() {
    let mut desk = Desk::new();
    for _ in 0..20 {
        let ids: Vec<Id> = Priority::ALL
            .iter()
            .rev()
            .map(|lane| desk.put_in(*lane))
            .collect();
        let mut leased = desk.lease_ids(5);
        leased.reverse();
        assert_eq!(leased, ids);
    }
}

#[test]
fn messages_of_a_priority_are_in_the_order_of_their_coming() {
    let mut desk = Desk::new();
    let ids: Vec<Id> = (0..50).map(|_| desk.put(|_| {})).collect();
    assert_eq!(desk.lease_ids(100), ids);
}

#[test]
fn of_a_group_only_the_head_is_available_and_nothing_while_it_is_on_lease() {
    let mut desk = Desk::new();
    let a = [desk.put_in_group("a"), desk.put_in_group("a")];
    let b = [desk.put_in_group("b"), desk.put_in_group("b")];
    let alone = desk.put(|_| {});
    let leased = desk.lease_many(10);
    let ids: Vec<Id> = leased.iter().map(|leased| leased.id).collect();
    assert_eq!(ids, [a[0], b[0], alone]);
    assert_eq!(&*leased[0].group.clone().unwrap(), "a");
    desk.ack(leased[0].token).unwrap();
    assert_eq!(desk.lease_ids(10), [a[1]]);
}

#[test]
fn a_group_waits_for_its_retry_and_not_for_its_delayed() {
    let mut desk = Desk::new();
    let due = desk.now + 60_000;
    let delayed = desk.put(|message| {
        message.group = Some("a".into());
        message.due = Some(due);
    });
    let (first, second) = (desk.put_in_group("a"), desk.put_in_group("a"));
    let leased = desk.lease().unwrap();
    assert_eq!(leased.id, first);
    desk.nack(leased.token, Some(5_000)).unwrap();
    assert_eq!(desk.lease(), None);
    desk.wait(5_000);
    let again = desk.lease().unwrap();
    assert_eq!((again.id, again.attempts), (first, 1));
    desk.ack(again.token).unwrap();
    assert_eq!(desk.lease_ids(10), [second]);
    desk.wait(60_000);
    assert_eq!(desk.position(delayed), Some(Position::Ready));
}

#[test]
fn the_same_key_in_two_priorities_is_two_groups() {
    let mut desk = Desk::new();
    let low = desk.put(|message| {
        message.group = Some("a".into());
        message.priority = Priority::Low;
    });
    let normal = desk.put_in_group("a");
    assert_eq!(desk.lease_ids(2), [normal, low]);
}

#[test]
fn a_retry_comes_back_to_its_old_place_in_line() {
    let mut desk = Desk::new();
    let (first, second) = (desk.put(|_| {}), desk.put(|_| {}));
    let leased = desk.lease().unwrap();
    desk.nack(leased.token, Some(100)).unwrap();
    desk.wait(100);
    assert_eq!(desk.lease_ids(2), [first, second]);
}

#[test]
fn a_paused_queue_gives_nothing_over_restarts_and_takes_in() {
    let mut desk = Desk::new();
    let first = desk.put(|_| {});
    let on_lease = desk.lease().unwrap();
    desk.ledger.pause(&mut desk.log);
    desk.put(|_| {});
    assert_eq!(desk.lease(), None);
    assert_eq!(desk.start(on_lease.token), Ok(1));
    desk.restart();
    assert!(desk.ledger.stats().is_paused);
    assert_eq!(desk.lease(), None);
    desk.ledger.resume(&mut desk.log);
    assert_eq!(desk.lease().unwrap().id, first);
}

#[test]
fn a_delayed_message_is_available_when_it_is_due() {
    let mut desk = Desk::new();
    let due = desk.now + 1_000;
    let id = desk.put(|message| message.due = Some(due));
    assert_eq!(desk.ledger.next_due(), Some(due));
    desk.wait(999);
    assert_eq!(desk.lease(), None);
    desk.wait(1);
    assert_eq!(desk.lease_ids(1), [id]);
}

/// A long line drained one by one, which meets aging again and again.
#[test]
fn a_drained_backlog_agrees_with_the_reference() {
    let spec = (0..5_usize, proptest::option::weighted(0.3, 0..4_u8));
    let lives = (
        vec(spec, 100..250),
        prop_oneof![Just(Aging::Fair), Just(Aging::Strict)],
        1..4_usize,
    );
    let config = Config {
        failure_persistence: None,
        cases: 32,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&lives, |(specs, aging, count)| {
        let settings = Settings {
            aging,
            ..Settings::default()
        };
        drain(settings, &specs, count).map_err(TestCaseError::fail)
    });
    outcome.unwrap();
}

fn drain(settings: Settings, specs: &[(usize, Option<u8>)], count: usize) -> Result<(), String> {
    let mut rig = Rig::new(settings, None)?;
    let batch = specs.iter().zip(0..).map(|((priority, group), id)| Spec {
        id,
        priority: *priority,
        group: *group,
        delay: None,
        ttl: None,
        attempts_max: 3,
        dedup: None,
        size: 1,
    });
    rig.step(&Step::Enqueue(batch.collect()))?;
    for _ in 0..specs.len() {
        rig.step(&Step::Lease {
            count,
            length: 30_000,
        })?;
        rig.step(&Step::Ack(Pick::Good(0)))?;
    }
    Ok(())
}
