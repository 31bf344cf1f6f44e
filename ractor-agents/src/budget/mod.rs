//! What a message and all that is sent on its behalf may take: hops, time, and units of any kind.
//!
//! Why not just a time to live and a counter in the message? Because work is delegated. An agent that is asked something asks
//! others, and those ask others, and none of them knows how much the first asker is ready to pay. So the limits travel with the
//! messages, and nobody has to pass them on by hand: what a handler sends while it has a message with a budget in hand inherits
//! what is left of it.
//!
//! ```text
//! ask(plan).budget(hops 3, 2 s, 1,000 tokens)
//!   └─▶ planner#1  hops 2        spends 100 ─┐
//!         ├─▶ writer#2  hops 1   spends 600 ─┼─▶ one purse of 1,000 tokens, one end of the time
//!         └─▶ critic#3  hops 1   spends 400 ─┘   the last of them is refused
//! ```
//!
//! - **Hops** are counted along a path: each message may go one less deep than the one that it was sent for.
//! - **Time** is one instant for all.
//! - **Units** (tokens, cents, whatever you count) are one purse for all, spent by whoever [spends](Purse::spend).
//!
//! What comes to an end is told by [`BudgetExhausted`], which names the agents that the messages went through: so a ping-pong
//! between two agents ends, and one can see between whom it was. See `docs/semantics.md` for every rule.
//!
//! # Examples
//! ```
//! # use ractor_agents::prelude::*;
//! use ractor_agents::budget::Exhausted;
//! use ractor_agents::agent::AskError;
//!
//! #[derive(Clone)]
//! struct Writer;
//!
//! impl Agent for Writer {
//!     type Message = String;
//!     type Reply = usize;
//!
//!     async fn handle(&mut self, text: &String, ctx: &Context<Self>) -> Result<usize, Failure> {
//!         ctx.spend("tokens", text.len() as u64)?;
//!         Ok(text.len())
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() -> Result<()> {
//! let swarm = Swarm::local();
//! let writer = swarm.spawn(Writer).await?;
//!
//! let purse = Budget::new().hops(8).within(Duration::from_secs(10)).units("tokens", 10).open();
//! assert_eq!(writer.ask("a story").budget(&purse).await?, 7);
//! assert_eq!(purse.left("tokens"), Some(3));
//!
//! let Err(AskError::BudgetExhausted { exhausted, .. }) = writer.ask("another").budget(&purse).await else {
//!     panic!("there were three left");
//! };
//! assert_eq!(exhausted.which, Exhausted::Units("tokens".into()));
//! assert_eq!(exhausted.path, [writer.id()]);
//! # Ok(())
//! # }
//! ```

mod error;
mod limits;
mod purse;
mod units;

pub use error::{BudgetExhausted, Exhausted};
pub use limits::Budget;
pub use purse::Purse;
