//! JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::CodecError;

pub(super) fn encode<T: Serialize + ?Sized>(
    message: &T,
    bytes: &mut Vec<u8>,
) -> Result<(), CodecError> {
    serde_json::to_writer(bytes, message).map_err(|error| CodecError::Encode(Box::new(error)))
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
    serde_json::from_slice(bytes).map_err(|error| CodecError::Decode(Box::new(error)))
}
