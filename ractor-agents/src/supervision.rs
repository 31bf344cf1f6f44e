//! Restarts and the supervision tree, as the [`supervisors`] crate has them.

pub use supervisors::{Backoff, ExitReason, Intensity, Restart};
pub use supervisors::{
    ChildId, ChildPath, ChildState, Event, Kind, Missed, Node, Tree, TreeEvent, TreeEvents,
};
