//! What stands around a handler.

use std::pin::Pin;

use super::{Agent, Context, Failure};

/// Handles one message on behalf of an agent. What a [`Layer`](crate::mailbox::Layer) makes out of another one when it is
/// put [around](crate::swarm::Spawn::around) an agent.
///
/// It runs inside the agent's task, with the agent's deadline over all of it. It sees user messages only, one at a time,
/// and may be dropped at any await, like the handler itself. A handler that is wrapped costs an allocation per message.
pub trait Handler<A: Agent>: Send + Sync + 'static {
    /// Handles `message` by `agent`.
    ///
    /// # Errors
    /// As for [`Agent::handle`].
    ///
    /// # Cancel safety
    /// As for [`Agent::handle`].
    fn handle(
        &self,
        agent: &mut A,
        message: &A::Message,
        ctx: &Context<A>,
    ) -> impl Future<Output = Result<A::Reply, Failure>> + Send;
}

/// The agent's own handler, with nothing around it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Direct;

impl<A: Agent> Handler<A> for Direct {
    fn handle(
        &self,
        agent: &mut A,
        message: &A::Message,
        ctx: &Context<A>,
    ) -> impl Future<Output = Result<A::Reply, Failure>> + Send {
        agent.handle(message, ctx)
    }
}

type Handling<'a, A> =
    Pin<Box<dyn Future<Output = Result<<A as Agent>::Reply, Failure>> + Send + 'a>>;

/// A [`Handler`] of whatever type.
pub(crate) trait AnyHandler<A: Agent>: Send + Sync {
    fn handle_boxed<'a>(
        &'a self,
        agent: &'a mut A,
        message: &'a A::Message,
        ctx: &'a Context<A>,
    ) -> Handling<'a, A>;
}

impl<A: Agent, H: Handler<A>> AnyHandler<A> for H {
    fn handle_boxed<'a>(
        &'a self,
        agent: &'a mut A,
        message: &'a A::Message,
        ctx: &'a Context<A>,
    ) -> Handling<'a, A> {
        Box::pin(self.handle(agent, message, ctx))
    }
}
