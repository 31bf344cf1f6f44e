//! Whose work the current task is.

use std::cell::{Cell, OnceCell, RefCell};

use tokio::task::futures::TaskLocalFuture;

use super::AgentId;
use super::desk::Desk;
use crate::budget::Purse;
use crate::message::TraceContext;

tokio::task_local! {
    // Boxed, since it is moved in and out of the thread at every poll.
    static CURRENT: Box<Current>;
}

/// Whose work the current task is: parentage, which travels with the task and not with the call.
pub(crate) struct Current {
    swarm: usize,
    agent: AgentId,
    trace: Cell<Option<TraceContext>>,
    /// What is left to the message that is being handled.
    budget: RefCell<Option<Purse>>,
    /// Whether anybody wants to know for whom it waits.
    is_watched: bool,
    /// Made when it first waits for another agent.
    desk: OnceCell<Box<Desk>>,
}

/// The budget of the current task, put aside.
struct PutBack(Option<Purse>);

impl Drop for PutBack {
    fn drop(&mut self) {
        Current::set_budget(self.0.take());
    }
}

impl Current {
    /// Runs `work` as the work of `agent`. Swarms are told apart by the address of what they share.
    // Not an `async fn`: that would hold `work` twice, as its argument and inside the scope.
    pub(crate) fn scope<F: Future>(
        swarm: usize,
        agent: AgentId,
        is_watched: bool,
        work: F,
    ) -> TaskLocalFuture<Box<Self>, F> {
        let trace = Cell::new(None);
        CURRENT.scope(
            Box::new(Self {
                swarm,
                agent,
                trace,
                budget: RefCell::default(),
                is_watched,
                desk: OnceCell::new(),
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

    /// Does `work` at the desk of the current task, if it has one.
    pub(super) fn at_desk<T>(work: impl FnOnce(&Desk) -> T) -> Option<T> {
        let done = CURRENT.try_with(|current| current.desk.get().map(|desk| work(desk)));
        done.ok().flatten()
    }

    /// Whether the current task has ever waited for another agent, and anybody wants to know for whom.
    pub(super) fn has_desk() -> bool {
        Self::at_desk(|_| ()).is_some()
    }

    /// The desk of the current task, if that is an agent's of the swarm and anybody wants to know for whom it waits. Made where there
    /// is none.
    pub(super) fn at_desk_of<T>(swarm: usize, work: impl FnOnce(&Desk) -> T) -> Option<T> {
        let work = |current: &Self| {
            let is_watched = current.is_watched && current.swarm == swarm;
            is_watched.then(|| work(current.desk.get_or_init(Box::default)))
        };
        CURRENT.try_with(|current| work(current)).ok().flatten()
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

    /// What is left to the message that is being handled, if that has a budget.
    pub(crate) fn budget() -> Option<Purse> {
        CURRENT
            .try_with(|current| current.budget.borrow().clone())
            .ok()
            .flatten()
    }

    /// Returns the last one.
    pub(super) fn set_budget(budget: Option<Purse>) -> Option<Purse> {
        let last = CURRENT.try_with(|current| current.budget.replace(budget));
        last.ok().flatten()
    }

    /// Does `work` that is none of the business of the message that is being handled.
    pub(crate) fn without_budget<T>(work: impl FnOnce() -> T) -> T {
        let _last = PutBack(Self::set_budget(None));
        work()
    }
}
