//! Who waits for whom, so that agents that wait for each other in a circle are told.
//!
//! A graph of agents: an edge says that one can get on only when another does. An agent does one thing at a time, so it has at most
//! one edge, and a circle is found by following them from agent to agent. Nothing here knows why anybody waits: whoever polls an
//! agent's work decides what is an edge.
//!
//! ```text
//! Record ── Seat ──▶ Edge ◀── whoever polls the agent's work, and its waker
//!                     │ number of another agent
//!                     ▼
//!                   Record ── Seat ──▶ Edge ──▶ …
//! ```
//!
//! Why is there no false alarm? An edge is set when the only thing that can wake the agent's work is the one that it waits for, and
//! is gone as soon as that wakes it, before whoever woke it goes on ([`Edge`]). A circle counts only if all of its edges were there
//! at one instant ([`Graph::wait`]).
//!
//! Why is none overlooked? Of several that close a circle together, the last one to set its edge sees those of all others: each sets
//! its own, passes a fence, and then looks. `tests/edges` tries these files out with loom.

mod edge;
mod graph;
mod seat;
#[cfg(test)]
mod tests;

/// What the rest stands on; in `tests/edges`, that is loom.
mod base {
    pub(super) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};

    pub(super) use parking_lot::Mutex;
}

pub(crate) use edge::{Edge, Sighting};
pub(crate) use graph::{Before, Graph, Node, Whom};
pub(crate) use seat::Seat;
