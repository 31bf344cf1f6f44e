//! Who is found by what, and for how long.

mod figures;
mod finding;
mod heartbeats;
mod watching;

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;
