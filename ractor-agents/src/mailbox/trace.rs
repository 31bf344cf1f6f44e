//! A span around each handled message.

use tracing::Instrument;

use crate::agent::{Agent, Context, Failure, Handler};

/// Opens a `tracing` span around each handled message: `process`, target `ractor_agents::message`, level debug, with the
/// agent, the message's name, its lane and attempt, and its place in a distributed trace where
/// [tracing is on](crate::swarm::Builder::traces).
#[derive(Clone, Copy, Debug, Default)]
pub struct Layer(());

impl Layer {
    /// A span around each handled message.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<Inner> super::Layer<Inner> for Layer {
    type Outer = Trace<Inner>;

    fn layer(self, inner: Inner) -> Trace<Inner> {
        Trace { inner }
    }
}

/// What [`Layer`] makes of an inner handler.
#[derive(Clone, Debug)]
pub struct Trace<Inner> {
    inner: Inner,
}

impl<A: Agent, Inner: Handler<A>> Handler<A> for Trace<Inner> {
    async fn handle(
        &self,
        agent: &mut A,
        message: &A::Message,
        ctx: &Context<A>,
    ) -> Result<A::Reply, Failure> {
        let span = tracing::debug_span!(
            target: "ractor_agents::message",
            "process",
            agent = %ctx.id(),
            message = ctx.message_id().map(tracing::field::display),
            message_type = std::any::type_name::<A::Message>(),
            lane = ctx.priority().map(tracing::field::display),
            attempt = ctx.attempt(),
            traceparent = ctx.trace().map(tracing::field::display),
            link = ctx.trace_link().map(tracing::field::display),
        );
        self.inner
            .handle(agent, message, ctx)
            .instrument(span)
            .await
    }
}
