//! The broker without a server: a folder per queue.

#[allow(dead_code, reason = "the queue on top of it is not here yet")]
mod journal;
#[allow(
    dead_code,
    unused_imports,
    reason = "the queue on top of it is not here yet"
)]
mod ledger;
#[allow(
    dead_code,
    unused_imports,
    reason = "the queue on top of it is not here yet"
)]
pub(crate) mod log;
#[cfg(test)]
mod tests;
#[allow(dead_code, reason = "the queue on top of it is not here yet")]
mod writer;
