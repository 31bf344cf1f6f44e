//! Agents: what they are, how to talk to them, and what they see while they work.

mod address;
mod ask;
mod awaited;
mod batches;
mod cell;
mod context;
mod courier;
mod current;
mod desk;
mod error;
mod failure;
mod gathering;
mod handler;
mod id;
mod into_agent;
mod into_message;
mod lookout;
mod metered;
mod noting;
mod own_thread;
mod pace;
mod record;
mod reply;
mod status;
mod tell;
mod timers;

pub use address::AgentRef;
pub use ask::Ask;
pub(crate) use awaited::{Awaited, Silence, conclude};
pub(crate) use context::Brood;
pub use context::Context;
pub(crate) use courier::Courier;
pub(crate) use current::Current;
pub use error::{AskError, TellError};
pub use failure::Failure;
pub(crate) use gathering::Gathering;
pub(crate) use handler::AnyHandler;
pub use handler::{Direct, Handler};
pub use id::AgentId;
pub use into_agent::{FnAgent, IntoAgent, IsAgent, IsFunction};
pub use into_message::{IntoMessage, Plain, Typed};
pub(crate) use own_thread::OwnThread;
pub(crate) use pace::Pace;
pub use record::OnRestart;
pub(crate) use record::{Batch, Defaults, Launch, Plan, Record};
pub(crate) use reply::{Answer, ReplyTo};
pub use status::Status;
pub use supervisors::ExitReason;
pub use tell::Tell;
pub use timers::Timer;

/// Something that handles messages one at a time, keeps state between them, and is restarted when it fails.
///
/// A plain `async fn` of one argument is an agent already: see [`IntoAgent`]. Several kinds of messages for one agent are
/// written with [`#[agent]`](macro@crate::agent).
///
/// # Cancel safety
/// A handler's future can be dropped at any await: by a kill, a missed deadline, or an asker that lost patience. Whatever
/// the agent holds then may be half changed, which is why a restart begins [`Fresh`](OnRestart::Fresh) unless told
/// otherwise. A handler that never awaits cannot be stopped; see [`Spawn::blocking`](crate::swarm::Spawn::blocking).
///
/// # Examples
/// A counter:
/// ```
/// use ractor_agents::prelude::*;
///
/// #[derive(Clone, Default)]
/// struct Counter(u64);
///
/// impl Agent for Counter {
///     type Message = u64;
///     type Reply = u64;
///
///     async fn handle(&mut self, by: &u64, _ctx: &Context<Self>) -> Result<u64, Failure> {
///         self.0 = self.0.checked_add(*by).ok_or_else(|| Failure::new("the counter is full"))?;
///         Ok(self.0)
///     }
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let swarm = Swarm::local();
/// let counter = swarm.spawn(Counter::default()).await?;
/// counter.tell(2_u64).await?;
/// assert_eq!(counter.ask(3_u64).await?, 5);
/// # Ok(())
/// # }
/// ```
pub trait Agent: Sized + Send + 'static {
    /// What it takes in. Borrowed by the handler, so that a message survives a handler that is killed.
    type Message: Send + Sync + 'static;
    /// What an asker gets.
    type Reply: Send + 'static;

    /// Handles one message.
    ///
    /// # Errors
    /// A [`Failure`] ends the attempt and restarts the agent, unless it is one
    /// [`without_restart`](Failure::without_restart).
    ///
    /// # Cancel safety
    /// Dropped at any await when the agent is killed; see [`Agent`].
    fn handle(
        &mut self,
        message: &Self::Message,
        ctx: &Context<Self>,
    ) -> impl Future<Output = Result<Self::Reply, Failure>> + Send;

    /// Handles several messages at once, highest lane first, for agents spawned with
    /// [`batch`](crate::swarm::Spawn::batch): one reply per message, in their order. By default, one after another.
    ///
    /// # Errors
    /// A [`Failure`] ends the attempt of every message of the batch and restarts the agent, unless it is one
    /// [`without_restart`](Failure::without_restart). A wrong number of replies restarts it too.
    ///
    /// # Cancel safety
    /// Dropped at any await when the agent is killed; see [`Agent`].
    fn handle_batch(
        &mut self,
        batch: &[&Self::Message],
        ctx: &Context<Self>,
    ) -> impl Future<Output = Result<Vec<Self::Reply>, Failure>> + Send {
        async move {
            let mut replies = Vec::with_capacity(batch.len());
            for message in batch {
                replies.push(self.handle(message, ctx).await?);
            }
            Ok(replies)
        }
    }

    /// Runs before the first message: open what the agent needs. It may take 30 s, unless
    /// [`start_within`](crate::swarm::Spawn::start_within) says otherwise.
    ///
    /// # Errors
    /// A [`Failure`] fails the spawn.
    ///
    /// # Cancel safety
    /// Dropped at any await when the agent is killed; see [`Agent`].
    fn on_start(
        &mut self,
        ctx: &Context<Self>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        let _ = ctx;
        async { Ok(()) }
    }

    /// Runs before the first message after a restart; by default like [`on_start`](Self::on_start).
    ///
    /// # Errors
    /// A [`Failure`] counts as another failed restart.
    ///
    /// # Cancel safety
    /// Dropped at any await when the agent is killed; see [`Agent`].
    fn on_restart(
        &mut self,
        reason: &ExitReason,
        ctx: &Context<Self>,
    ) -> impl Future<Output = Result<(), Failure>> + Send {
        let _ = reason;
        self.on_start(ctx)
    }

    /// Runs after the last message of an orderly stop. A kill skips it, and the limit of the stop or shutdown cuts it off.
    ///
    /// # Cancel safety
    /// Dropped at any await when the agent is killed; see [`Agent`].
    fn on_stop(&mut self, ctx: &Context<Self>) -> impl Future<Output = ()> + Send {
        let _ = ctx;
        async {}
    }

    /// What the agent is called in names, logs and metrics: by default its type. The path in front is left out.
    fn kind() -> &'static str {
        std::any::type_name::<Self>()
    }
}
