//! Restarts and the supervision tree, as the [`supervisors`] crate has them: what the options of a
//! [`Spawn`](crate::swarm::Spawn) take ([`Restart`], [`Intensity`], [`Backoff`]), what
//! [`on_restart`](crate::agent::Agent::on_restart) is told ([`ExitReason`]), and what [`Swarm::tree`] and
//! [`Swarm::supervision_events`] show (the rest).
//!
//! [`Swarm::tree`]: crate::swarm::Swarm::tree
//! [`Swarm::supervision_events`]: crate::swarm::Swarm::supervision_events

pub use supervisors::{Backoff, ExitReason, Intensity, Restart};
pub use supervisors::{
    ChildId, ChildPath, ChildState, Event, Kind, Missed, Node, Tree, TreeEvent, TreeEvents,
};
