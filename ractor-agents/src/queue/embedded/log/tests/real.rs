//! The same on the file system.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::work::Model;
use super::{SMALL, commit, open, seed};
use crate::queue::embedded::log::{Error, Folder, Log};

#[test]
fn mixed_work_in_a_folder_is_what_a_list_would_hold() {
    let random = &mut StdRng::seed_from_u64(seed());
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("made").join("by the log");
    let mut model = Model::default();
    for _ in 0..5 {
        let disk = Arc::new(Folder::new(&path).expect("a folder"));
        let (mut log, replayed) = open(disk).expect("nobody else has it");
        model.check(&log, &replayed);
        model.work(&mut log, random, 20).expect("a disk that works");
    }
}

#[test]
fn a_folder_belongs_to_one_log_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Folder::new(folder.path()).expect("a folder"));
    let log = Log::open(disk.clone(), SMALL, |_, _| {}).expect("it is free");
    let held = Log::open(disk.clone(), SMALL, |_, _| {}).expect_err("it is not free");
    let own = std::process::id();
    assert!(matches!(held, Error::InUse { holder: Some(id) } if id == own));
    assert_eq!(
        held.to_string(),
        format!("the log is in use by process {own}")
    );
    drop(log);
    Log::open(disk, SMALL, |_, _| {}).expect("it is free again");
}

#[test]
fn readers_get_right_bytes_while_segments_come_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Arc::new(Folder::new(folder.path()).expect("a folder"));
    let mut log = Log::open(disk, SMALL, |_, _| {}).expect("it is free");
    let done = AtomicBool::new(false);
    let (given, taken) = std::sync::mpsc::sync_channel(64);
    let reader = log.reader();
    std::thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            let (mut read, mut retired) = (0, 0);
            for (place, number) in taken {
                // Once early, once when it may be gone.
                for _ in 0..2 {
                    match reader.read(place) {
                        Ok(record) => {
                            assert_eq!(record, [number; 700]);
                            read += 1;
                        }
                        Err(Error::Retired { .. }) => retired += 1,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            }
            assert!(done.load(Ordering::Relaxed));
            println!("{read} read, {retired} retired");
        });
        for round in 0..2_000_u32 {
            let number = round.to_le_bytes()[0];
            let placed = commit(&mut log, &[&[number; 700]]);
            let _ = given.send((placed[0].0, number));
            log.retire(log.segments().current.saturating_sub(1));
            log.tend().expect("a disk that works");
        }
        done.store(true, Ordering::Relaxed);
        drop(given);
    });
}
