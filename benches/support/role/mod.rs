//! What the agents of a bench do, the same in every peer.

mod busy;
mod link;
mod phoenix;
mod sink;

pub use busy::{Backlog, Busy};
pub use link::{Link, Ring};
pub use phoenix::{Lives, Phoenix};
pub use sink::Sink;

use crate::Message;

/// The behaviour of an agent. A clone is what a restarted agent begins with.
pub trait Role: Clone + Send + Sync + Unpin + 'static {
    /// Handles one message.
    fn handle(&mut self, message: &Message) -> impl Future<Output = ()> + Send;
}
