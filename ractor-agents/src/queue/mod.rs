//! Durable queues.

mod ability;
pub mod broker;
mod builder;
mod claim;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod conformance;
mod delivery;
#[cfg(feature = "embedded")]
#[cfg_attr(docsrs, doc(cfg(feature = "embedded")))]
pub(crate) mod embedded;
mod enqueue;
mod error;
mod guarantees;
mod handle;
mod history;
mod hold;
mod id;
mod lease;
mod letters;
mod line;
mod name;
mod open;
mod options;
mod payload;
mod stats;
mod table;
mod time;
mod token;

pub use ability::{Abilities, Ability};
pub use broker::{Backend, Broker, Receipt};
pub use builder::QueueBuilder;
pub use claim::Claim;
pub use delivery::Delivery;
#[cfg(feature = "embedded")]
#[cfg_attr(docsrs, doc(cfg(feature = "embedded")))]
pub use embedded::Embedded;
pub use enqueue::Enqueue;
pub use error::{Bound, BrokerError, Error};
pub use guarantees::{Durability, Guarantees, Requirements, Unmet};
pub use handle::Queue;
pub use history::{Cause, Death, Failure, History, Reason, ReasonKind};
pub use id::{Fingerprint, MessageId, ParseIdError};
pub use lease::{Lease, Many, One};
pub use letters::{Cursor, DeadLetter, Filter, Peeked, Position, Selection};
pub use line::Binding;
pub(crate) use line::{Enqueued, Leasing, Line, Terms};
pub use name::{Name, NameError};
pub use options::{Aging, Backoff, Dedup, Options};
pub use payload::Payload;
pub use stats::{LaneStats, Stats};
pub(crate) use table::Queues;
pub use token::{Stale, Token};
