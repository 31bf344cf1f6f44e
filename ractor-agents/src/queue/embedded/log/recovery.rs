//! What is found in the folder, and what of it counts.

use std::collections::{BTreeMap, VecDeque};

use super::frame::{self, Frame, HEAD, Header};
use super::segment::{self, FRAMES, Segment};
use super::yard::{Retired, UNFINISHED};
use super::{Disk, Error, Place};

/// A log that was found.
pub(super) struct Recovered {
    /// The live segments. What is committed ends in the last one of them.
    pub(super) live: BTreeMap<u64, Segment>,
    /// Where what is committed ends.
    pub(super) end: Position,
    /// The segments after that, in order.
    pub(super) ready: VecDeque<Segment>,
    /// Segments whose retirement was committed.
    pub(super) retired: Vec<Retired>,
    /// The frames of the last commit, in order, with their lengths.
    pub(super) last: Vec<(Position, u32)>,
    /// Of how many ready segments, from the first on, the first frame belongs to a commit that is cut off.
    pub(super) cut: usize,
    pub(super) oldest: u64,
    /// Of the last frame that counts.
    pub(super) epoch: u64,
    /// Of the next frame.
    pub(super) sequence: u64,
}

/// A segment and an offset in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    pub(super) segment: u64,
    pub(super) offset: u32,
}

impl Recovered {
    /// Takes away what is behind the cut, the last first: whatever a crash leaves of it, no frame comes after one that is missing.
    pub(super) fn wipe(&self) -> Result<(), Error> {
        let cut = self.ready.iter().take(self.cut);
        for segment in cut.rev() {
            segment.write(&[0; HEAD as usize], FRAMES)?;
            segment.sync()?;
        }
        Ok(())
    }

    /// Writes the last commit once more, as it is. It is there as far as the system's cache goes; after a failed `fdatasync` that says nothing of the
    /// disk, and only what is written anew is synced anew.
    pub(super) fn write_again(&self) -> Result<(), Error> {
        for (at, length) in &self.last {
            let Some(segment) = self.live.get(&at.segment) else {
                continue;
            };
            segment.write(&segment.read(at.offset, *length)?, at.offset)?;
            segment.sync()?;
        }
        Ok(())
    }
}

/// Finds the log in `disk` and replays it; `None` if there has never been one. Changes nothing, except that it removes a segment that
/// was never finished.
pub(super) fn recover(
    disk: &dyn Disk,
    replay: &mut dyn FnMut(Place, &[u8]),
) -> Result<Option<Recovered>, Error> {
    let Found {
        mut segments,
        others,
    } = find(disk)?;
    if segments.is_empty() && others.is_empty() {
        return Ok(None);
    }
    let last = last_commit(&segments)?;
    // Without any commit it must be new, with the first segment there. Otherwise the last commit is damaged, and cannot just be
    // left out: it may be that which retired all before.
    let oldest = last.map_or(1, |header| header.oldest);
    let mut live = segments.split_off(&oldest);
    let retired = retire(segments, others, oldest)?;
    for (expected, number) in (oldest..).zip(live.keys()) {
        if expected != *number {
            return Err(corrupted(expected, 0));
        }
    }
    if live.is_empty() {
        return Err(corrupted(oldest, 0));
    }
    let walk = Walk::along(&live, replay)?;
    // Nothing is behind the end, and the commit that was found from behind is the one that was come to.
    if walk.committed != last {
        return Err(corrupted(walk.end.segment, walk.end.offset));
    }
    let (end, sequence) = walk.cut_at();
    let ready: VecDeque<_> = live.split_off(&(end.segment + 1)).into_values().collect();
    Ok(Some(Recovered {
        live,
        end,
        ready,
        retired,
        cut: walk.parts.len().saturating_sub(1),
        last: walk.last,
        oldest,
        epoch: last.map_or(0, |header| header.epoch),
        sequence,
    }))
}

/// The segments in the folder, and the files that are only called so.
struct Found {
    segments: BTreeMap<u64, Segment>,
    others: BTreeMap<u64, Retired>,
}

fn find(disk: &dyn Disk) -> Result<Found, Error> {
    let mut found = Found {
        segments: BTreeMap::new(),
        others: BTreeMap::new(),
    };
    for name in disk.list().map_err(Error::io("list the folder"))? {
        if name == UNFINISHED {
            disk.remove(&name)
                .map_err(Error::io("remove an unfinished segment"))?;
        }
        let Some(number) = segment::number(&name) else {
            continue;
        };
        let file = disk.open(&name).map_err(Error::io("open a segment"))?;
        match Segment::open(number, file.clone())? {
            Some(segment) => {
                found.segments.insert(number, segment);
            }
            None => {
                found.others.insert(number, Retired { number, file });
            }
        }
    }
    Ok(found)
}

/// What the last whole commit says of itself, looked for from behind. If there is damage it may be an earlier one, which the walk finds out.
fn last_commit(segments: &BTreeMap<u64, Segment>) -> Result<Option<Header>, Error> {
    let mut buffer = Vec::new();
    for segment in segments.values().rev() {
        segment.load(&mut buffer)?;
        let mut found: Option<Header> = None;
        let (mut at, mut before) = (FRAMES, None);
        while let Some(frame) = frame::decode(segment, &buffer, at)
            && follows(before, &frame.header)
        {
            before = Some(frame.header);
            found = before.filter(|header| header.last).or(found);
            at += frame.length();
        }
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Whether a frame can come directly after the one `before`.
fn follows(before: Option<Header>, header: &Header) -> bool {
    before.is_none_or(|before| {
        before.sequence.checked_add(1) == Some(header.sequence) && header.epoch >= before.epoch
    })
}

/// All that is before `oldest`. A file that is no segment must be among that.
fn retire(
    segments: BTreeMap<u64, Segment>,
    mut others: BTreeMap<u64, Retired>,
    oldest: u64,
) -> Result<Vec<Retired>, Error> {
    for (number, Segment { file, .. }) in segments {
        others.insert(number, Retired { number, file });
    }
    match others.range(oldest..).next() {
        Some((number, _)) => Err(corrupted(*number, 0)),
        None => Ok(others.into_values().collect()),
    }
}

/// From frame to frame, from the oldest on.
struct Walk<'a> {
    replay: &'a mut dyn FnMut(Place, &[u8]),
    /// Where the frames taken so far end.
    end: Position,
    before: Option<Header>,
    /// The last frame that makes a commit whole.
    committed: Option<Header>,
    /// The frames of the last whole commit, with their lengths.
    last: Vec<(Position, u32)>,
    /// Frames of a commit that is not whole yet.
    parts: Vec<Part>,
}

/// A frame whose commit goes on in the next segment.
struct Part {
    at: Position,
    header: Header,
    length: u32,
    records: Vec<(Place, Vec<u8>)>,
}

impl<'a> Walk<'a> {
    fn along(
        segments: &BTreeMap<u64, Segment>,
        replay: &'a mut dyn FnMut(Place, &[u8]),
    ) -> Result<Self, Error> {
        let mut walk = Self {
            replay,
            end: Position {
                segment: segments.keys().next().copied().unwrap_or_default(),
                offset: FRAMES,
            },
            before: None,
            committed: None,
            last: Vec::new(),
            parts: Vec::new(),
        };
        let mut buffer = Vec::new();
        for segment in segments.values() {
            segment.load(&mut buffer)?;
            if !walk.through(segment, &buffer) {
                break;
            }
        }
        walk.look_behind(segments, &mut buffer)?;
        Ok(walk)
    }

    /// Takes the frames of a segment. Says whether there were any.
    fn through(&mut self, segment: &Segment, bytes: &[u8]) -> bool {
        let mut at = Position {
            segment: segment.number,
            offset: FRAMES,
        };
        while let Some(frame) = frame::decode(segment, bytes, at.offset)
            && follows(self.before, &frame.header)
        {
            self.take(at, &frame);
            at.offset += frame.length();
            self.end = at;
        }
        at.offset > FRAMES
    }

    fn take(&mut self, at: Position, frame: &Frame<'_>) {
        let (header, length) = (frame.header, frame.length());
        self.before = Some(header);
        if !header.last {
            let owned = |(place, record): (Place, &[u8])| (place, record.to_vec());
            self.parts.push(Part {
                at,
                header,
                length,
                records: frame.records().map(owned).collect(),
            });
            return;
        }
        self.committed = Some(header);
        self.last.clear();
        for part in self.parts.drain(..) {
            self.last.push((part.at, part.length));
            for (place, record) in part.records {
                (self.replay)(place, &record);
            }
        }
        self.last.push((at, length));
        for (place, record) in frame.records() {
            (self.replay)(place, record);
        }
    }

    /// Where the log goes on, and with which sequence number. A commit that is not whole does not count.
    fn cut_at(&self) -> (Position, u64) {
        match self.parts.first() {
            Some(part) => (part.at, part.header.sequence),
            None => (self.end, self.expected()),
        }
    }

    /// The sequence number of the frame that comes next.
    fn expected(&self) -> u64 {
        self.before
            .map_or(1, |before| before.sequence.saturating_add(1))
    }

    /// A frame behind the end that was written later than the one missing there proves that this one was on disk.
    fn look_behind(
        &self,
        segments: &BTreeMap<u64, Segment>,
        buffer: &mut Vec<u8>,
    ) -> Result<(), Error> {
        for segment in segments.range(self.end.segment..).map(|(_, it)| it) {
            segment.load(buffer)?;
            let begin = if segment.number == self.end.segment {
                self.end.offset
            } else {
                FRAMES
            };
            if frame::any(segment, buffer, begin, self.expected()) {
                return Err(corrupted(self.end.segment, self.end.offset));
            }
        }
        Ok(())
    }
}

const fn corrupted(segment: u64, offset: u32) -> Error {
    Error::Corrupted { segment, offset }
}
