//! How frames and records look on disk.
//!
//! ```text
//! frame    0 salt of the segment │ 8 checksum of where it is and all that follows │ 12 bytes of the records
//!         16 sequence │ 24 epoch │ 32 oldest live segment │ 40 flags │ 44 zero │ 48 records
//! record   0 length │ 4 checksum of salt, offset, length and bytes │ 8 bytes │ zeros up to a multiple of 8
//! ```
//!
//! All numbers are little-endian. Frames and records begin at multiples of 8 bytes.

use super::Place;
use super::segment::Segment;

/// Bytes of a frame before its records.
pub(super) const HEAD: u32 = 48;

/// Bytes of a record before its own.
pub(super) const RECORD_HEAD: u32 = 8;

/// What frames and records begin at multiples of.
pub(super) const ALIGN: u32 = 8;

/// The frame is the last one of its commit.
const LAST: u32 = 1;

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// One more than the frame before. All frames before this one were on disk when it was written.
    pub(super) sequence: u64,
    /// Which opening of the log wrote it.
    pub(super) epoch: u64,
    /// The segments before this one are retired, if the commit is whole.
    pub(super) oldest: u64,
    /// Whether the commit is whole with it.
    pub(super) last: bool,
}

/// A frame as it was found, with its checksum verified.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) header: Header,
    segment: u64,
    at: u32,
    bytes: &'a [u8],
}

/// Fills in the head of a frame at `at` whose records are there already, after [`HEAD`] bytes of room.
pub(super) fn seal(frame: &mut [u8], segment: &Segment, at: u32, header: Header) {
    let length = frame.len().saturating_sub(HEAD as usize);
    let fields = [
        // A frame fits into a segment, whose size is a `u32`.
        &u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()[..],
        &header.sequence.to_le_bytes(),
        &header.epoch.to_le_bytes(),
        &header.oldest.to_le_bytes(),
        &(if header.last { LAST } else { 0 }).to_le_bytes(),
        &[0; 4],
    ];
    fill(frame, 12, &fields.concat());
    fill(frame, 0, &segment.salt.to_le_bytes());
    let sum = checksum(segment, at, frame);
    fill(frame, 8, &sum.to_le_bytes());
}

/// The frame at `at` in the bytes of a segment, if there is one.
pub(super) fn decode<'a>(segment: &Segment, bytes: &'a [u8], at: u32) -> Option<Frame<'a>> {
    let rest = bytes.get(at as usize..)?;
    if u64_at(rest, 0)? != segment.salt {
        return None;
    }
    let length = HEAD.checked_add(u32_at(rest, 12)?)?;
    let bytes = rest.get(..length as usize)?;
    if u32_at(bytes, 8)? != checksum(segment, at, bytes) {
        return None;
    }
    let frame = Frame {
        header: Header {
            sequence: u64_at(bytes, 16)?,
            epoch: u64_at(bytes, 24)?,
            oldest: u64_at(bytes, 32)?,
            last: u32_at(bytes, 40)? & LAST != 0,
        },
        segment: segment.number,
        at,
        bytes,
    };
    frame.is_well_formed().then_some(frame)
}

/// Whether there is a frame with that sequence number or a later one, anywhere from `begin` on.
pub(super) fn any(segment: &Segment, bytes: &[u8], begin: u32, sequence: u64) -> bool {
    let salt = segment.salt.to_le_bytes();
    let rest = bytes.get(begin as usize..).unwrap_or_default();
    let places = rest
        .chunks_exact(ALIGN as usize)
        .zip((begin..).step_by(ALIGN as usize));
    places
        .filter(|(chunk, _)| *chunk == salt)
        .filter_map(|(_, at)| decode(segment, bytes, at))
        .any(|frame| frame.header.sequence >= sequence)
}

impl<'a> Frame<'a> {
    /// Bytes of the frame.
    pub(super) fn length(&self) -> u32 {
        // It was a `u32` when it was read.
        u32::try_from(self.bytes.len()).unwrap_or(u32::MAX)
    }

    pub(super) fn records(&self) -> Records<'a> {
        Records {
            segment: self.segment,
            offset: self.at + HEAD,
            rest: self.bytes.get(HEAD as usize..).unwrap_or_default(),
        }
    }

    /// Always, unless somebody made up a checksum.
    fn is_well_formed(&self) -> bool {
        let mut records = self.records();
        while records.next().is_some() {}
        records.rest.is_empty()
    }
}

/// The records of a frame, in order.
pub(super) struct Records<'a> {
    segment: u64,
    offset: u32,
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = (Place, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let length = u32_at(self.rest, 0)?;
        let whole = record_bytes(length as usize)?;
        let rest = self.rest.get(whole as usize..)?;
        let begin = RECORD_HEAD as usize;
        let record = self.rest.get(begin..begin + length as usize)?;
        let place = Place {
            segment: self.segment,
            offset: self.offset,
            length,
        };
        self.rest = rest;
        self.offset += whole;
        Some((place, record))
    }
}

/// Appends a record that comes to be at `offset` of the segment.
pub(super) fn push(frame: &mut Vec<u8>, segment: &Segment, offset: u32, record: &[u8]) {
    // A longer one is refused before it gets here.
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    frame.extend_from_slice(&length.to_le_bytes());
    let sum = record_checksum(segment.salt, offset, record);
    frame.extend_from_slice(&sum.to_le_bytes());
    frame.extend_from_slice(record);
    frame.resize(frame.len().next_multiple_of(ALIGN as usize), 0);
}

/// What a record of that length takes in a frame; `None` if that is beyond any.
pub(super) fn record_bytes(length: usize) -> Option<u32> {
    u32::try_from(length)
        .ok()?
        .checked_add(RECORD_HEAD)?
        .checked_next_multiple_of(ALIGN)
}

pub(super) fn record_checksum(salt: u64, offset: u32, record: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&salt.to_le_bytes());
    sum.update(&offset.to_le_bytes());
    sum.update(&(record.len() as u64).to_le_bytes());
    sum.update(record);
    sum.finalize()
}

/// Over the place as well: a record may be a copy of frames.
fn checksum(segment: &Segment, at: u32, frame: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&segment.number.to_le_bytes());
    sum.update(&at.to_le_bytes());
    sum.update(frame.get(12..).unwrap_or_default());
    sum.finalize()
}

fn fill(frame: &mut [u8], at: usize, field: &[u8]) {
    if let Some(to) = frame.get_mut(at..at + field.len()) {
        to.copy_from_slice(field);
    }
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*field))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*field))
}
