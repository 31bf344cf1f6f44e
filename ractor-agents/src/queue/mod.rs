//! Durable queues.

pub(crate) mod embedded;
