//! Errors of the disk, one at every operation; and a disk that is full.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::work::Model;
use super::{SMALL, commit, open, reopen, seed, settle};
use crate::queue::embedded::log::simulate::{Fault, Simulated};
use crate::queue::embedded::log::{Error, Log};

/// Works on `disk`, once more after each error that is none of the log's end, and checks what a poisoned log does.
fn run(disk: &Simulated, model: &mut Model, seed: u64) {
    let random = &mut StdRng::seed_from_u64(seed);
    for _ in 0..2 {
        let Ok((mut log, replayed)) = open(Arc::new(disk.clone())) else {
            return;
        };
        model.check(&log, &replayed);
        match model.work(&mut log, random, 12) {
            Ok(()) => {}
            Err(Error::NoSpace(_)) => return model.work(&mut log, random, 5).expect("room again"),
            Err(Error::Io { .. }) => return says_poisoned(disk, &mut log),
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn says_poisoned(disk: &Simulated, log: &mut Log) {
    let before = disk.counts();
    for _ in 0..3 {
        assert!(matches!(log.append(b"more"), Err(Error::Poisoned)));
        assert!(matches!(log.reserve(1, 1), Err(Error::Poisoned)));
        assert!(matches!(log.commit(), Err(Error::Poisoned)));
        assert!(matches!(log.tend(), Err(Error::Poisoned)));
    }
    assert_eq!(disk.counts(), before, "nothing is tried twice");
}

#[test]
fn an_error_of_any_operation_loses_nothing_that_was_committed() {
    let seed = seed();
    let random = &mut StdRng::seed_from_u64(seed);
    for fault in [Fault::Failed, Fault::Full, Fault::Short] {
        let whole = Simulated::new();
        run(&whole, &mut Model::default(), seed);
        for at in 0..whole.counts().operations {
            let disk = Simulated::new();
            disk.fail_at(at, fault);
            let mut model = Model::default();
            run(&disk, &mut model, seed);
            // The power fails at once; or the program is started again, believes what it sees, and then the power fails.
            for _ in 0..5 {
                let (log, replayed) = reopen(&disk.cut(random.random()));
                model.clone().check(&log, &replayed);
            }
            let next = disk.kill();
            let (log, replayed) = reopen(&next);
            model.check(&log, &replayed);
            drop(log);
            for _ in 0..5 {
                let (log, replayed) = reopen(&next.cut(random.random()));
                model.clone().check(&log, &replayed);
            }
        }
    }
}

#[test]
fn an_error_of_any_read_changes_nothing() {
    let random = &mut StdRng::seed_from_u64(seed());
    let disk = Simulated::new();
    let mut model = Model::default();
    let (mut log, _) = reopen(&disk);
    model.work(&mut log, random, 20).expect("a disk that works");
    drop(log);
    let whole = disk.kill();
    reopen(&whole);
    for at in 0..whole.counts().reads {
        let image = disk.kill();
        image.fail_read_at(at);
        let error = open(Arc::new(image.clone())).expect_err("the disk fails");
        assert!(matches!(error, Error::Io { .. }), "{error:?}");
        let (log, replayed) = reopen(&image);
        model.clone().check(&log, &replayed);
    }
}

#[test]
fn a_full_disk_stops_the_log_only_when_its_last_segment_is_full() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    disk.set_capacity(Some(disk.used() + 1000));
    assert!(matches!(log.tend(), Err(Error::NoSpace(_))));
    let mut placed = Vec::new();
    let refused = loop {
        match log.append(&[7; 1000]) {
            Ok(place) => placed.push((place, vec![7; 1000])),
            Err(error) => break error,
        }
        log.commit().expect("there is room");
    };
    assert!(matches!(refused, Error::NoSpace(_)), "{refused:?}");
    assert_eq!(placed.len(), 11, "what fits into 12 KiB with its heads");
    // Enough for little ones yet, and not for ten of them.
    assert!(matches!(log.reserve(10, 1000), Err(Error::NoSpace(_))));
    log.reserve(1, 100).expect("room for one");
    placed.extend(commit(&mut log, &[&[8; 100]]));

    disk.set_capacity(None);
    settle(&mut log);
    placed.extend(commit(&mut log, &[&[7; 1000]]));
    drop(log);
    assert_eq!(reopen(&disk).1, placed);
}

#[test]
fn what_is_reserved_fits_whatever_its_sizes() {
    let random = &mut StdRng::seed_from_u64(seed());
    for _ in 0..500 {
        let disk = Simulated::new();
        let (mut log, _) = reopen(&disk);
        let lengths: Vec<usize> = (0..random.random_range(1..12))
            .map(|_| random.random_range(0..=log.record_max()))
            .collect();
        log.append(&vec![0; lengths[0] / 2]).expect("room");
        log.reserve(lengths.len(), lengths.iter().sum())
            .expect("room for segments");
        disk.set_capacity(Some(disk.used()));
        for length in lengths {
            log.append(&vec![1; length]).expect("it was reserved");
        }
        log.commit().expect("a disk that works");
    }
}

#[test]
fn a_poisoned_log_lets_go_of_what_it_read() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    let placed = commit(&mut log, &[b"first"]);
    let reader = log.reader();
    disk.fail_at(disk.counts().operations, Fault::Failed);
    let lost = log.append(b"second").expect("room");
    assert!(matches!(log.commit(), Err(Error::Io { .. })));
    assert_eq!(reader.read(placed[0].0).expect("committed"), b"first");
    assert!(matches!(reader.read(lost), Err(Error::NotCommitted)));
    drop(log);
    assert!(matches!(reader.read(placed[0].0), Err(Error::Closed)));
}

#[test]
fn segments_of_another_size_are_used_up_and_not_made_again() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    settle(&mut log);
    let mut placed = commit(&mut log, &[b"small"]);
    drop(log);
    let larger = super::Options {
        segment_bytes: 64 << 10,
        ..SMALL
    };
    let mut log = Log::open(Arc::new(disk.clone()), larger, |_, _| {}).expect("it opens");
    let record = vec![1; 40_000];
    placed.extend(commit(&mut log, &[&record, &record]));
    settle(&mut log);
    log.retire(2);
    log.commit().expect("a disk that works");
    settle(&mut log);
    drop(log);
    let (_, replayed) = reopen(&disk);
    assert_eq!(replayed, &placed[1..]);
}
