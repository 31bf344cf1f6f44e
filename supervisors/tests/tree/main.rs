//! Supervision trees of real ractor actors.
#![allow(missing_docs, reason = "a test binary")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]
#![allow(unreachable_pub, missing_debug_implementations, reason = "modules of one test binary")]

mod basics;
mod support;
