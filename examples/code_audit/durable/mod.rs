//! The audit through durable queues: killed at any moment and started again, it goes on where it was.
//!
//! ```text
//!           ┌─ audit ───┐  which audit it is; on lease to the one process that writes the report
//!           │           │
//!  walk ──▶ ├─ files ───┤ ──▶ Inspector × N: reads, counts, applies the rules
//!           │           │                       │
//!           ├─ results ─┤ ◀─────────────────────┘
//!           └───────────┘ ──on lease until the report is written──▶ Collection ──▶ Fold ──▶ report
//! ```
//!
//! # Why nothing is lost, whenever it is killed
//!
//! - A file's message is acknowledged when its result is in its queue, and results when the report has been written. So what
//!   there is to know about a file is always in one of the two queues, or it is not in the queues yet.
//! - Whoever starts again takes the results first, and walks the tree again. A file with a result is not enqueued; one that is
//!   still in line is, and as its key is known that changes nothing. Its attempts stay counted: a file that takes the process with it is
//!   a dead letter in the end, and the audit fails with its name.
//! - When nothing is in line, nothing is in hand, and results are missing all the same (an operator has purged a queue, a message was
//!   damaged), what is missing is enqueued again, without a key.
//!
//! At least once, then: a file may be inspected twice, and the first of its results stays.
//!
//! # What the report tells
//!
//! The tree as the last walk met it. A file is its path, its size and when it was modified: one that was changed while nobody was
//! at work is inspected again, of one that has gone nothing is said. What changes while somebody is at work is as it is without a queue: it is
//! reported as it was when it was read.
//!
//! Messages and restarts are those of the process that writes the report. All else is, byte for byte, as without a queue.

mod audit;
mod collection;
mod inspector;
mod place;
mod queues;
mod wire;
mod worker;

pub use audit::audit;
pub use place::Place;
pub use worker::work;
