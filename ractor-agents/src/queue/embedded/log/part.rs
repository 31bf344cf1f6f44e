//! The frame that is being filled.

use super::frame::{self, HEAD, Header};
use super::segment::{FRAMES, PAGE, Segment};
use super::{Error, Place};

/// What of a commit goes into one segment: the whole of it, nearly always.
pub(super) struct Part {
    pub(super) segment: Segment,
    /// Where in the segment the frame begins.
    pub(super) at: u32,
    /// Room for the head, then records. The head is filled in when it is written.
    frame: Vec<u8>,
}

impl Part {
    pub(super) fn new(segment: Segment, at: u32) -> Self {
        Self {
            segment,
            at,
            frame: vec![0; HEAD as usize],
        }
    }

    /// In a segment that has no frames.
    pub(super) fn first_of(segment: Segment) -> Self {
        Self::new(segment, FRAMES)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frame.len() <= HEAD as usize
    }

    /// How many more bytes the segment has room for.
    pub(super) fn room(&self) -> u32 {
        self.segment.bytes.saturating_sub(self.end())
    }

    /// Whether the segment has room for the frame as it is.
    pub(super) fn fits(&self) -> bool {
        self.end() <= self.segment.bytes
    }

    /// Appends a record that there is room for.
    pub(super) fn push(&mut self, record: &[u8]) -> Place {
        let offset = self.end();
        frame::push(&mut self.frame, &self.segment, offset, record);
        Place {
            segment: self.segment.number,
            offset,
            length: u32::try_from(record.len()).unwrap_or(u32::MAX),
        }
    }

    /// Writes the frame and waits until it is on disk. Says how many bytes it has.
    ///
    /// The write goes to the end of the page, with zeros, so that the system need not read a page of an older use before it
    /// can write a part of it.
    pub(super) fn write(&mut self, header: Header) -> Result<u32, Error> {
        frame::seal(&mut self.frame, &self.segment, self.at, header);
        let (length, end) = (self.frame.len(), self.end());
        let fill = end.next_multiple_of(PAGE).min(self.segment.bytes) - end;
        self.frame.resize(length + fill as usize, 0);
        let written = self.segment.write(&self.frame, self.at);
        self.frame.truncate(length);
        written?;
        self.segment.sync()?;
        Ok(end - self.at)
    }

    /// Goes on behind the frame that was written.
    pub(super) fn next(&mut self) {
        self.at = self.end();
        self.frame.truncate(HEAD as usize);
    }

    /// Where the frame ends in the segment as it is now.
    fn end(&self) -> u32 {
        // Within a segment, whose size is a `u32`; or beyond its end, when not even the head has room.
        let length = u32::try_from(self.frame.len()).unwrap_or(u32::MAX);
        self.at.saturating_add(length)
    }
}
