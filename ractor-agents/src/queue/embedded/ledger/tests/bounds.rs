//! How much is taken in.

use super::*;

fn small() -> Desk {
    Desk::with(Settings {
        count_max: 3,
        bytes_max: 40,
        remembered_max: 2,
        ..Settings::default()
    })
}

fn batch(desk: &mut Desk, count: usize, size: u32) -> Vec<NewMessage> {
    (0..count)
        .map(|_| NewMessage {
            size,
            ..desk.message()
        })
        .collect()
}

fn assert_refused(desk: &mut Desk, batch: Vec<NewMessage>, refused: Refused) {
    let before = desk.ledger.snapshot(desk.now);
    assert_eq!(desk.ledger.judge(&batch), Err(refused));
    assert_eq!(desk.enqueue(batch), Err(refused));
    assert_eq!(desk.ledger.snapshot(desk.now), before);
}

#[test]
fn a_batch_over_the_count_is_refused_whole() {
    let mut desk = small();
    let bound = Bound::Count { max: 3 };
    desk.put(|_| {});
    let three = batch(&mut desk, 3, 1);
    assert_refused(&mut desk, three, Refused::Full(bound));
    let four = batch(&mut desk, 4, 1);
    assert_refused(&mut desk, four, Refused::NeverFits(bound));
    let two = batch(&mut desk, 2, 1);
    assert_eq!(desk.enqueue(two), Ok(vec![Outcome::Accepted; 2]));
}

#[test]
fn a_batch_over_the_bytes_is_refused_whole() {
    let mut desk = small();
    let bound = Bound::Bytes { max: 40 };
    desk.put(|_| {});
    let large = batch(&mut desk, 2, 16);
    assert_refused(&mut desk, large, Refused::Full(bound));
    let largest = batch(&mut desk, 1, 41);
    assert_refused(&mut desk, largest, Refused::NeverFits(bound));
    let fitting = batch(&mut desk, 2, 15);
    assert!(desk.enqueue(fitting).is_ok());
}

#[test]
fn what_is_on_lease_counts_and_what_is_dead_does_not() {
    let mut desk = small();
    let three = batch(&mut desk, 3, 1);
    desk.enqueue(three).unwrap();
    let leased = desk.lease().unwrap();
    let one = batch(&mut desk, 1, 1);
    assert_refused(
        &mut desk,
        one.clone(),
        Refused::Full(Bound::Count { max: 3 }),
    );
    desk.reject(leased.token).unwrap();
    assert!(desk.enqueue(one).is_ok());
    let selection = Selection::Ids(vec![leased.id]);
    let redriven = desk.ledger.redrive(&selection, desk.now, &mut desk.log);
    assert_eq!(redriven, Err(Refused::Full(Bound::Count { max: 3 })));
    assert_eq!(desk.letters().len(), 1);
}

#[test]
fn a_fingerprint_too_many_is_refused_rather_than_another_forgotten() {
    let mut desk = small();
    let until = desk.now + 1_000;
    for print in 0..2 {
        let id = desk.put(|message| {
            let print = Fingerprint([print; 16]);
            message.dedup = Some(Dedup { print, until });
        });
        let leased = desk.lease().unwrap();
        assert_eq!(leased.id, id);
        desk.ack(leased.token).unwrap();
    }
    let mut third = desk.message();
    let print = Fingerprint([2; 16]);
    third.dedup = Some(Dedup { print, until });
    let full = Refused::Full(Bound::Remembered { max: 2 });
    assert_refused(&mut desk, vec![third.clone()], full);
    desk.wait(1_000);
    assert!(desk.enqueue(vec![third]).is_ok());
}

#[test]
fn duplicates_take_no_room() {
    let mut desk = small();
    let three = batch(&mut desk, 3, 10);
    desk.enqueue(three.clone()).unwrap();
    let duplicates = three
        .iter()
        .map(|message| Outcome::Duplicate { of: message.id });
    assert_eq!(desk.enqueue(three.clone()), Ok(duplicates.collect()));
}

#[test]
fn an_empty_batch_writes_nothing() {
    let mut desk = small();
    let written = desk.log.len();
    assert_eq!(desk.enqueue(Vec::new()), Ok(Vec::new()));
    assert_eq!(desk.log.len(), written);
}

#[test]
fn stats_count_by_priority_and_stage() {
    let mut desk = Desk::new();
    let start = desk.now;
    let due = Some(start + 1_000);
    desk.put(|message| message.due = due);
    for _ in 0..3 {
        desk.put_in(Priority::Low);
        desk.put_in_group("a");
        desk.wait(10);
    }
    desk.kill_next();
    desk.lease().unwrap();
    let stats = desk.ledger.stats();
    let normal = LaneStats {
        ready: 1,
        delayed: 1,
        leased: 1,
    };
    assert_eq!(stats.lanes[Priority::Normal.index()], normal);
    assert_eq!(stats.lanes[Priority::Low.index()].ready, 3);
    assert_eq!((stats.bytes, stats.dead, stats.dead_bytes), (60, 1, 10));
    assert_eq!(stats.oldest_at, Some(time::at(start)));
}

#[test]
fn purging_leaves_what_is_on_lease_and_the_dead() {
    let mut desk = Desk::new();
    let due = desk.now + 1_000;
    for _ in 0..3 {
        desk.put(|_| {});
    }
    desk.put_in_group("a");
    desk.put_in_group("a");
    desk.put(|message| message.due = Some(due));
    let dead = desk.kill_next();
    let leased = desk.lease().unwrap();
    let purged = desk.ledger.purge(desk.now, &mut desk.log);
    assert_eq!(purged, 4);
    assert_eq!(desk.letter().id, dead);
    assert_eq!(desk.ledger.peek(10).len(), 1);
    assert_eq!(desk.ledger.purge(desk.now, &mut desk.log), 0);
    desk.restart();
    assert_eq!(desk.lease().unwrap().id, leased.id);
    assert_eq!(desk.lease(), None);
}
