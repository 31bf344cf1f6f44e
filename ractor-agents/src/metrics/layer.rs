//! How long handlers take.

use std::time::Instant;

use ::metrics::histogram;

use super::names;
use crate::agent::{Agent, Context, Failure, Handler};

/// Records how long each message takes to handle, by the agent's type and the outcome: `ok`, `failed`, or `dropped` for
/// a handler that panicked or was killed. Each attempt counts; batches are not timed.
///
/// Handlers take microseconds as often as seconds: give the exporter buckets from `1e-6` on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layer(());

impl Layer {
    /// Times each handled message.
    pub const fn new() -> Self {
        Self(())
    }
}

impl<Inner> crate::mailbox::Layer<Inner> for Layer {
    type Outer = Timed<Inner>;

    fn layer(self, inner: Inner) -> Timed<Inner> {
        Timed { inner }
    }
}

/// What [`Layer`] makes of an inner handler.
#[derive(Clone, Debug)]
pub struct Timed<Inner> {
    inner: Inner,
}

/// Records when it is dropped, so that a handler that was killed is seen too.
struct Record {
    agent_type: &'static str,
    outcome: &'static str,
    began: Instant,
}

impl Drop for Record {
    fn drop(&mut self) {
        histogram!(names::HANDLE_DURATION, "agent_type" => self.agent_type, "outcome" => self.outcome)
            .record(self.began.elapsed());
    }
}

impl<A: Agent, Inner: Handler<A>> Handler<A> for Timed<Inner> {
    async fn handle(
        &self,
        agent: &mut A,
        message: &A::Message,
        ctx: &Context<A>,
    ) -> Result<A::Reply, Failure> {
        let agent_type = ctx.id().kind();
        let mut record = Record {
            agent_type,
            outcome: "dropped",
            began: Instant::now(),
        };
        let handled = self.inner.handle(agent, message, ctx).await;
        record.outcome = if handled.is_ok() { "ok" } else { "failed" };
        handled
    }
}
