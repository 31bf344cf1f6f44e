//! Messages as bytes, where they leave the process or are written to disk.
//!
//! Whatever is encoded lies in a [`Frame`]: a header that says how it is encoded, what it is and in which version of its schema, how
//! long it is, and a checksum. So a reader never guesses, never reads beyond what was announced, and tells a damaged or foreign message
//! from a good one before anything of it is interpreted.
//!
//! ```text
//! 0      4        5         6        8          12       14       16        20        24
//! │"RAGF"│ version│ encoding│ flags 0│ kind u32 │ schema │ 0      │ length  │ checksum│ payload …
//! ```
//! Numbers are little-endian. The checksum is the CRC-32 (IEEE) of the header before it and of the payload. The kind is the CRC-32 of the
//! message's [kind](Codec::kind).
//!
//! # Choosing an encoding
//! | | [`Bincode`](Encoding::Bincode) (default) | [`Json`](Encoding::Json) |
//! |---|---|---|
//! | size, speed | small, fast | larger, several times slower |
//! | a field is added or taken away | a new [schema](Codec::schema) | readable as long as serde's defaults say how |
//! | `flatten`, `tag`, `untagged`, `skip`, `serde_json::Value` | **do not work, or lose data** | work |
//! | readable by people and operators' tools | no | yes |
//!
//! Bytes (`Vec<u8>`) should be marked `#[serde(with = "serde_bytes")]`: that is several times faster. Two kinds of types
//! should not be read from bytes that somebody else may have made: one that contains itself, since a nesting without end would use up the
//! stack, and by bincode a list of what takes no bytes (`Vec<()>`), since its length could be any.
//!
//! # Examples
//! ```
//! use ractor_agents::codec::{Codec, CodecError};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize, PartialEq, Debug)]
//! struct Review {
//!     repository: String,
//!     lines: u32,
//! }
//!
//! # fn main() -> Result<(), CodecError> {
//! let codec = Codec::of::<Review>();
//! let review = Review { repository: "ractor".to_owned(), lines: 120 };
//! let mut bytes = codec.encode(&review)?;
//! assert_eq!(codec.decode::<Review>(&bytes)?, review);
//!
//! *bytes.last_mut().unwrap() ^= 1;
//! assert!(matches!(codec.decode::<Review>(&bytes), Err(CodecError::Checksum)));
//! # Ok(())
//! # }
//! ```

mod bincode;
mod error;
mod frame;
mod json;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::CodecError;
pub use frame::Frame;

/// How a message is turned into bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Encoding {
    /// bincode 2 with the layout of bincode 1: little-endian numbers of fixed size.
    #[default]
    Bincode,
    /// JSON.
    Json,
}

impl Encoding {
    const fn id(self) -> u8 {
        match self {
            Self::Bincode => 1,
            Self::Json => 2,
        }
    }

    const fn of(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::Bincode),
            2 => Some(Self::Json),
            _ => None,
        }
    }
}

/// Encodes messages of one kind, and decodes them again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    kind: u32,
    encoding: Encoding,
    schema: u16,
    size_max: usize,
}

impl Codec {
    /// How long an encoded message may be by default, in bytes, without its header. Source: a guess; the default limit of NATS.
    pub const SIZE_DEFAULT: usize = 1 << 20;
    /// How long it may be at most. Source: a guess; what is larger belongs into a store, and its name into the message.
    pub const SIZE_MAX: usize = 16 << 20;

    /// For messages of type `T`: their kind is its name without the path, their schema 0.
    pub fn of<T>() -> Self {
        Self::new(short(std::any::type_name::<T>()))
    }

    /// For messages of this kind.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: frame::kind(kind),
            encoding: Encoding::default(),
            schema: 0,
            size_max: Self::SIZE_DEFAULT,
        }
    }

    /// What the messages are called: a message that was encoded as something else is not decoded. Set it where the type's name may
    /// change. Default: the type's name.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = frame::kind(kind);
        self
    }

    /// How messages are encoded. They are decoded whichever they were encoded by. Default: [`Encoding::Bincode`].
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// The version of the type: a message of another one is not decoded. Read it by [`Frame`], as the type that it was. Default: 0.
    pub fn schema(mut self, version: u16) -> Self {
        self.schema = version;
        self
    }

    /// How long an encoded message may be in bytes, 1 to 16 MiB; other values become the nearest of them. Default: 1 MiB.
    pub fn size_max(mut self, bytes: usize) -> Self {
        self.size_max = bytes.clamp(1, Self::SIZE_MAX);
        self
    }

    /// Encodes a message into a frame of its own.
    ///
    /// # Errors
    /// [`CodecError::Encode`] if the encoding cannot express it, [`CodecError::TooLarge`] if it would be too long.
    pub fn encode<T: Serialize + ?Sized>(&self, message: &T) -> Result<Vec<u8>, CodecError> {
        let mut bytes = Vec::with_capacity(USUAL);
        bytes.resize(frame::HEADER, 0);
        match self.encoding {
            Encoding::Bincode => bincode::encode(message, &mut bytes)?,
            Encoding::Json => json::encode(message, &mut bytes)?,
        }
        let length = bytes.len() - frame::HEADER;
        if length > self.size_max {
            return Err(CodecError::TooLarge {
                length,
                limit: self.size_max,
            });
        }
        frame::seal(&mut bytes, self.encoding, self.kind, self.schema);
        Ok(bytes)
    }

    /// Decodes a message from a frame, of which nothing may be left over.
    ///
    /// # Errors
    /// [`CodecError`] tells what is wrong with it. It depends on the bytes alone: trying again is of no use.
    pub fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, CodecError> {
        let frame = Frame::read(bytes, self.size_max)?;
        if !frame.is_number(self.kind) {
            return Err(CodecError::OtherKind);
        }
        if frame.schema() != self.schema {
            return Err(CodecError::OtherSchema {
                found: frame.schema(),
                expected: self.schema,
            });
        }
        frame.decode()
    }
}

/// A frame that takes no more bytes is encoded without growing. Source: a guess.
const USUAL: usize = 512;

/// The name without the path in front, also of what is in angle brackets.
fn short(name: &str) -> &str {
    let end = name.find('<').unwrap_or(name.len());
    let path = name.get(..end).and_then(|path| path.rfind("::"));
    path.and_then(|at| name.get(at + 2..)).unwrap_or(name)
}

/// Appends `value` by bincode, without a frame: for what has one already.
pub(crate) fn encode_bare<T: Serialize>(value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    bincode::encode(value, bytes)
}

/// Decodes what [`encode_bare`] appended, of which nothing may be left over.
pub(crate) fn decode_bare<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    bincode::decode(bytes)
}
