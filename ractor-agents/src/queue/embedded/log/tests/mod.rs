//! The log on a disk that fails, and on a real one.
//!
//! Each test prints its seed; `LOG_SEED` sets it. `LOG_IMAGES` sets how many power cuts are looked at.

mod faults;
mod flips;
mod power;
mod real;
mod sizes;
mod work;

use std::sync::Arc;

use rand::RngExt;
use rand::rngs::StdRng;

use super::simulate::Simulated;
use super::{Disk, Error, Log, Options, Place};

/// Small, so that segments are crossed all the time.
const SMALL: Options = Options {
    segment_bytes: 16 << 10,
    ready_max: 2,
};

type Record = (Place, Vec<u8>);

fn seed() -> u64 {
    let seed = match std::env::var("LOG_SEED") {
        Ok(seed) => seed.parse().expect("a seed is a number"),
        Err(_) => rand::random(),
    };
    println!("LOG_SEED={seed}");
    seed
}

/// Opens a log, and gives what was replayed.
fn open(disk: Arc<dyn Disk>) -> Result<(Log, Vec<Record>), Error> {
    let mut replayed = Vec::new();
    let log = Log::open(disk, SMALL, |place, record| {
        replayed.push((place, record.to_vec()));
    })?;
    Ok((log, replayed))
}

/// Opens a log where that must succeed.
fn reopen(disk: &Simulated) -> (Log, Vec<Record>) {
    open(Arc::new(disk.clone())).expect("the log opens")
}

fn commit(log: &mut Log, records: &[&[u8]]) -> Vec<Record> {
    let placed = records
        .iter()
        .map(|record| (log.append(record).expect("room"), record.to_vec()))
        .collect();
    log.commit().expect("a disk that works");
    placed
}

/// Tends the log until there is nothing to do.
fn settle(log: &mut Log) {
    while log.tend().expect("a disk that works") {}
}

fn bytes(random: &mut StdRng, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    random.fill(&mut bytes[..]);
    bytes
}
