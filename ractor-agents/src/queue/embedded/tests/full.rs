//! Much comes and goes, and the disk is full.

use super::super::journal::Error;
use super::super::log;
use super::super::log::simulate::Simulated;
use super::{WINDOW, draft, open};

#[test]
fn what_has_come_and_gone_takes_no_room() {
    let disk = Simulated::new();
    let mut journal = open(&disk, 1_000).expect("it opens");
    // One stays from the beginning, so that every segment is in its way.
    journal
        .enqueue(vec![draft(1, vec![1; 300])], WINDOW, 1_000)
        .expect("there is room");
    for round in 0..2_000_u64 {
        let now = 1_000 + round * 1_000;
        let id = u128::from(round) + 2;
        journal
            .enqueue(vec![draft(id, vec![2; 300])], WINDOW, now)
            .expect("there is room");
        let given = journal.change(|ledger, out| ledger.lease(2, 60_000, now, out));
        for given in given.expect("there is room") {
            if given.id.0 != 1 {
                let acked = journal.change(|ledger, out| ledger.ack(given.token, now, out));
                acked.expect("there is room").expect("the lease is good");
            }
        }
        journal.commit().expect("the disk is well");
        while journal.tend().expect("the disk is well") {}
    }
    // 600 KB have gone by.
    assert!(disk.used() < 20 * (16 << 10), "{} bytes", disk.used());
    drop(journal);
    let journal = open(&disk.kill(), 9_000_000).expect("it opens");
    let view = journal
        .ledger()
        .find(super::Id(1))
        .expect("it was never acknowledged");
    assert_eq!(journal.read(view.place).expect("it can be read"), [1; 300]);
    assert_eq!(journal.ledger().stats().count(), 1);
}

#[test]
fn on_a_full_disk_messages_are_refused_and_acknowledged() {
    let disk = Simulated::new();
    let mut journal = open(&disk, 1_000).expect("it opens");
    journal
        .enqueue(vec![draft(1, vec![1; 300])], WINDOW, 1_000)
        .expect("there is room");
    journal.commit().expect("the disk is well");
    disk.set_capacity(Some(disk.used()));
    let mut id = 1;
    let full = loop {
        id += 1;
        match journal.enqueue(vec![draft(id, vec![2; 3_000])], WINDOW, 1_000) {
            Ok(_) => journal.commit().expect("the disk is well"),
            Err(error) => break error,
        }
        assert!(id < 100, "it is never full");
    };
    assert!(matches!(full, Error::Log(log::Error::NoSpace(_))), "{full}");
    let given = journal.change(|ledger, out| ledger.lease(1, 60_000, 1_000, out));
    let given = given.expect("a lease is not on disk");
    let acked = journal.change(|ledger, out| ledger.ack(given[0].token, 1_000, out));
    acked
        .expect("there is room for that")
        .expect("the lease is good");
    journal.commit().expect("the disk is well");
    disk.set_capacity(None);
    journal
        .enqueue(vec![draft(1_000, vec![3; 3_000])], WINDOW, 1_000)
        .expect("there is room again");
    journal.commit().expect("the disk is well");
}

/// Acknowledgements are taken for a while, and then nothing is, which changes nothing: not in memory either.
#[test]
fn what_is_refused_for_want_of_room_has_changed_nothing() {
    let disk = Simulated::new();
    let mut journal = open(&disk, 1_000).expect("it opens");
    for id in 0..2_000 {
        journal
            .enqueue(vec![draft(id, vec![1])], WINDOW, 1_000)
            .expect("there is room");
    }
    journal.commit().expect("the disk is well");
    let given = journal.change(|ledger, out| ledger.lease(2_000, 60_000, 1_000, out));
    let mut given = given.expect("a lease is not on disk").into_iter();
    disk.set_capacity(Some(disk.used()));
    let refused = given.find(|given| {
        let acked = journal.change_with_room(|ledger, out| ledger.ack(given.token, 1_000, out));
        match acked {
            Ok(acked) => acked.expect("the lease is good"),
            Err(Error::Log(log::Error::NoSpace(_))) => return true,
            Err(error) => panic!("{error}"),
        }
        journal.commit().expect("the disk is well");
        false
    });
    let refused = refused.expect("it is never full");
    let view = journal.ledger().find(refused.id);
    assert!(view.is_some(), "not acknowledged, and gone");
    disk.set_capacity(None);
    let acked = journal.change_with_room(|ledger, out| ledger.ack(refused.token, 1_000, out));
    acked
        .expect("there is room again")
        .expect("the lease is good");
    journal.commit().expect("the disk is well");
    drop(journal);
    let journal = open(&disk.kill(), 2_000).expect("it opens");
    assert_eq!(journal.ledger().stats().count(), given.count());
}
