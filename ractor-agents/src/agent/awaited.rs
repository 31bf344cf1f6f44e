//! An answer that somebody waits for.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;
use tokio::task::unconstrained;

use super::desk::{Polled, Wait};
use super::{Agent, AgentId, Answer, AskError, Current};
use crate::message::Moment;
use crate::waits::Whom;

/// An answer that somebody waits for. Whoever waits is seen by the graph of waits, if it is an agent's work and waits for nothing
/// else.
pub(crate) struct Awaited<R> {
    receiver: oneshot::Receiver<Answer<R>>,
    /// What the desk of the agent knows it as whose work it is part of.
    wait: Option<Wait>,
}

/// Why there is no answer.
pub(crate) enum Silence {
    /// The agent ended.
    Ended,
    /// The asker would wait for itself: by way of these.
    Deadlock(Vec<AgentId>),
}

/// What the asker of `agent` gets.
pub(crate) fn conclude<A: Agent, R>(
    agent: AgentId,
    answer: Result<Answer<A::Reply>, Silence>,
    reply: fn(A::Reply) -> Option<R>,
    since: Moment,
) -> Result<R, AskError<A::Message>> {
    match answer {
        Ok(Ok(answer)) => reply(answer).ok_or(AskError::Stopped { agent }),
        Ok(Err((reason, attempts))) => {
            let waited = Moment::now().since(since);
            Err(AskError::from_reason(agent, reason, attempts, waited))
        }
        Err(Silence::Ended) => Err(AskError::Stopped { agent }),
        Err(Silence::Deadlock(cycle)) => Err(AskError::Deadlock { agent, cycle }),
    }
}

impl<R> Awaited<R> {
    pub(super) fn new(receiver: oneshot::Receiver<Answer<R>>) -> Self {
        Self {
            receiver,
            wait: None,
        }
    }

    /// Waits for the answer of `whom` in that swarm, who has the message.
    pub(crate) fn poll(
        &mut self,
        swarm: usize,
        whom: Whom,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Answer<R>, Silence>> {
        let receiver = &mut self.receiver;
        let mut poll =
            |waker: &Waker| match Pin::new(&mut *receiver).poll(&mut Context::from_waker(waker)) {
                Poll::Ready(answer) => Some(answer.map_err(|_| Silence::Ended)),
                Poll::Pending => None,
            };
        let wait = (whom, self.wait);
        let polled = Current::at_desk_of(swarm, |desk| desk.poll(wait, cx.waker(), &mut poll));
        let answer = match polled.flatten() {
            Some(Polled::Waiting(wait)) => {
                self.wait = Some(wait);
                return Poll::Pending;
            }
            Some(Polled::Condemned(circle)) => return Poll::Ready(Err(Silence::Deadlock(circle))),
            Some(Polled::Ready(answer)) => Some(answer),
            None => poll(cx.waker()),
        };
        let Some(answer) = answer else {
            return Poll::Pending;
        };
        self.wait = None;
        Poll::Ready(answer)
    }
}

impl<R> Drop for Awaited<R> {
    fn drop(&mut self) {
        if self.wait.is_some() {
            // The message may be in line for long, and would hold a waker that is counted for as long: another takes its place.
            let receiver = pin!(unconstrained(&mut self.receiver));
            let _ = receiver.poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}
