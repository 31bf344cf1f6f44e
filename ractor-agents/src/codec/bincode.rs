//! bincode 2 with the layout of bincode 1. Nobody else names that crate: it is finished rather than maintained.

use bincode::config::{self, Configuration, Fixint, Limit, LittleEndian};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Codec, CodecError};

/// Without a limit, a length in the bytes would be believed, and so much memory be asked for.
const CONFIG: Configuration<LittleEndian, Fixint, Limit<{ Codec::SIZE_MAX }>> =
    config::legacy().with_limit::<{ Codec::SIZE_MAX }>();

pub(super) fn encode<T: Serialize + ?Sized>(
    message: &T,
    bytes: &mut Vec<u8>,
) -> Result<(), CodecError> {
    bincode::serde::encode_into_std_write(message, bytes, CONFIG)
        .map(drop)
        .map_err(|error| CodecError::Encode(Box::new(error)))
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    let (message, length) = bincode::serde::decode_from_slice(bytes, CONFIG)
        .map_err(|error| CodecError::Decode(Box::new(error)))?;
    match bytes.len() - length {
        0 => Ok(message),
        rest => Err(CodecError::LeftOver(rest)),
    }
}
