//! The power fails at every operation, and again while the log is opened.
//!
//! A run of mixed work is repeated once per operation of it, and stopped there. Of what that leaves many possible disks are made, and
//! on each the log must open and hold exactly what it promised. On half of them the power fails once or more while it opens.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::work::Model;
use super::{commit, open, reopen, seed};
use crate::queue::embedded::log::simulate::Simulated;

fn images() -> u64 {
    let images = std::env::var("LOG_IMAGES");
    images.map_or(10_000, |images| images.parse().expect("a number"))
}

/// Works on `disk` until it fails, or is done.
fn run(disk: &Simulated, seed: u64) -> Model {
    let random = &mut StdRng::seed_from_u64(seed);
    let mut model = Model::default();
    for _ in 0..2 {
        let Ok((mut log, replayed)) = open(Arc::new(disk.clone())) else {
            break;
        };
        model.check(&log, &replayed);
        if model.work(&mut log, random, 12).is_err() {
            break;
        }
    }
    model
}

#[test]
fn no_power_cut_loses_what_was_committed() {
    let random = &mut StdRng::seed_from_u64(seed());
    let (mut seen, mut again) = (0, 0);
    while seen < images() {
        let number = random.random();
        let whole = Simulated::new();
        run(&whole, number);
        for at in 0..=whole.counts().operations {
            let disk = Simulated::new();
            disk.off_at(at);
            let model = run(&disk, number);
            for _ in 0..40 {
                let image = disk.cut(random.random());
                seen += 1;
                again += recover(image, model.clone(), random);
            }
        }
    }
    println!("{seen} power cuts, {again} more while opening");
}

/// Opens a log on `image`, with more power cuts on the way, goes on with it, and opens it again.
fn recover(mut image: Simulated, mut model: Model, random: &mut StdRng) -> u64 {
    let mut again = 0;
    while random.random() && again < 3 {
        image.off_at(random.random_range(0..10));
        // It may be done before the power fails. Then it counts: what was found is settled.
        if let Ok((log, replayed)) = open(Arc::new(image.clone())) {
            image.off_at(u64::MAX);
            model.check(&log, &replayed);
        }
        image = image.cut(random.random());
        again += 1;
    }
    let (mut log, replayed) = reopen(&image);
    model.check(&log, &replayed);
    if random.random_range(0..4) == 0 {
        image.off_at(image.counts().operations + random.random_range(0..30));
        let _ = model.work(&mut log, random, 3);
        drop(log);
        let (log, replayed) = reopen(&image.cut(random.random()));
        model.check(&log, &replayed);
    }
    again
}

/// Four whole frames of five, and the power fails at each operation of putting that right.
#[test]
fn a_commit_over_many_segments_is_cut_off_as_a_whole() {
    let disk = Simulated::new();
    let (mut log, _) = reopen(&disk);
    let kept = commit(&mut log, &[b"kept"]);
    for _ in 0..5 {
        log.append(&vec![1; log.record_max()]).expect("room");
    }
    // Of each of the first four segments' frames a write and a sync, and then a write alone.
    disk.off_at(disk.counts().operations + 9);
    log.commit().expect_err("the power is off");
    // One of the cuts that has lost some of the last frame.
    let image = (0..1000)
        .map(|seed| disk.cut(seed))
        .find(|image| reopen(&image.kill()).1 == kept)
        .expect("one of very many");
    let whole = image.kill();
    drop(reopen(&whole));
    for at in 0..=whole.counts().operations {
        for seed in 0..20 {
            let image = image.kill();
            image.off_at(at);
            let _ = open(Arc::new(image.clone()));
            assert_eq!(reopen(&image.cut(seed)).1, kept);
        }
    }
}
