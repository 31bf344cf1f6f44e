//! Starting, pausing, stopping and giving up agents, and what they see of it.

mod children;
mod giving_up;
mod handles;
mod hooks;
mod metadata;
mod spawning;
mod status;
mod stopping;
mod timers;
mod tree;

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;
