//! `#[agent]` on an `impl` block: what the messages it makes look like, and that its methods are the agent.

mod generics;
mod hooks;
mod messages;
mod parameters;
mod quiet;
mod replies;
