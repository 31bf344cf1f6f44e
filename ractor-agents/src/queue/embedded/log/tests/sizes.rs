//! What it costs, and where the limits are.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::{bytes, commit, reopen, seed, settle};
use crate::queue::embedded::log::simulate::Simulated;
use crate::queue::embedded::log::{Error, Place};

#[test]
fn a_commit_is_one_write_and_one_sync() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    settle(&mut log);
    let before = disk.counts();
    for _ in 0..10 {
        commit(&mut log, &[&[1; 100], &[2; 100]]);
        log.commit().expect("nothing to do");
    }
    let after = disk.counts();
    assert_eq!(after.writes - before.writes, 10);
    assert_eq!(after.syncs - before.syncs, 10);
    assert_eq!(after.operations - before.operations, 20);
}

#[test]
fn a_commit_that_crosses_into_a_segment_is_two_syncs_at_most() {
    let random = &mut StdRng::seed_from_u64(seed());
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    let mut most = 0;
    for _ in 0..200 {
        settle(&mut log);
        let before = disk.counts();
        let record = bytes(random, 1500);
        commit(&mut log, &[&record, &record]);
        let after = disk.counts();
        assert_eq!(after.folder_syncs, before.folder_syncs);
        most = most.max(after.syncs - before.syncs);
        log.retire(log.segments().current);
    }
    assert_eq!(most, 2);
}

#[test]
fn retired_segments_are_used_again() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    for _ in 0..200 {
        commit(&mut log, &[&[1; 3000]]);
        log.retire(log.segments().current);
        settle(&mut log);
    }
    assert!(log.segments().current > 40);
    // The one that is written, one or two that are ready, and one that waits for the commit that retires it.
    assert!(disk.used() <= 4 * (16 << 10), "{} bytes", disk.used());
}

#[test]
fn the_longest_record_fits_and_a_longer_one_is_refused() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    let length_max = log.record_max();
    let before = disk.counts();
    let error = log.append(&vec![1; length_max + 1]).expect_err("too long");
    assert!(matches!(error, Error::TooLong { length, length_max: max } if length == max + 1));
    assert_eq!(disk.counts(), before);
    let mut placed = commit(&mut log, &[&vec![2; length_max], b"", &vec![3; length_max]]);
    placed.extend(commit(&mut log, &[b"short"]));
    drop(log);
    assert_eq!(reopen(&disk).1, placed);
}

#[test]
fn only_what_is_committed_can_be_read() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    let reader = log.reader();
    let place = log.append(b"record").expect("room");
    assert!(matches!(reader.read(place), Err(Error::NotCommitted)));
    log.commit().expect("a disk that works");
    assert_eq!(reader.read(place).expect("committed"), b"record");

    // Places that nobody was given.
    for wrong in [
        Place { length: 5, ..place },
        Place {
            offset: place.offset - 8,
            ..place
        },
        Place {
            offset: 0,
            length: 8,
            ..place
        },
    ] {
        let read = reader.read(wrong);
        assert!(matches!(read, Err(Error::Corrupted { .. })), "{read:?}");
    }
    let wild = Place {
        segment: 0,
        offset: u32::MAX,
        length: u32::MAX,
    };
    assert!(reader.read(wild).is_err());

    commit(&mut log, &[&[1; 12_200]]);
    log.retire(2);
    assert_eq!(reader.read(place).expect("not yet retired"), b"record");
    log.commit().expect("a disk that works");
    assert!(matches!(
        reader.read(place),
        Err(Error::Retired { segment: 1 })
    ));
}

#[test]
fn a_retirement_counts_when_it_is_committed() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    let first = commit(&mut log, &[&[1; 12_000]]);
    let second = commit(&mut log, &[&[2; 12_000]]);
    log.retire(2);
    settle(&mut log);
    let image = disk.kill();
    assert_eq!(reopen(&image).1, [first, second.clone()].concat());
    log.commit().expect("a disk that works");
    let image = disk.kill();
    assert_eq!(reopen(&image).1, second);
    // Never the segment that is written.
    log.retire(u64::MAX);
    assert_eq!(log.segments().oldest, 2);
    log.commit().expect("a disk that works");
    assert_eq!(log.segments().oldest, log.segments().current);
}
