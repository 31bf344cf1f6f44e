//! Reading what was committed, from any thread.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::disk::read_exact_at;
use super::frame::{RECORD_HEAD, record_checksum, u32_at};
use super::segment::Segment;
use super::{Error, Place};

/// Reads records of a log while that goes on. Cheap to clone; blocks on the disk.
#[derive(Clone)]
pub(crate) struct Reader {
    shared: Arc<Shared>,
}

/// What the log and its readers share.
pub(super) struct Shared {
    state: RwLock<State>,
}

/// Held for a look only, never while the disk is at work.
struct State {
    /// The live segments; none when the log is closed.
    segments: BTreeMap<u64, Segment>,
    /// What is committed ends here: segment and offset.
    end: (u64, u32),
    closed: bool,
}

impl Reader {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The committed record at `place`.
    ///
    /// # Errors
    /// [`Error::Retired`], [`Error::NotCommitted`] and [`Error::Closed`] if the record is not there for a good reason;
    /// [`Error::Corrupted`] if its bytes are not those that were committed; [`Error::Io`].
    pub(crate) fn read(&self, place: Place) -> Result<Vec<u8>, Error> {
        let segment = self.shared.find(place)?;
        match read(&segment, place)? {
            Some(record) => Ok(record),
            // Retired in between, and in use for something else?
            None => self.shared.find(place).and(Err(Error::Corrupted {
                segment: place.segment,
                offset: place.offset,
            })),
        }
    }
}

/// The record, if its checksum is right.
fn read(segment: &Segment, place: Place) -> Result<Option<Vec<u8>>, Error> {
    let mut record = vec![0; RECORD_HEAD as usize + place.length as usize];
    read_exact_at(segment.file.as_ref(), &mut record, place.offset.into())
        .map_err(Error::io("read a record"))?;
    let (length, sum) = (u32_at(&record, 0), u32_at(&record, 4));
    record.drain(..RECORD_HEAD as usize);
    let expected = record_checksum(segment.salt, place.offset, &record);
    Ok((length == Some(place.length) && sum == Some(expected)).then_some(record))
}

impl Shared {
    pub(super) fn new(segments: BTreeMap<u64, Segment>, end: (u64, u32)) -> Self {
        Self {
            state: RwLock::new(State {
                segments,
                end,
                closed: false,
            }),
        }
    }

    pub(super) fn add(&self, segment: Segment) {
        self.state.write().segments.insert(segment.number, segment);
    }

    /// Moves the end on, and gives back the segments before `oldest`.
    pub(super) fn committed(&self, end: (u64, u32), oldest: u64) -> BTreeMap<u64, Segment> {
        let mut state = self.state.write();
        state.end = end;
        let live = state.segments.split_off(&oldest);
        std::mem::replace(&mut state.segments, live)
    }

    pub(super) fn close(&self) {
        let mut state = self.state.write();
        state.closed = true;
        state.segments.clear();
    }

    /// The segment of a place where something may be committed.
    fn find(&self, place: Place) -> Result<Segment, Error> {
        let state = self.state.read();
        if state.closed {
            return Err(Error::Closed);
        }
        let end = place
            .offset
            .saturating_add(RECORD_HEAD)
            .saturating_add(place.length);
        if (place.segment, end) > state.end {
            return Err(Error::NotCommitted);
        }
        let number = place.segment;
        let segment = state.segments.get(&number);
        let segment = segment.ok_or(Error::Retired { segment: number })?;
        if end > segment.bytes {
            return Err(Error::NotCommitted);
        }
        Ok(segment.clone())
    }
}
