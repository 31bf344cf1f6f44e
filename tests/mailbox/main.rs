//! The lane mailbox and its layers, through the public API.

mod batches;
mod bounds;
mod dead_letters;
mod dedup;
mod destructors;
mod lanes;
mod letter_first;
mod limits;
mod options;
mod order;
mod own;
mod quarantine;
mod reentrant;
mod retry;
mod waiting;

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;
