//! What the benches share: one message, a few roles, and for each library the same small set of operations.
//!
//! A bench is generic over a [`Peer`]; [`each_peer!`] runs it for all of them. The list of peers is in [`peers`].

pub mod bench;
pub mod durable;
pub mod machine;
pub mod peers;
pub mod results;
pub mod role;
pub mod scenario;
pub mod stopwatch;
pub mod table;

mod latch;
mod message;
mod peer;

pub use bench::WORKERS;
pub use latch::Latch;
pub use message::{Message, take_numbers};
pub use peer::{Peer, Restarts};
pub use role::Role;
