//! Ledger, log and writer together.

mod broken;
mod dice;
mod drops;
mod errors;
mod full;
mod pair;
mod power;
mod rate;
mod serve;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::journal::{Error, Journal};
use super::ledger::Settings;
use super::log::simulate::Simulated;
use super::log::{Disk, Options};
use super::writer::{Calls, write};
use crate::message::Priority;
use crate::queue::broker::Entry;
use crate::queue::{Fingerprint, MessageId as Id, Payload};

/// Segments small enough to be crossed often.
const SMALL: Options = Options {
    segment_bytes: 16 << 10,
    ready_max: 2,
};

/// How long fingerprints are remembered, in milliseconds.
const WINDOW: u64 = 60_000;

fn open(disk: &Simulated, now: u64) -> Result<Journal, Error> {
    open_with(disk, Settings::default(), now)
}

fn open_with(disk: &Simulated, settings: Settings, now: u64) -> Result<Journal, Error> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    Journal::open(disk, SMALL, settings, 7, now)
}

fn draft(id: u128, payload: Vec<u8>) -> Entry {
    Entry {
        id: Id(id),
        priority: Priority::Normal,
        group: None,
        delay: Duration::ZERO,
        ttl: None,
        attempts_max: 3,
        print: Some(Fingerprint(id.to_le_bytes())),
        payload: Payload::from_bytes(payload),
    }
}

/// Calls, and the thread that serves them.
fn serve(journal: Journal) -> (Arc<Calls>, JoinHandle<Result<(), Error>>) {
    let calls = Calls::new();
    let at = Arc::clone(&calls);
    (calls, std::thread::spawn(move || write(&at, journal)))
}
