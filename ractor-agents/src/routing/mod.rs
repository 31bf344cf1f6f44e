//! The right agent gets the message, and one can see why.
//!
//! A [`Router`] stands for agents that can do the same: all of a type, all with a capability or a tag, or some that are named. Its
//! actor keeps a table of them; a message is routed in its sender's task, by the last table and the router's [`Strategy`], and
//! put into the chosen one's mailbox without passing through anybody's hands.
//!
//! ```text
//! registry ── who came, who left ──▶ clerk (actor, supervised) ── snapshot ──▶ table
//!                                                                               │
//! tell/ask ─────────────────────────────── strategy: whom? ◀────────────────────┘
//!             └──▶ mailbox of the chosen one      load, standing: read without locks
//! ```

mod candidate;
mod clerk;
mod core;
mod delivery;
mod error;
mod explain;
mod failover;
mod nobody;
mod offering;
mod port;
mod protocol;
mod ring;
mod router;
mod scatter;
mod source;
mod strategy;
mod table;
pub mod topic;

pub use candidate::{Candidate, PassedOver};
pub use core::{WhenFull, WhenNobody};
pub use delivery::{RoutedAsk, RoutedTell};
pub use error::{NoCandidate, RouteError};
pub use explain::{Considered, Explanation};
pub(crate) use failover::{Lost, LostAndFound};
pub(crate) use port::Port;
pub use protocol::Protocol;
pub use router::{Router, RouterBuilder};
pub use scatter::{Gathered, Scatter, ScatterError};
pub use strategy::{
    Candidates, LeastConnections, LeastResponseTime, PowerOfTwo, ResourceBased, RoundRobin,
    Strategy, WeightedRoundRobin,
};
