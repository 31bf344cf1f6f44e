//! The header around an encoded message.

use serde::de::DeserializeOwned;

use super::{CodecError, Encoding, bincode, json};

const MAGIC: [u8; 4] = *b"RAGF";
const VERSION: u8 = 1;

/// How long the header is, in bytes.
pub(super) const HEADER: usize = 24;
/// Where the checksum is; what is before it, and the payload behind it, is what it is of.
const CHECKSUM: usize = 20;

/// An encoded message with its header read and its checksum checked. For messages of several kinds or schemas; otherwise
/// [`Codec::decode`](super::Codec::decode) does it all.
///
/// # Examples
/// A field was added, and there are messages without it:
/// ```
/// # use ractor_agents::codec::{Codec, CodecError, Frame};
/// # use serde::{Deserialize, Serialize};
/// #[derive(Serialize, Deserialize)]
/// struct OldReview {
///     lines: u32,
/// }
///
/// #[derive(Serialize, Deserialize)]
/// struct Review {
///     lines: u32,
///     urgent: bool,
/// }
///
/// fn read(bytes: &[u8]) -> Result<Review, CodecError> {
///     let frame = Frame::read(bytes, Codec::SIZE_DEFAULT)?;
///     match frame.schema() {
///         0 => {
///             let OldReview { lines } = frame.decode()?;
///             Ok(Review { lines, urgent: false })
///         }
///         _ => frame.decode(),
///     }
/// }
/// # fn main() -> Result<(), CodecError> {
/// let old = Codec::new("Review").encode(&OldReview { lines: 7 })?;
/// assert_eq!(read(&old)?.lines, 7);
/// let new = Codec::new("Review").schema(1).encode(&Review { lines: 8, urgent: true })?;
/// assert!(read(&new)?.urgent);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    encoding: Encoding,
    kind: u32,
    schema: u16,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the header and checks everything that can be checked without decoding. The payload may have up to `size_max` bytes.
    ///
    /// # Errors
    /// [`CodecError`] tells what is wrong.
    pub fn read(bytes: &'a [u8], size_max: usize) -> Result<Self, CodecError> {
        let (header, payload) = bytes
            .split_first_chunk::<HEADER>()
            .ok_or(CodecError::CutOff)?;
        let [m0, m1, m2, m3, version, encoding, f0, f1, header @ ..] = *header;
        if [m0, m1, m2, m3] != MAGIC {
            return Err(CodecError::NoFrame);
        }
        // What is reserved is for versions to come, as a frame of one is.
        let [
            k0,
            k1,
            k2,
            k3,
            s0,
            s1,
            r0,
            r1,
            l0,
            l1,
            l2,
            l3,
            c0,
            c1,
            c2,
            c3,
        ] = header;
        if version != VERSION || [f0, f1, r0, r1] != [0; 4] {
            return Err(CodecError::UnknownVersion(version));
        }
        let encoding = Encoding::of(encoding).ok_or(CodecError::UnknownEncoding(encoding))?;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > size_max {
            return Err(CodecError::TooLarge {
                length,
                limit: size_max,
            });
        }
        if payload.len() < length {
            return Err(CodecError::CutOff);
        }
        if payload.len() > length {
            return Err(CodecError::LeftOver(payload.len() - length));
        }
        if checksum(bytes) != u32::from_le_bytes([c0, c1, c2, c3]) {
            return Err(CodecError::Checksum);
        }
        Ok(Self {
            encoding,
            kind: u32::from_le_bytes([k0, k1, k2, k3]),
            schema: u16::from_le_bytes([s0, s1]),
            payload,
        })
    }

    /// How it is encoded.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Whether it was encoded as this [kind](super::Codec::kind).
    pub fn is_kind(&self, name: &str) -> bool {
        self.is_number(kind(name))
    }

    pub(super) fn is_number(&self, kind: u32) -> bool {
        self.kind == kind
    }

    /// The version of its type.
    pub fn schema(&self) -> u16 {
        self.schema
    }

    /// The encoded message.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Decodes the message, whatever its kind and schema.
    ///
    /// # Errors
    /// [`CodecError::Decode`] if it is none of a `T`, [`CodecError::LeftOver`] if a `T` is only a part of it.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        match self.encoding {
            Encoding::Bincode => bincode::decode(self.payload),
            Encoding::Json => json::decode(self.payload),
        }
    }
}

/// Writes the header in front of the payload, for which there is room.
pub(super) fn seal(bytes: &mut [u8], encoding: Encoding, kind: u32, schema: u16) {
    let length = u32::try_from(bytes.len() - HEADER).unwrap_or(u32::MAX);
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&[VERSION, encoding.id(), 0, 0]);
    header.extend_from_slice(&kind.to_le_bytes());
    header.extend_from_slice(&schema.to_le_bytes());
    header.extend_from_slice(&[0, 0]);
    header.extend_from_slice(&length.to_le_bytes());
    put(bytes, &header);
    header.extend_from_slice(&checksum(bytes).to_le_bytes());
    put(bytes, &header);
}

fn put(bytes: &mut [u8], header: &[u8]) {
    for (to, from) in bytes.iter_mut().zip(header) {
        *to = *from;
    }
}

/// Of everything but the place of the checksum itself.
fn checksum(bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(bytes.get(..CHECKSUM).unwrap_or_default());
    hasher.update(bytes.get(HEADER..).unwrap_or_default());
    hasher.finalize()
}

/// What stands for a kind in a header.
pub(super) fn kind(name: &str) -> u32 {
    crc32fast::hash(name.as_bytes())
}
