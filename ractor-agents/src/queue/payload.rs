//! What is in a message, as brokers keep it.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::codec::{Codec, CodecError, Frame, decode_bare, encode_bare};
use crate::message::Headers;

/// Headers and an encoded message, as brokers keep them: four bytes with the length of the headers, little-endian, the headers, and the
/// message in a [frame](Frame) of its own. Cheap to clone. `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Bytes);

/// How many bytes say how long the headers are.
const PREFIX: usize = 4;

impl Payload {
    /// Of these bytes, which a broker kept.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// For a broker to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For a broker to keep.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Of an encoded message and what is sent along.
    pub(super) fn of(headers: &Headers, message: &[u8]) -> Result<Self, CodecError> {
        let mut bytes = Vec::with_capacity(PREFIX + message.len());
        bytes.extend_from_slice(&[0; PREFIX]);
        if !headers.is_empty() {
            let headers: Vec<(&str, &str)> = headers.iter().collect();
            encode_bare(&headers, &mut bytes)?;
        }
        // Headers are bounded to 8 KiB.
        let length = u32::try_from(bytes.len() - PREFIX).unwrap_or(u32::MAX);
        if let Some(prefix) = bytes.get_mut(..PREFIX) {
            prefix.copy_from_slice(&length.to_le_bytes());
        }
        bytes.extend_from_slice(message);
        Ok(Self(bytes.into()))
    }

    /// The message.
    ///
    /// # Errors
    /// [`CodecError`] if it is none of a `T`, or damaged.
    pub fn decode<T: DeserializeOwned>(&self, codec: &Codec) -> Result<T, CodecError> {
        codec.decode(self.parts()?.1)
    }

    /// The encoded message with its header read, for messages of several kinds or schemas.
    ///
    /// # Errors
    /// [`CodecError`] tells what is wrong with it.
    pub fn frame(&self) -> Result<Frame<'_>, CodecError> {
        Frame::read(self.parts()?.1, Codec::SIZE_MAX)
    }

    /// What travels with the message.
    ///
    /// # Errors
    /// [`CodecError`] tells what is wrong with it.
    pub fn headers(&self) -> Result<Headers, CodecError> {
        let mut headers = Headers::default();
        let bytes = self.parts()?.0;
        if !bytes.is_empty() {
            let entries: Vec<(Box<str>, Box<str>)> = decode_bare(bytes)?;
            for (name, value) in entries {
                // What was written did fit.
                let _ = headers.set(&name, &value);
            }
        }
        Ok(headers)
    }

    fn parts(&self) -> Result<(&[u8], &[u8]), CodecError> {
        let parts = self.0.split_first_chunk::<PREFIX>();
        let parts = parts
            .and_then(|(prefix, rest)| rest.split_at_checked(u32::from_le_bytes(*prefix) as usize));
        parts.ok_or(CodecError::CutOff)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}
