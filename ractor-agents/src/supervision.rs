//! Restart strategies, as the [`supervisors`] crate has them.

pub use supervisors::{Backoff, ExitReason, Intensity, Restart};
