//! What durable queues are measured with: one job, and for each store the same few operations.
//!
//! The job: a message of 256 bytes with a key is taken in unless that key was seen, gets one of five priorities, and is answered when it is on
//! disk. What a store leaves out of that is said at it.

pub mod disk;
pub mod drive;
mod group;
mod log;
mod ours;
#[cfg(feature = "rabbitmq")]
mod rabbitmq;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "rabbitmq", feature = "redis"))]
mod server;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::ops::Range;
use std::path::Path;

#[cfg(feature = "rabbitmq")]
pub use self::rabbitmq::RabbitMq;
#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "sqlite")]
pub use self::sqlite::Sqlite;
pub use self::{
    log::PlainLog,
    ours::{Embedded, Ours},
};

/// What is in every message.
pub const PAYLOAD: [u8; 256] = [7; 256];

/// How many priorities there are; a message has that of its number, counted round.
pub const PRIORITIES: u64 = 5;

/// How long a key is remembered, in milliseconds.
#[cfg(feature = "redis")]
const WINDOW: u64 = 300_000;

/// The key of a message.
pub fn key(number: u64) -> String {
    format!("order-{number:012}")
}

/// Where queues are kept: a server, or a folder.
pub trait Store: Send + Sync + Sized + 'static {
    /// The name of the bench function.
    const NAME: &'static str;

    /// Whether messages can be taken out again. Otherwise it is a mere log.
    const GIVES: bool = true;

    /// One of its queues.
    type Queue: DurableQueue;

    /// Brings it up, with its data below `folder`.
    fn start(folder: &Path) -> impl Future<Output = Self> + Send;

    /// A queue that is new and empty.
    fn queue(&self) -> impl Future<Output = Self::Queue> + Send;
}

/// A queue whose messages are on disk.
pub trait DurableQueue: Send + Sync + 'static {
    /// A message on lease.
    type Lease: Send;

    /// Takes a message in; returns when it is on disk.
    fn enqueue(&self, number: u64) -> impl Future<Output = ()> + Send;

    /// Takes several in, all or none where the store can do that.
    fn enqueue_all(&self, numbers: Range<u64>) -> impl Future<Output = ()> + Send;

    /// Leases the next message, waiting until there is one.
    fn lease(&self) -> impl Future<Output = Self::Lease> + Send;

    /// It is done with; returns when that is on disk.
    fn ack(&self, lease: Self::Lease) -> impl Future<Output = ()> + Send;

    /// How often it has brought something to disk, if that is known.
    fn commits(&self) -> Option<u64> {
        None
    }

    /// Ends it.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// Calls a function that is generic over a [`Store`] for each that this build has.
#[macro_export]
macro_rules! each_store {
    ($function:ident($($argument:expr),*)) => {
        $function::<$crate::durable::Embedded>($($argument),*);
        $function::<$crate::durable::PlainLog>($($argument),*);
        #[cfg(feature = "sqlite")]
        $function::<$crate::durable::Sqlite>($($argument),*);
        #[cfg(feature = "redis")]
        $function::<$crate::durable::Redis>($($argument),*);
        #[cfg(feature = "rabbitmq")]
        $function::<$crate::durable::RabbitMq>($($argument),*);
    };
}
