//! What the server or the way to it says, as an error of a queue.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::queue::{BrokerError, Error};

/// What a call that has failed means.
pub(super) struct Fault {
    pub(super) error: Error,
    /// Whether the connection is of no more use.
    pub(super) is_lost: bool,
}

impl Fault {
    /// Of a call that was sent, perhaps.
    pub(super) fn of_call(error: RedisError) -> Self {
        let is_lost = error.is_unrecoverable_error() || error.is_timeout();
        match refusal(&error) {
            Some(Refusal::NoSpace) => Self::stays(Error::NoSpace),
            Some(Refusal::NotNow) => Self::stays(Error::Disconnected(BrokerError::new(error))),
            // A server that was made a replica: the address may lead to another by now.
            Some(Refusal::NotHere) => Self {
                error: Error::Disconnected(BrokerError::new(error)),
                is_lost: true,
            },
            Some(Refusal::Later) => Self::stays(Error::Corrupted(BrokerError::new(error))),
            None if is_lost || error.is_io_error() => Self {
                error: Error::Unknown(BrokerError::new(error)),
                is_lost: true,
            },
            None => Self::stays(Error::Broker(BrokerError::new(error))),
        }
    }

    const fn stays(error: Error) -> Self {
        Self {
            error,
            is_lost: false,
        }
    }
}

/// Of a connection that could not be made, or of a call that changes nothing.
pub(super) fn of_look(error: RedisError) -> Error {
    known(Fault::of_call(error).error)
}

/// Where nothing can have changed, nothing is unknown.
pub(super) fn known(error: Error) -> Error {
    match error {
        Error::Unknown(why) => Error::Disconnected(why),
        other => other,
    }
}

/// A server's refusal that has a meaning here. Nothing has changed.
enum Refusal {
    NoSpace,
    NotNow,
    NotHere,
    Later,
}

fn refusal(error: &RedisError) -> Option<Refusal> {
    match error.kind() {
        ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown,
        ) => return Some(Refusal::NotNow),
        ErrorKind::Server(ServerErrorKind::ReadOnly) => return Some(Refusal::NotHere),
        _ => {}
    }
    match error.code()? {
        "OOM" | "MISCONF" => Some(Refusal::NoSpace),
        "BUSY" | "NOREPLICAS" | "LOADING" => Some(Refusal::NotNow),
        "READONLY" => Some(Refusal::NotHere),
        "QVERSION" => Some(Refusal::Later),
        _ => None,
    }
}

/// Whether a script has to be loaded again.
pub(super) fn is_no_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}
