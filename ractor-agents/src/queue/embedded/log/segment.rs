//! A file of frames.

use std::io;
use std::sync::Arc;

use super::disk::{read_exact_at, write_all_at};
use super::frame::{u32_at, u64_at};
use super::{DiskFile, Error};

/// Bytes of a page: what systems read and write at once, and what the header of a segment has for itself.
pub(super) const PAGE: u32 = 4096;

/// Where the frames begin.
pub(super) const FRAMES: u32 = PAGE;

const MAGIC: u64 = u64::from_le_bytes(*b"ractrlog");
const FORMAT: u32 = 1;

/// Bytes of the header that are used.
const HEADER_BYTES: usize = 32;

/// An open segment. The copies are of one file.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) number: u64,
    /// Random, new with each use of the file and never 0. Frames begin with it.
    pub(super) salt: u64,
    /// Bytes of the file.
    pub(super) bytes: u32,
    pub(super) file: Arc<dyn DiskFile>,
}

impl Segment {
    /// Makes the file the segment of that number, by its header alone. It is not synced yet.
    pub(super) fn begin(number: u64, bytes: u32, file: Arc<dyn DiskFile>) -> io::Result<Self> {
        let salt = loop {
            let salt = rand::random::<u64>();
            if salt != 0 {
                break salt;
            }
        };
        write_all_at(file.as_ref(), &header(number, salt), 0)?;
        Ok(Self {
            number,
            salt,
            bytes,
            file,
        })
    }

    /// Opens the segment of that number; `None` if the file is not that.
    pub(super) fn open(number: u64, file: Arc<dyn DiskFile>) -> Result<Option<Self>, Error> {
        let read = Error::io("read the header of a segment");
        let length = file.length().map_err(&read)?;
        let Some(bytes) = u32::try_from(length)
            .ok()
            .filter(|bytes| *bytes >= 2 * PAGE && bytes.is_multiple_of(PAGE))
        else {
            return Ok(None);
        };
        let mut found = [0; HEADER_BYTES];
        read_exact_at(file.as_ref(), &mut found, 0).map_err(&read)?;
        let (Some(format), Some(salt)) = (u32_at(&found, 8), u64_at(&found, 24)) else {
            return Ok(None);
        };
        if found.as_slice() != compose(number, salt, format).as_slice() || salt == 0 {
            return Ok(None);
        }
        if format != FORMAT {
            return Err(Error::UnknownFormat {
                segment: number,
                format,
            });
        }
        Ok(Some(Self {
            number,
            salt,
            bytes,
            file,
        }))
    }

    /// Reads all of it into `buffer`.
    pub(super) fn load(&self, buffer: &mut Vec<u8>) -> Result<(), Error> {
        buffer.resize(self.bytes as usize, 0);
        read_exact_at(self.file.as_ref(), buffer, 0).map_err(Error::io("read a segment"))
    }

    pub(super) fn read(&self, offset: u32, length: u32) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; length as usize];
        read_exact_at(self.file.as_ref(), &mut bytes, offset.into())
            .map_err(Error::io("read a segment"))?;
        Ok(bytes)
    }

    pub(super) fn write(&self, bytes: &[u8], offset: u32) -> Result<(), Error> {
        write_all_at(self.file.as_ref(), bytes, offset.into())
            .map_err(Error::io("write to a segment"))
    }

    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_data().map_err(Error::io("sync a segment"))
    }
}

/// The name of the file of a segment.
pub(super) fn name(number: u64) -> String {
    format!("{number:016x}.log")
}

/// The segment whose file has that name. No log ever gets to the upper half of the numbers.
pub(super) fn number(name: &str) -> Option<u64> {
    let number = u64::from_str_radix(name.strip_suffix(".log")?, 16).ok()?;
    (self::name(number) == name && number <= u64::MAX / 2).then_some(number)
}

/// The header as it is written: a page, so that no frame shares one with it.
fn header(number: u64, salt: u64) -> Vec<u8> {
    let mut page = compose(number, salt, FORMAT);
    page.resize(PAGE as usize, 0);
    page
}

/// Magic number, format, checksum of all else, number, salt.
fn compose(number: u64, salt: u64, format: u32) -> Vec<u8> {
    let (magic, format) = (MAGIC.to_le_bytes(), format.to_le_bytes());
    let (number, salt) = (number.to_le_bytes(), salt.to_le_bytes());
    let mut sum = crc32fast::Hasher::new();
    for field in [&magic[..], &format, &number, &salt] {
        sum.update(field);
    }
    let sum = sum.finalize().to_le_bytes();
    [&magic[..], &format, &sum, &number, &salt].concat()
}
