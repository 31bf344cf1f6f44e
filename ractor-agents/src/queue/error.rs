//! Why a queue did not do what it was asked to.

use std::sync::Arc;
use std::time::Duration;

use super::{Name, NameError, Stale, Unmet};
use crate::codec::CodecError;

/// Why a queue did not do what it was asked to.
///
/// Unless a variant says otherwise, nothing has changed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no room now, and there was none for as long as the caller would wait.
    #[error("the queue is full: {0}")]
    Full(Bound),
    /// There is no room for so much even in an empty queue.
    #[error("more than fits into the queue: {0}")]
    NeverFits(Bound),
    /// The message, or the batch, is longer than the broker takes.
    #[error("{length} bytes are more than the {length_max} that the broker takes at a time")]
    TooLong {
        /// In bytes.
        length: usize,
        /// In bytes.
        length_max: usize,
    },
    /// The message cannot be encoded, or is too long for its queue.
    #[error("the message cannot be enqueued")]
    Encode(#[source] Arc<CodecError>),
    /// The broker's disk is full: nothing new is taken in. What is there can be leased and acknowledged, which makes room.
    #[error("the disk is full")]
    NoSpace,
    /// The broker cannot be reached now.
    #[error("the broker cannot be reached: {0}")]
    Disconnected(BrokerError),
    /// It may be done or not: the broker was lost in between, or did not answer in time. Enqueue again with the same
    /// [key](super::Enqueue::key) and it is one message; settle again, and a [`Stale`](Self::Stale) lease says that the first time was enough, or
    /// too late.
    #[error("it is not known whether it was done: {0}")]
    Unknown(BrokerError),
    /// The lease is not good any more: somebody else may have the message.
    #[error("the lease is not good any more: {0}")]
    Stale(Stale),
    /// What can only be given back while no handler has started on it.
    #[error("a handler has started on the message")]
    Started,
    /// The broker has no such thing; [`Guarantees`](super::Guarantees) tell beforehand.
    #[error("{broker} cannot {operation}")]
    Unsupported {
        /// Which broker.
        broker: &'static str,
        /// What it cannot do.
        operation: &'static str,
    },
    /// The broker does not give what the queue asks for.
    #[error("{queue} asks for {unmet}; {advice}")]
    Unmet {
        /// Which queue.
        queue: Name,
        /// What is missing.
        unmet: Unmet,
        /// Which setting to change.
        advice: &'static str,
    },
    /// Somebody else has the queue, which only one process can have at a time.
    #[error("the queue is in use by {}", holder.map_or_else(|| "another process".into(), |id| format!("process {id}")))]
    InUse {
        /// The number of that process, if it is known.
        holder: Option<u32>,
    },
    /// What the broker kept is damaged or was written by a later version. Nothing is thrown away; a copy of the folder, and the
    /// guide's chapter on it, are the way on.
    #[error("what is stored of the queue cannot be read: {0}")]
    Corrupted(BrokerError),
    /// The broker or its disk refused for a reason of its own.
    #[error("the broker failed: {0}")]
    Broker(BrokerError),
    /// There is no such queue at the broker: operators look at what is there, and make nothing.
    #[error("there is no queue {0}")]
    NoSuchQueue(Name),
    /// The name is none of a queue.
    #[error(transparent)]
    Name(#[from] NameError),
    /// An option is out of range.
    #[error("{option} must be {range}")]
    OutOfRange {
        /// The option.
        option: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// The queue is open in this swarm, with other options or for messages of another type.
    #[error("{0} is open already, with other options or for other messages")]
    OpenOtherwise(Name),
    /// The swarm has no broker for queues that do not choose one.
    #[error("no broker was chosen: neither for the queue nor by `Builder::broker` for the swarm")]
    NoBroker,
    /// The queue is closed, or its swarm has ended.
    #[error("the queue is closed")]
    Closed,
}

/// A bound of a queue that would be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bound {
    /// Messages, those on lease included and dead letters not.
    Count {
        /// So many.
        max: usize,
    },
    /// Bytes of them.
    Bytes {
        /// So many.
        max: u64,
    },
    /// Fingerprints that are remembered.
    Remembered {
        /// So many.
        max: usize,
    },
}

impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count { max } => write!(f, "{max} messages"),
            Self::Bytes { max } => write!(f, "{max} bytes"),
            Self::Remembered { max } => write!(f, "{max} remembered keys and contents"),
        }
    }
}

/// What a broker, its driver or its disk said.
#[derive(Clone, Debug)]
pub struct BrokerError(Arc<dyn std::error::Error + Send + Sync>);

impl BrokerError {
    /// It was this.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into().into())
    }

    /// Nothing was said for so long.
    pub(super) fn silence(after: Duration) -> Self {
        Self::new(format!("no answer within {after:?}"))
    }

    /// For whoever knows the driver.
    pub fn get_ref(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.0
    }
}

impl std::fmt::Display for BrokerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl Error {
    /// Whether the same call may succeed later without anyone changing anything. After [`Unknown`](Self::Unknown) it may be done twice,
    /// unless the message has a key.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Full(_)
            | Self::NoSpace
            | Self::Disconnected(_)
            | Self::Unknown(_)
            | Self::InUse { .. } => true,
            Self::NeverFits(_)
            | Self::TooLong { .. }
            | Self::Encode(_)
            | Self::Stale(_)
            | Self::Started
            | Self::Unsupported { .. }
            | Self::Unmet { .. }
            | Self::Corrupted(_)
            | Self::Broker(_)
            | Self::NoSuchQueue(_)
            | Self::Name(_)
            | Self::OutOfRange { .. }
            | Self::OpenOtherwise(_)
            | Self::NoBroker
            | Self::Closed => false,
        }
    }

    /// Whether nothing has changed, and the same may succeed in a moment.
    pub(super) fn is_over_soon(&self) -> bool {
        matches!(self, Self::Full(_) | Self::NoSpace | Self::Disconnected(_))
    }
}

/// Of the same kind, and told in the same words.
impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && self.to_string() == other.to_string()
    }
}

impl Eq for Error {}

impl From<CodecError> for Error {
    fn from(error: CodecError) -> Self {
        Self::Encode(Arc::new(error))
    }
}

impl From<Stale> for Error {
    fn from(stale: Stale) -> Self {
        Self::Stale(stale)
    }
}
