//! Requests and responses as bytes.

use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::codec::{decode_bare, encode_bare};

/// Of requests and responses. Another is refused.
const VERSION: u8 = 1;

/// How long one may be, in bytes. Source: a guess; a page of the longest messages that queues take by default.
pub(super) const LENGTH_MAX: u32 = 64 << 20;

/// How long the other side may take. Source: the patience of an `ask`.
const LIMIT: Duration = Duration::from_secs(30);

pub(super) async fn send<T: Serialize>(to: &mut UnixStream, what: &T) -> io::Result<()> {
    let mut bytes = vec![VERSION, 0, 0, 0, 0];
    encode_bare(what, &mut bytes).map_err(invalid)?;
    let length = u32::try_from(bytes.len() - 5).map_err(invalid)?;
    if length > LENGTH_MAX {
        return Err(invalid("too much at a time: ask for less"));
    }
    if let Some(prefix) = bytes.get_mut(1..5) {
        prefix.copy_from_slice(&length.to_le_bytes());
    }
    timeout(LIMIT, to.write_all(&bytes)).await?
}

pub(super) async fn receive<T: DeserializeOwned>(from: &mut UnixStream) -> io::Result<T> {
    timeout(LIMIT, async {
        let version = from.read_u8().await?;
        if version != VERSION {
            return Err(invalid("the other side is of another version"));
        }
        let length = from.read_u32_le().await?;
        if length > LENGTH_MAX {
            return Err(invalid("more than is ever sent"));
        }
        let mut bytes = Vec::new();
        let read = from.take(length.into()).read_to_end(&mut bytes).await?;
        if read < length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        decode_bare(&bytes).map_err(invalid)
    })
    .await?
}

fn invalid(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
