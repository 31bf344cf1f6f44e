//! Segments that are not in use: those that are getting ready, and those that are no longer needed.

use std::collections::VecDeque;
use std::sync::Arc;

use super::disk::write_all_at;
use super::segment::{self, Segment};
use super::{Disk, DiskFile, Error, Options};

/// The name of the segment that is being filled with zeros.
pub(super) const UNFINISHED: &str = "next.tmp";

/// How much of a new segment is filled at a time, at least: some milliseconds' work at most (guess).
const STEP_BYTES: u32 = 1 << 20;

static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

/// Makes segments ready, out of retired ones or out of nothing, and gets rid of what it does not need.
pub(super) struct Yard {
    disk: Arc<dyn Disk>,
    options: Options,
    /// Numbered one after the other, directly after the one being written.
    ready: VecDeque<Segment>,
    /// The number of the next segment to become ready.
    next: u64,
    unfinished: Option<Unfinished>,
    retired: VecDeque<Retired>,
}

/// A segment under its last name. What it holds is of no use.
pub(super) struct Retired {
    pub(super) number: u64,
    pub(super) file: Arc<dyn DiskFile>,
}

struct Unfinished {
    file: Arc<dyn DiskFile>,
    /// How much of it is filled with zeros, in bytes.
    filled: u32,
}

impl Yard {
    /// With the segments that are `ready` already; `next` is the number of the one after them.
    pub(super) const fn new(
        disk: Arc<dyn Disk>,
        options: Options,
        ready: VecDeque<Segment>,
        next: u64,
    ) -> Self {
        Self {
            disk,
            options,
            ready,
            next,
            unfinished: None,
            retired: VecDeque::new(),
        }
    }

    /// Removes ready segments of another size than they should have, and those after them: the numbers have no gap, whatever a
    /// crash leaves.
    pub(super) fn refit(&mut self) -> Result<(), Error> {
        let size = self.options.segment_bytes;
        while self.ready.iter().any(|segment| segment.bytes != size) {
            let Some(last) = self.ready.pop_back() else {
                break;
            };
            let removed = self.disk.remove(&segment::name(last.number));
            removed.map_err(Error::io("remove a segment"))?;
            self.disk.sync().map_err(Error::io("sync the folder"))?;
            self.next = last.number;
        }
        Ok(())
    }

    /// How many segments are ready.
    pub(super) fn ready(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn retire(&mut self, retired: impl IntoIterator<Item = Retired>) {
        self.retired.extend(retired);
    }

    /// The next segment, made ready now if it is not.
    pub(super) fn take(&mut self) -> Result<Segment, Error> {
        loop {
            if let Some(segment) = self.ready.pop_front() {
                return Ok(segment);
            }
            self.step(u32::MAX)?;
        }
    }

    /// Makes sure that `count` segments are ready.
    pub(super) fn ensure(&mut self, count: usize) -> Result<(), Error> {
        while self.ready.len() < count {
            if self.retired.is_empty() {
                self.prepare(u32::MAX)?;
            } else {
                self.step(u32::MAX)?;
            }
        }
        Ok(())
    }

    /// Does one thing, of at most 1 MiB or `bytes` if that is more. Says whether there is more to do.
    ///
    /// The lowest segment goes first, so that what a crash leaves of the retired ones is easily told.
    pub(super) fn step(&mut self, bytes: u32) -> Result<bool, Error> {
        if let Some(retired) = self.retired.pop_front() {
            self.reuse(retired)?;
        } else if self.has_work() {
            self.prepare(bytes.max(STEP_BYTES))?;
        }
        Ok(self.has_work())
    }

    fn has_work(&self) -> bool {
        !self.retired.is_empty() || self.unfinished.is_some() || self.ready.is_empty()
    }

    /// Under its old name until its new header is on disk. The old name is below the oldest live segment, so nobody looks inside.
    fn reuse(&mut self, retired: Retired) -> Result<(), Error> {
        let (name, file) = (segment::name(retired.number), retired.file);
        let bytes = file.length().map_err(Error::io("measure a segment"))?;
        let enough = self.ready.len() + usize::from(self.unfinished.is_some());
        if enough >= self.options.ready_max || bytes != u64::from(self.options.segment_bytes) {
            return self
                .disk
                .remove(&name)
                .map_err(Error::io("remove a segment"));
        }
        self.finish(&name, file)
            .inspect_err(|_| self.discard(&name))
    }

    /// Fills some more of a new segment, and takes it in when it is full.
    fn prepare(&mut self, bytes: u32) -> Result<(), Error> {
        let mut unfinished = match self.unfinished.take() {
            Some(unfinished) => unfinished,
            None => Unfinished {
                file: self
                    .disk
                    .create(UNFINISHED)
                    .map_err(Error::ahead("create a segment"))?,
                filled: 0,
            },
        };
        let size = self.options.segment_bytes;
        let end = unfinished.filled.saturating_add(bytes).min(size);
        let file = unfinished.file.as_ref();
        if let Err(error) = fill(file, unfinished.filled, end) {
            // What is filled stays filled, so that waiting for room costs one write at a time.
            self.unfinished = Some(unfinished);
            return Err(Error::ahead("fill a segment")(error));
        }
        unfinished.filled = end;
        if end == size {
            return self
                .finish(UNFINISHED, unfinished.file)
                .inspect_err(|_| self.discard(UNFINISHED));
        }
        // Bit by bit, so that nobody has to wait for all of it at the end.
        let synced = file.sync_data();
        synced
            .map_err(Error::ahead("sync a new segment"))
            .inspect_err(|_| self.discard(UNFINISHED))?;
        self.unfinished = Some(unfinished);
        Ok(())
    }

    /// Makes the file the next segment: header, sync, name, sync of the folder.
    fn finish(&mut self, name: &str, file: Arc<dyn DiskFile>) -> Result<(), Error> {
        let ahead = Error::ahead("make a segment ready");
        let (number, bytes) = (self.next, self.options.segment_bytes);
        let segment = Segment::begin(number, bytes, file).map_err(&ahead)?;
        segment.file.sync_data().map_err(&ahead)?;
        let new = segment::name(number);
        self.disk.rename(name, &new).map_err(&ahead)?;
        // It has its name now, on disk or not: no way back, even if the disk is full.
        self.disk.sync().map_err(Error::io("sync the folder"))?;
        self.next += 1;
        self.ready.push_back(segment);
        Ok(())
    }

    /// After an error, when nothing is known about the file: it is not used again. If it cannot even be removed, it is found and removed when
    /// the log is opened.
    fn discard(&self, name: &str) {
        let _ = self.disk.remove(name);
    }
}

/// Writes zeros from `begin` to `end`, in bytes.
fn fill(file: &dyn DiskFile, begin: u32, end: u32) -> std::io::Result<()> {
    let mut at = begin;
    while at < end {
        let count = ((end - at) as usize).min(ZEROS.len());
        let zeros = ZEROS.get(..count).unwrap_or(&ZEROS);
        write_all_at(file, zeros, at.into())?;
        at += u32::try_from(count).unwrap_or(u32::MAX);
    }
    Ok(())
}
