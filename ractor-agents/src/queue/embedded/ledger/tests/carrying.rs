//! Segments are made needless.

use super::*;

fn put_in_segment(desk: &mut Desk, segment: u64, print: u8) -> Id {
    let until = desk.now + DEDUP_WINDOW;
    desk.put(|message| {
        message.place.segment = segment;
        let print = Fingerprint([print; 16]);
        message.dedup = Some(Dedup { print, until });
    })
}

/// Everything that a segment can be needed for is carried, and what stays in the log says the same.
#[test]
fn a_retired_segment_leaves_nothing_out() {
    let mut desk = Desk::new();
    let ids: Vec<Id> = (0..6)
        .map(|print| put_in_segment(&mut desk, 1, print))
        .collect();
    let leased = desk.lease_many(5);
    desk.ack(leased[0].token).unwrap();
    desk.nack(leased[1].token, Some(60_000)).unwrap();
    desk.reject(leased[2].token).unwrap();
    desk.start(leased[3].token).unwrap();
    desk.ledger.pause(&mut desk.log);
    let first_segment = desk.log.len();
    put_in_segment(&mut desk, 2, 9);
    assert_eq!(desk.ledger.oldest_segment(), Some(1));
    assert_eq!(desk.ledger.live_in(1), 5 + 6);
    let mut rounds = 0;
    loop {
        rounds += 1;
        let mut moves = desk.ledger.payloads_in(1, 2);
        for (_, place) in &mut moves {
            place.segment = 2;
        }
        if desk.ledger.carry(1, 2, &moves, 2, &mut desk.log) {
            break;
        }
    }
    assert_eq!(rounds, 3);
    assert_eq!((desk.ledger.live_in(1), desk.ledger.live_in(2)), (0, 6 + 7));
    let young = Ledger::replay(Settings::default(), &desk.log[first_segment..]);
    assert_eq!(young.snapshot(desk.now), desk.ledger.snapshot(desk.now));
    assert_eq!(young.now(), desk.now);
    assert!(young.stats().is_paused);
    assert_eq!(desk.ack(leased[3].token), Ok(()), "leases stay good");
    assert_eq!(desk.ack(leased[4].token), Ok(()));
    assert_eq!(desk.position(ids[5]), Some(Position::Ready));
}

#[test]
fn a_segment_that_nothing_is_of_is_carried_all_the_same() {
    let mut desk = Desk::new();
    let before = desk.log.len();
    assert!(desk.ledger.carry(1, 2, &[], 10, &mut desk.log));
    let young = Ledger::replay(Settings::default(), &desk.log[before..]);
    assert_eq!(young.snapshot(desk.now), desk.ledger.snapshot(desk.now));
    assert_eq!(young.epoch(), 1);
}

#[test]
fn what_is_not_of_the_segment_is_not_moved() {
    let mut desk = Desk::new();
    let id = put_in_segment(&mut desk, 3, 1);
    let elsewhere = Place {
        segment: 4,
        offset: 0,
        length: 10,
    };
    let moves = [(id, elsewhere), (Id(77), elsewhere)];
    desk.ledger.carry(1, 4, &moves, 10, &mut desk.log);
    assert_eq!(desk.view(id).place.segment, 3);
}
