//! How the consumer of a mailbox parks and how senders wait, modelled with loom, which tries the ways in which threads
//! can interleave.
//!
//! The mailbox itself stands on locks and on a runtime that loom does not know, so this is a **model**: the few functions
//! of `ractor-agents/src/mailbox` that lock, park and wake, transcribed step by step and named alike (`insert`, `pick`,
//! `park`, `set_gate`, `poll_room`, `settle`, `leave_line`). Whoever changes those changes these. That the model
//! would notice is shown by its mutants: each leaves out one step, and must be caught.

mod consumer;
mod mutants;
mod protocol;
mod senders;

/// Runs `scene` in all interleavings with at most so many preemptions. Source: loom's documentation, which finds most
/// bugs with two or three.
fn explore(preemptions: usize, scene: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(scene);
}
