//! An answer that somebody waits for.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;
use tokio::task::unconstrained;

use super::desk::Noted;
use super::{AgentId, Answer, Current};

/// An answer that somebody waits for. Whoever waits is seen by the graph of waits, if it is an agent's work and waits for nothing
/// else.
pub(crate) struct Awaited<R> {
    receiver: oneshot::Receiver<Answer<R>>,
    /// What the desk of the agent whose work it is part of knows of it.
    noted: Option<Noted>,
}

/// Why there is no answer.
pub(crate) enum Silence {
    /// The agent ended.
    Ended,
    /// The asker would wait for itself: by way of these.
    Deadlock(Vec<AgentId>),
}

impl<R> Awaited<R> {
    pub(super) fn new(receiver: oneshot::Receiver<Answer<R>>) -> Self {
        Self {
            receiver,
            noted: None,
        }
    }

    /// Waits for the answer of `agent` in that swarm, which has the message.
    pub(crate) fn poll(
        &mut self,
        swarm: usize,
        agent: AgentId,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Answer<R>, Silence>> {
        let is_away =
            |noted: &Noted| !noted.is_by(cx.waker()) && !Current::has_at_desk(noted, cx.waker());
        if let Some(noted) = self.noted.take_if(|noted| is_away(noted)) {
            // Before its registration goes from the one waker to the other: see `Lookout`.
            noted.leave();
        }
        if let Poll::Ready(answer) = Pin::new(&mut self.receiver).poll(cx) {
            self.strike();
            return Poll::Ready(answer.map_err(|_| Silence::Ended));
        }
        match Current::note(swarm, agent.number(), cx.waker(), &mut self.noted) {
            Some(circle) => Poll::Ready(Err(Silence::Deadlock(circle))),
            None => Poll::Pending,
        }
    }

    fn strike(&mut self) -> bool {
        let noted = self.noted.take();
        noted.map(Current::strike).is_some()
    }
}

impl<R> Drop for Awaited<R> {
    fn drop(&mut self) {
        if self.strike() {
            // The message may be in line for long, and would hold a waker that is counted for as long: another takes its place.
            let receiver = pin!(unconstrained(&mut self.receiver));
            let _ = receiver.poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}
