//! The log itself.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::frame::{HEAD, Header, RECORD_HEAD, record_bytes};
use super::part::Part;
use super::reader::{Reader, Shared};
use super::recovery::{Recovered, recover};
use super::segment::{FRAMES, Segment};
use super::yard::{Retired, Yard};
use super::{Disk, Error, Lock, LockError, Options, Place};

/// An append-only log: the one who writes it. Every method blocks on the disk where it says so.
///
/// What was appended and not committed is dropped with the log.
pub(crate) struct Log {
    /// The frame that is being filled.
    tail: Part,
    /// Frames of the same commit that are full.
    full: Vec<Part>,
    yard: Yard,
    shared: Arc<Shared>,
    options: Options,
    /// Of the next frame.
    sequence: u64,
    epoch: u64,
    /// The oldest live segment, as far as that is committed.
    oldest: u64,
    /// The oldest live segment with the next commit.
    oldest_next: u64,
    /// Bytes committed since the yard last had its turn.
    written: u32,
    poisoned: bool,
    /// The last field: dropped when nothing is written any more.
    _lock: Lock,
}

/// Which segments there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segments {
    /// The number of the oldest live segment.
    pub(crate) oldest: u64,
    /// The number of the segment that is written.
    pub(crate) current: u64,
    /// How many bytes of frames that has room for yet.
    pub(crate) room: u32,
    /// How many more segments are ready. While that is none because the disk is full, only what is sure to make room should be
    /// appended.
    pub(crate) ready: usize,
}

impl Log {
    /// Opens the log in `disk`, or begins one there. Gives every committed record that is not retired to `replay`, in the order in which
    /// they were appended. Blocks; takes the time that it takes to read the log.
    ///
    /// # Errors
    /// [`Error::InUse`]; [`Error::Corrupted`], in which case nothing was changed, but some records may have been replayed;
    /// [`Error::UnknownFormat`], [`Error::NoSpace`], [`Error::Io`].
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        options: Options,
        mut replay: impl FnMut(Place, &[u8]),
    ) -> Result<Self, Error> {
        let options = options.checked();
        let lock = disk.lock().map_err(|error| match error {
            LockError::Held(holder) => Error::InUse { holder },
            LockError::Io(error) => Error::io("lock the folder")(error),
        })?;
        let mut log = match recover(disk.as_ref(), &mut replay)? {
            Some(found) => Self::resume(disk, options, lock, found)?,
            None => Self::begin(disk, options, lock)?,
        };
        log.write()?;
        Ok(log)
    }

    fn begin(disk: Arc<dyn Disk>, options: Options, lock: Lock) -> Result<Self, Error> {
        let mut yard = Yard::new(disk, options, VecDeque::new(), 1);
        let segment = yard.take()?;
        let shared = Shared::new([(1, segment.clone())].into(), (1, FRAMES));
        Ok(Self {
            tail: Part::first_of(segment),
            full: Vec::new(),
            yard,
            shared: Arc::new(shared),
            options,
            sequence: 1,
            epoch: 1,
            oldest: 1,
            oldest_next: 1,
            written: 0,
            poisoned: false,
            _lock: lock,
        })
    }

    /// Goes on with what was found, which is on disk for good when this returns.
    fn resume(
        disk: Arc<dyn Disk>,
        options: Options,
        lock: Lock,
        found: Recovered,
    ) -> Result<Self, Error> {
        // A name that was seen may not be on disk: whoever gave it may have been killed before the sync.
        disk.sync().map_err(Error::io("sync the folder"))?;
        found.wipe()?;
        found.write_again()?;
        let end = found.end;
        let Some(segment) = found.live.get(&end.segment).cloned() else {
            return Err(Error::Corrupted {
                segment: end.segment,
                offset: end.offset,
            });
        };
        let next = end.segment + 1 + found.ready.len() as u64;
        let mut yard = Yard::new(disk, options, found.ready, next);
        yard.refit()?;
        yard.retire(found.retired);
        Ok(Self {
            tail: Part::new(segment, end.offset),
            full: Vec::new(),
            yard,
            shared: Arc::new(Shared::new(found.live, (end.segment, end.offset))),
            options,
            sequence: found.sequence,
            epoch: found.epoch.saturating_add(1),
            oldest: found.oldest,
            oldest_next: found.oldest,
            written: 0,
            poisoned: false,
            _lock: lock,
        })
    }

    /// The number of this opening: one more than that of the one before, and on disk.
    #[cfg(test)]
    pub(crate) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Which segments there are.
    pub(crate) fn segments(&self) -> Segments {
        Segments {
            oldest: self.oldest,
            current: self.tail.segment.number,
            room: self.tail.room(),
            ready: self.yard.ready(),
        }
    }

    /// Bytes of the longest record: a segment without its header and the heads of frame and record. 16 MiB less 4,152 bytes by default.
    pub(crate) const fn record_max(&self) -> usize {
        (self.options.segment_bytes - FRAMES - HEAD - RECORD_HEAD) as usize
    }

    /// A reader of what is committed. Good until the log is dropped.
    pub(crate) fn reader(&self) -> Reader {
        Reader::new(self.shared.clone())
    }

    /// Makes sure that `records` records of `bytes` bytes together can be appended without [`Error::NoSpace`], so that several that belong together
    /// are all appended or none. Blocks only if they need segments that are not ready.
    ///
    /// # Errors
    /// [`Error::NoSpace`], [`Error::Poisoned`], [`Error::Io`].
    pub(crate) fn reserve(&mut self, records: usize, bytes: usize) -> Result<(), Error> {
        self.check()?;
        let most = records.saturating_mul(2 * RECORD_HEAD as usize);
        let most = most.saturating_add(bytes);
        if most <= self.tail.room() as usize {
            return Ok(());
        }
        // Two neighbours together are more than half full, or the records of the second would be in the first.
        let segments = most.saturating_mul(2) / self.record_max() + 1;
        let made = self.yard.ensure(segments);
        self.note(made)
    }

    /// Appends a record to the next commit, in memory. Its place is final, and can be read from once that commit is done.
    ///
    /// Blocks only if the record needs a segment that is not ready.
    ///
    /// # Errors
    /// [`Error::TooLong`] above [`record_max`](Self::record_max), [`Error::NoSpace`]: what was appended before stays.
    /// [`Error::Poisoned`], [`Error::Io`].
    pub(crate) fn append(&mut self, record: &[u8]) -> Result<Place, Error> {
        self.check()?;
        let (length, length_max) = (record.len(), self.record_max());
        let bytes = record_bytes(length).filter(|_| length <= length_max);
        let bytes = bytes.ok_or(Error::TooLong { length, length_max })?;
        if bytes > self.tail.room() {
            self.advance()?;
        }
        Ok(self.tail.push(record))
    }

    /// Brings to disk what was appended since the last commit, as a whole, and what was retired. Blocks for one write and one
    /// `fdatasync`, one more of each per segment that the commit crosses into, and none if there is nothing to do.
    ///
    /// # Errors
    /// [`Error::Io`]: whether the commit is on disk is unknown, and the log is poisoned. [`Error::Poisoned`].
    /// [`Error::NoSpace`] only if nothing was appended and there is no room to note what was retired.
    pub(crate) fn commit(&mut self) -> Result<(), Error> {
        self.check()?;
        if self.is_on_disk() && self.oldest == self.oldest_next {
            return Ok(());
        }
        self.write()
    }

    /// Whether everything that was appended is committed.
    pub(crate) fn is_on_disk(&self) -> bool {
        self.tail.is_empty() && self.full.is_empty()
    }

    /// Says that nothing before the segment `oldest` is needed any more, not even to be replayed. Takes effect with the next
    /// commit; from then on those segments can no longer be read from, and [`tend`](Self::tend) puts them to use again.
    ///
    /// Segments of the commit that is being appended stay, and so does the one that is written.
    pub(crate) fn retire(&mut self, oldest: u64) {
        let first = self.full.first().unwrap_or(&self.tail);
        let oldest = oldest.min(first.segment.number);
        self.oldest_next = self.oldest_next.max(oldest);
    }

    /// Does a little of what can be done ahead of need: makes segments ready, out of retired ones or new, and removes those that are too many.
    /// Says whether there is more to do. To be called after each commit, when everybody has their answer, and when idle until there is no
    /// more to do; what was not done in time is done by the commit that needs it.
    ///
    /// Blocks for one thing at a time: 1 MiB of zeros or as much as was committed since the last call, whichever is more, and
    /// an `fdatasync`; or the header of a segment and its new name, with two.
    ///
    /// # Errors
    /// [`Error::NoSpace`]: the log goes on as long as there is room, and the next call tries again. [`Error::Io`], [`Error::Poisoned`].
    pub(crate) fn tend(&mut self) -> Result<bool, Error> {
        self.check()?;
        let written = std::mem::take(&mut self.written);
        let more = self.yard.step(written);
        self.note(more)
    }

    /// Goes on in the next segment.
    fn advance(&mut self) -> Result<(), Error> {
        let segment = self.yard.take();
        let segment = self.note(segment)?;
        self.shared.add(segment.clone());
        let full = std::mem::replace(&mut self.tail, Part::first_of(segment));
        if !full.is_empty() {
            self.full.push(full);
        }
        Ok(())
    }

    /// Writes a commit, with or without records.
    fn write(&mut self) -> Result<(), Error> {
        if !self.tail.fits() {
            self.advance()?;
        }
        let written = self.write_parts();
        self.note(written)?;
        self.tail.next();
        self.oldest = self.oldest_next;
        let end = (self.tail.segment.number, self.tail.at);
        let retired = self.shared.committed(end, self.oldest);
        let retired = retired.into_values();
        self.yard
            .retire(retired.map(|Segment { number, file, .. }| Retired { number, file }));
        Ok(())
    }

    fn write_parts(&mut self) -> Result<(), Error> {
        let mut header = Header {
            sequence: self.sequence,
            epoch: self.epoch,
            oldest: self.oldest_next,
            last: false,
        };
        for mut part in self.full.drain(..) {
            self.written = self.written.saturating_add(part.write(header)?);
            header.sequence += 1;
        }
        header.last = true;
        self.written = self.written.saturating_add(self.tail.write(header)?);
        self.sequence = header.sequence + 1;
        Ok(())
    }

    const fn check(&self) -> Result<(), Error> {
        if self.poisoned {
            Err(Error::Poisoned)
        } else {
            Ok(())
        }
    }

    /// Remembers an error of the disk.
    fn note<T>(&mut self, result: Result<T, Error>) -> Result<T, Error> {
        self.poisoned |= matches!(result, Err(Error::Io { .. }));
        result
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("epoch", &self.epoch)
            .field("segments", &self.segments())
            .field("poisoned", &self.poisoned)
            .finish_non_exhaustive()
    }
}
