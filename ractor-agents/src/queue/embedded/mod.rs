//! The broker without a server.

#[allow(
    dead_code,
    unused_imports,
    reason = "the queue on top of it is not here yet"
)]
pub(crate) mod log;
