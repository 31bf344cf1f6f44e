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

pub mod agent;
pub mod dead_letter;
pub mod mailbox;
pub mod message;
pub mod prelude;
pub mod supervision;
pub mod swarm;

// The README's code is compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
