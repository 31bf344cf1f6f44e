//! OTP supervision for any [`ractor`] actor.
//!
//! ractor tells a parent when a child ends; it restarts nothing, reports a kill as an ordinary termination, and says nothing at all when a
//! `pre_start` fails. This crate adds what Erlang's `supervisor` has: child specifications, restart strategies and intensity, orderly
//! shutdown, escalation. And three things a tokio process needs besides:
//!
//! - **Supervisors live apart.** A [`System`] gives them and their clock a runtime of their own, so that children that compute without
//!   awaiting cannot stop them.
//! - **Deadlines.** A child may show its work in flight ([`Watch`]); past its deadline it is killed and restarted. A child that survives the
//!   kill is fenced off and replaced on a relief runtime, counted, and past a cap escalated.
//! - **Handles outlive actors.** The child table and the commands belong to the [`SupervisorRef`]; a supervisor that is killed is
//!   restarted by its parent with the children it had, and whoever waits for a command gets an answer.
//!
//! ```
//! use ractor::{Actor, ActorProcessingErr, ActorRef};
//! use supervisors::{ChildSpec, Event, Intensity, Restart, Supervisor, System};
//! use std::time::Duration;
//!
//! /// An ordinary ractor actor.
//! struct Fragile;
//!
//! impl Actor for Fragile {
//!     type Msg = &'static str;
//!     type State = ();
//!     type Arguments = ();
//!
//!     async fn pre_start(&self, _: ActorRef<Self::Msg>, (): ()) -> Result<(), ActorProcessingErr> {
//!         Ok(())
//!     }
//!
//!     async fn handle(&self, _: ActorRef<Self::Msg>, message: Self::Msg, (): &mut ()) -> Result<(), ActorProcessingErr> {
//!         Err(message.into())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let system = System::new()?;
//! let tree = Supervisor::one_for_one()
//!     .intensity(Intensity::new(3, Duration::from_secs(5)))
//!     .child(ChildSpec::actor("fragile", || (Fragile, ())).restart(Restart::Transient));
//! let tree = system.start(tree).await?;
//!
//! let mut events = tree.events();
//! let child = tree.where_is("fragile").ok_or("no such child")?;
//! child.send_message("oh")?;
//! while !matches!(events.recv().await?, Event::Restarted { .. }) {}
//!
//! let report = tree.shutdown(Duration::from_secs(5)).await;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//!
//! ```text
//! SupervisorRef ──commands──▶ inbox ─┐                        ┌─▶ start, stop, kill actors
//! clock ────────────timers──▶ inbox ─┼─▶ Shell (ractor actor) ┼─▶ Engine: decides; knows no actor
//! ractor ───────────events───────────┘                        └─▶ events, answers
//! ```
//!
//! The engine is a state machine: events in, effects out. The shell is a ractor actor without anything worth losing; table and inbox
//! live in the handle. The shell never awaits a child.
//!
//! # Where it differs from OTP
//!
//! - A killed supervisor resumes: what ran comes back, what had been terminated stays down; added temporary children are gone. One that
//!   escalated or was shut down starts anew, with its own children and those of the added ones that ran.
//! - The first restart is immediate, later ones wait ([`Backoff`]); OTP never waits. `Backoff::NONE` is OTP's way.
//! - A shutdown may have a limit over all ([`SupervisorRef::shutdown`]). Past it supervisors below are not killed but kill: so everybody who
//!   does not end is known by name.
//! - A start has a deadline. A kill has a grace, after which the child is abandoned, because no task can be ended that does not await.
//! - [`DynamicSupervisor`] counts restarts per child by default and names its children, where OTP's `simple_one_for_one` does neither.
//!
//! **Invariant:** this crate knows no agent, message, queue or memory.

mod backoff;
mod dynamic;
mod engine;
mod error;
mod event;
mod exit;
mod id;
mod intensity;
mod report;
mod shutdown;
mod spawn;
mod spec;
mod start;
mod strategy;
mod supervised;
mod supervisor;
mod system;
mod tree;
mod watch;

pub use backoff::Backoff;
pub use dynamic::DynamicSupervisor;
pub use engine::{ChildInfo, ChildState, Counting, Counts};
pub use error::{CommandError, SpecError, StartError};
pub use event::{EVENTS_MAX, Event, Events, Missed};
pub use exit::{ExitReason, Panicked, SHUTDOWN, StartFailed, panic_text};
pub use id::ChildId;
pub use intensity::Intensity;
pub use report::Report;
pub use shutdown::{ABANDONED_MAX, KILL_GRACE, START_DEADLINE, Shutdown};
pub use spawn::{spawn_later, spawn_now, spawn_now_on};
pub use spec::{ChildSpec, Stop, validate_specs};
pub use start::{Start, StartContext, StartReport};
pub use strategy::{AutoShutdown, Kind, Restart, Strategy};
pub use supervisor::{Supervisor, SupervisorRef};
pub use system::System;
pub use tree::{ChildPath, Node, Tree, TreeEvent, TreeEvents};
pub use watch::{Alarm, Look, Watch};
