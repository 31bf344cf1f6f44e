//! Whose work the current task is.

use std::cell::Cell;

use tokio::task::futures::TaskLocalFuture;

use super::AgentId;
use crate::message::TraceContext;

tokio::task_local! {
    // Boxed, since it is moved in and out of the thread at every poll.
    static CURRENT: Box<Current>;
}

/// Whose work the current task is: parentage, which travels with the task and not with the call.
#[derive(Debug)]
pub(crate) struct Current {
    swarm: usize,
    agent: AgentId,
    trace: Cell<Option<TraceContext>>,
}

impl Current {
    /// Runs `work` as the work of `agent`. Swarms are told apart by the address of what they share.
    // Not an `async fn`: that would hold `work` twice, as its argument and inside the scope.
    pub(crate) fn scope<F: Future>(
        swarm: usize,
        agent: AgentId,
        work: F,
    ) -> TaskLocalFuture<Box<Self>, F> {
        let trace = Cell::new(None);
        CURRENT.scope(
            Box::new(Self {
                swarm,
                agent,
                trace,
            }),
            work,
        )
    }

    /// Whether the current task is that agent's own.
    pub(crate) fn is(swarm: usize, agent: AgentId) -> bool {
        CURRENT
            .try_with(|current| current.swarm == swarm && current.agent == agent)
            .unwrap_or(false)
    }

    /// Whose work the current task is, if it is that of an agent of the swarm.
    pub(crate) fn agent_of(swarm: usize) -> Option<AgentId> {
        let agent = CURRENT.try_with(|current| (current.swarm == swarm).then_some(current.agent));
        agent.ok().flatten()
    }

    /// Where the message that is being handled belongs.
    pub(crate) fn trace() -> Option<TraceContext> {
        CURRENT
            .try_with(|current| current.trace.get())
            .ok()
            .flatten()
    }

    pub(crate) fn set_trace(trace: Option<TraceContext>) {
        // Outside an agent there is nothing to set, which is no error.
        let _ = CURRENT.try_with(|current| current.trace.set(trace));
    }
}
