//! Swarms of supervised, cooperating agents on the [`ractor`] actor crate.
//!
//! ```
//! use ractor_agents::prelude::*;
//!
//! async fn greeter(name: String) -> String {
//!     format!("Hello, {name}!")
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<()> {
//!     let swarm = Swarm::local();
//!     let greeter = swarm.spawn(greeter).await?;
//!     println!("{}", greeter.ask("World").await?);
//!     Ok(())
//! }
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
pub mod __private;
pub mod agent;
pub mod budget;
pub mod codec;
pub mod dead_letter;
pub mod mailbox;
pub mod message;
#[cfg(feature = "metrics")]
pub mod metrics;
pub mod prelude;
pub mod queue;
pub mod registry;
pub mod routing;
pub mod supervision;
pub mod swarm;
mod waits;

// The README's code is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// Makes an agent of an `impl` block, with a typed message for each method that is marked as one.
///
/// No message enum is written by hand: the method `add` becomes the struct `Add`, whose fields are the parameters, and
/// asking the agent with an `Add` gives what `add` returns. The struct is as visible as the method and has its
/// documentation. Methods that are not marked stay as they are.
///
/// | mark | method |
/// |---|---|
/// | `#[message]` | a message, named like the method in camel case |
/// | `#[message(Name)]` | a message of that name, for two agents in one module |
/// | `#[on_start]` | [`Agent::on_start`](agent::Agent::on_start): takes `&Context<Self>` or nothing, returns nothing or `Result<(), Failure>` |
/// | `#[on_restart]` | [`Agent::on_restart`](agent::Agent::on_restart): the same, and takes `&ExitReason` if it likes |
/// | `#[on_stop]` | [`Agent::on_stop`](agent::Agent::on_stop): takes `&Context<Self>` or nothing, returns nothing |
///
/// All of them are `async` or not and take `&self` or `&mut self`. An `async` method that takes `&self` needs an agent
/// that is `Sync`.
///
/// # Parameters
/// A message outlives each attempt at it, so it owns its parts, and the method gets at them in one of two ways. What is
/// taken by reference is lent: of `&str` the message holds a `String`, of `&[T]` a `Vec<T>`, of `&Path` a `PathBuf`, of
/// `&dyn Trait` a `Box<dyn Trait>`, of any other `&T` a `T`. What is taken by value is cloned, so its type must be `Clone`. A `&Context<Self>` comes from the
/// agent and is no part of the message. Documentation on a parameter becomes that of the field.
///
/// # Replies
/// What the method returns is the reply, a `Result` of any kind included: an error in it is the asker's business. Only
/// `Result<T, Failure>`, written like that, has `T` for a reply and takes the road of a [`Failure`](agent::Failure).
///
/// # Options
/// `#[agent(derive(Clone, Hash))]` derives for all messages of the agent, for instance what deduplication
/// [by content](mailbox::dedup::Layer::by_content) needs. By default they derive nothing.
///
/// Parameters of the `impl` block, as in `impl<T: Clone + Send + Sync + 'static> Cache<T>`, may be used in messages. The
/// structs then have them too, without the bounds.
///
/// # Cancel safety
/// As for [`Agent`](agent::Agent): an `async` method can be dropped at any await.
///
/// # Examples
/// ```
/// use std::collections::HashMap;
///
/// use ractor_agents::prelude::*;
///
/// #[derive(Clone, Default)]
/// struct Inventory {
///     items: HashMap<String, u32>,
/// }
///
/// #[agent]
/// impl Inventory {
///     /// Puts `count` more on the shelf, and says how many there are now.
///     #[message]
///     fn add(&mut self, item: String, count: u32) -> u32 {
///         let total = self.items.entry(item).or_default();
///         *total += count;
///         *total
///     }
///
///     /// How many there are, if we ever had any.
///     #[message]
///     fn count(&self, item: &str) -> Option<u32> {
///         self.items.get(item).copied()
///     }
///
///     /// Fails, and so restarts the agent, if the shelf is empty.
///     #[message(StockTake)]
///     async fn take_stock(&mut self, ctx: &Context<Self>) -> Result<usize, Failure> {
///         if self.items.is_empty() {
///             return Err(Failure::new(format!("{} has nothing", ctx.id())));
///         }
///         Ok(self.items.len())
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let swarm = Swarm::local();
/// let inventory = swarm.spawn(Inventory::default()).await?;
/// let total: u32 = inventory.ask(Add { item: "bolt".into(), count: 3 }).await?;
/// assert_eq!(total, 3);
/// assert_eq!(inventory.ask(Count { item: "nut".into() }).await?, None);
/// assert_eq!(inventory.ask(StockTake).await?, 1);
/// # Ok(())
/// # }
/// ```
pub use ractor_agents_macros::agent;
