//! Publish and subscribe: a message goes to everybody who wants to hear of what it is about.
//!
//! [`Topics`] keep the patterns of their subscribers in a trie by words, whose copies share what they have in common. A message is
//! matched in its publisher's task, by the last copy, and a copy of it put into the mailbox of each who wants to hear of it. The actor
//! only takes away the subscriptions of agents that have ended.
//!
//! ```text
//! registry ── who left ──▶ clerk (actor, supervised) ──▶ books ── copy ──▶ trie
//! subscribe, unsubscribe ──────────────────────────────────▲                │
//!     └──▶ the past, if it is kept                                          │
//! publish ────────────────────────────── who wants to hear of it? ◀────────┘
//!     └──▶ mailboxes
//! ```

mod error;
mod hub;
mod map;
mod name;
mod past;
mod publish;
mod subscriber;
mod topics;
mod trie;

pub use error::{PublishError, SubscribeError};
pub use name::{NameError, Pattern, Subject};
pub use publish::{Publish, Published, WhenFull};
pub use topics::{Topics, TopicsBuilder};
