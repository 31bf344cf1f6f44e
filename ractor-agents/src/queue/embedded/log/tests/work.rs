//! Mixed work on a log, and what must be in it afterwards: the log against a plain list.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{Record, bytes, open, reopen, seed, settle};
use crate::queue::embedded::log::simulate::Simulated;
use crate::queue::embedded::log::{Disk, Error, Log};

/// What was promised.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    /// All that was committed, from the first record on.
    pub(super) committed: Vec<Record>,
    /// The oldest live segment.
    oldest: u64,
    /// Of the last commit: where its records begin, and what was the oldest live segment before.
    last: (usize, u64),
    /// What may be committed or not, and the oldest live segment then.
    pending: Option<(Vec<Record>, u64)>,
    /// For the next commit.
    appended: Vec<Record>,
    epoch: u64,
}

impl Model {
    /// What is replayed if all is well.
    pub(super) fn live(&self) -> Vec<Record> {
        live(&self.committed, self.oldest)
    }

    /// What would be there without the last commit.
    pub(super) fn without_last(&self) -> Vec<Record> {
        let (end, oldest) = self.last;
        live(&self.committed[..end], oldest)
    }

    fn commit(&mut self) {
        if let Some((records, oldest)) = self.pending.take()
            && (!records.is_empty() || oldest != self.oldest)
        {
            self.last = (self.committed.len(), self.oldest);
            self.committed.extend(records);
            self.oldest = oldest;
        }
    }

    /// Checks a log that was just opened: what was committed is there, as a whole and in order, and what was being committed
    /// is there or not. From now on that is settled.
    pub(super) fn check(&mut self, log: &Log, replayed: &[Record]) {
        assert!(log.epoch() > self.epoch, "epochs are never used twice");
        self.epoch = log.epoch();
        if replayed != self.live() || log.segments().oldest != self.oldest.max(1) {
            assert!(self.pending.is_some(), "{}", self.difference(replayed));
            self.commit();
            assert_eq!(log.segments().oldest, self.oldest);
        }
        assert!(replayed == self.live(), "{}", self.difference(replayed));
        self.pending = None;
        self.appended.clear();
        self.oldest = log.segments().oldest;
        // Opening is a commit of its own.
        self.last = (self.committed.len(), self.oldest);
        let reader = log.reader();
        for (place, record) in self.live() {
            match reader.read(place) {
                Ok(read) => assert_eq!(read, record),
                // The power is off.
                Err(Error::Io { .. }) => break,
                Err(error) => panic!("{place:?}: {error:?}"),
            }
        }
    }

    fn difference(&self, replayed: &[Record]) -> String {
        let places = |records: &[Record]| -> Vec<_> { records.iter().map(|it| it.0).collect() };
        format!(
            "committed: {:?}\npending: {:?}\nreplayed: {:?}",
            places(&self.live()),
            self.pending
                .as_ref()
                .map(|(it, oldest)| (places(it), oldest)),
            places(replayed),
        )
    }

    /// Does some work until it fails.
    pub(super) fn work(
        &mut self,
        log: &mut Log,
        random: &mut StdRng,
        commits: usize,
    ) -> Result<(), Error> {
        for _ in 0..commits {
            self.one_commit(log, random)?;
            for _ in 0..random.random_range(0..3) {
                log.tend()?;
            }
            if let Some((place, record)) = self.live().get(random.random_range(0..20)) {
                assert_eq!(&log.reader().read(*place)?, record);
            }
        }
        Ok(())
    }

    fn one_commit(&mut self, log: &mut Log, random: &mut StdRng) -> Result<(), Error> {
        for _ in 0..random.random_range(0..6) {
            let length = match random.random_range(0..30) {
                0 => log.record_max(),
                1..5 => random.random_range(0..9000),
                _ => random.random_range(0..600),
            };
            let mut record = bytes(random, length);
            if random.random_range(0..4) == 0 {
                self.forge(&mut record, random);
            }
            self.appended.push((log.append(&record)?, record));
        }
        let segments = log.segments();
        let mut oldest = self.oldest.max(1);
        if random.random_range(0..3) == 0 {
            let first = self
                .appended
                .first()
                .map_or(segments.current, |it| it.0.segment);
            let to = random.random_range(oldest..=segments.current + 1);
            log.retire(to);
            oldest = oldest.max(to.min(first));
        }
        self.pending = Some((std::mem::take(&mut self.appended), oldest));
        log.commit()?;
        self.commit();
        Ok(())
    }

    /// Makes a record look like earlier ones, with their heads as they were.
    fn forge(&self, record: &mut [u8], random: &mut StdRng) {
        if let Some((_, earlier)) = self.committed.get(random.random_range(0..10)) {
            let count = earlier.len().min(record.len());
            record[..count].copy_from_slice(&earlier[..count]);
        }
    }
}

fn live(records: &[Record], oldest: u64) -> Vec<Record> {
    let live = records.iter().filter(|it| it.0.segment >= oldest);
    live.cloned().collect()
}

#[test]
fn mixed_work_is_what_a_list_would_hold() {
    let random = &mut StdRng::seed_from_u64(seed());
    for _ in 0..20 {
        let disk = Simulated::new();
        let mut model = Model::default();
        for _ in 0..10 {
            let (mut log, replayed) = reopen(&disk);
            model.check(&log, &replayed);
            model.work(&mut log, random, 20).expect("a disk that works");
            if random.random() {
                settle(&mut log);
            }
        }
    }
}

/// A record may well hold frames of the very segment that it is in: a backup of the queue, sent through the queue.
#[test]
fn frames_inside_of_records_are_no_frames() {
    let random = &mut StdRng::seed_from_u64(seed());
    for round in 0..200 {
        let disk = Simulated::new();
        let mut model = Model::default();
        let (mut log, _) = reopen(&disk);
        model.work(&mut log, random, 5).expect("a disk that works");
        let name = format!("{:016x}.log", log.segments().current);
        let mut copy = vec![0; 4096];
        let file = disk.open(&name).expect("the current segment");
        file.read_at(&mut copy, 4096).expect("a page of it");
        let place = log.append(&copy).expect("room");
        model.pending = Some((vec![(place, copy)], model.oldest));
        disk.off_at(disk.counts().operations + 1);
        log.commit().expect_err("the power is off");
        let (log, replayed) = open(Arc::new(disk.cut(round))).expect("nothing is damaged");
        model.check(&log, &replayed);
    }
}
