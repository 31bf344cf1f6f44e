//! The shape of the public API: what may cross threads, and what a dropped future costs.

mod cancellation;
mod markers;
mod outside;
