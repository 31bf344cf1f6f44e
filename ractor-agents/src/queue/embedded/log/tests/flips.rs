//! Bits that turn over, on disk or on the way from it.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::work::Model;
use super::{commit, open, reopen, seed, settle};
use crate::queue::embedded::log::simulate::Simulated;
use crate::queue::embedded::log::{Disk, Error, Log};

fn some_log(random: &mut StdRng) -> (Simulated, Log, Model) {
    let disk = Simulated::new();
    let mut model = Model::default();
    let (log, replayed) = reopen(&disk);
    model.check(&log, &replayed);
    drop(log);
    let (mut log, replayed) = reopen(&disk);
    model.check(&log, &replayed);
    model.work(&mut log, random, 15).expect("a disk that works");
    settle(&mut log);
    (disk, log, model)
}

#[test]
fn a_flipped_bit_is_found_or_harmless_or_in_the_last_commit() {
    let random = &mut StdRng::seed_from_u64(seed());
    let (mut found, mut harmless, mut last) = (0, 0, 0);
    for _ in 0..100 {
        let (disk, log, model) = some_log(random);
        drop(log);
        for _ in 0..100 {
            let image = disk.kill();
            let (name, at) = image.flip(random.random()).expect("there are files");
            match open(Arc::new(image)) {
                Err(Error::Corrupted { .. }) => found += 1,
                Err(error) => panic!("{name}, {at}: {error:?}"),
                Ok((_, replayed)) if replayed == model.live() => harmless += 1,
                Ok((_, replayed)) => {
                    assert!(replayed == model.without_last(), "{name}, {at}");
                    last += 1;
                }
            }
        }
    }
    println!("found {found}, harmless {harmless}, in the last commit {last}");
    assert!(found > 500 && harmless > 500);
}

#[test]
fn a_flipped_bit_never_reads_as_another_record() {
    let random = &mut StdRng::seed_from_u64(seed());
    let mut found = 0;
    for _ in 0..100 {
        let (disk, log, model) = some_log(random);
        let (reader, live) = (log.reader(), model.live());
        for _ in 0..20 {
            let seed = random.random();
            let flipped = disk.flip(seed);
            for (place, record) in &live {
                match reader.read(*place) {
                    Ok(read) => assert!(read == *record, "{flipped:?}: {place:?}"),
                    Err(Error::Corrupted { segment, offset }) => {
                        assert_eq!((segment, offset), (place.segment, place.offset));
                        found += 1;
                    }
                    Err(error) => panic!("{flipped:?}: {error:?}"),
                }
            }
            assert_eq!(disk.flip(seed), flipped, "and back");
        }
    }
    assert!(found > 0);
}

#[test]
fn a_missing_segment_is_found() {
    let random = &mut StdRng::seed_from_u64(seed());
    for _ in 0..50 {
        let (disk, log, _) = some_log(random);
        let segments = log.segments();
        drop(log);
        for number in segments.oldest..segments.current {
            let image = disk.kill();
            let name = format!("{number:016x}.log");
            image.remove(&name).expect("it is there");
            let error = open(Arc::new(image)).expect_err("a segment is missing");
            assert!(matches!(error, Error::Corrupted { .. }), "{error:?}");
        }
    }
}

/// The last commit may be lost to damage, but not together with all that it stood for.
#[test]
fn damage_to_the_commit_that_retired_all_others_is_found() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    commit(&mut log, &[b"one of those that it stands for"]);
    log.append(&vec![1; log.record_max()]).expect("room");
    log.retire(2);
    log.commit().expect("a disk that works");
    settle(&mut log);
    drop(log);
    let file = disk.open("0000000000000002.log").expect("the only one");
    file.write_at(&[0; 48], 4096).expect("a disk that works");
    let error = open(Arc::new(disk)).expect_err("it is damaged");
    assert!(matches!(error, Error::Corrupted { .. }), "{error:?}");
}
