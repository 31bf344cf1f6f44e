//! A question and its answer.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::tell::{Delivery, options};
use super::{Agent, AgentRef, AskError, Awaited, Current, ReplyTo, conclude};
use crate::budget::Purse;
use crate::mailbox::Refusal;
use crate::message::{Moment, Priority, TooManyHeaders};
use crate::waits::Whom;

/// An `ask` that is sent when it is awaited. Made by [`AgentRef::ask`].
///
/// # Cancel safety
/// As told at [`AgentRef::ask`].
#[must_use = "a message is sent when its future is awaited"]
pub struct Ask<'a, A: Agent, R> {
    delivery: Delivery<'a, A>,
    reply: fn(A::Reply) -> Option<R>,
    patience: Duration,
    state: State<A>,
}

enum State<A: Agent> {
    Unsent,
    /// Waiting for room, with a timer of its own: nobody else knows of the message yet.
    Offering {
        answer: Awaited<A::Reply>,
        since: Moment,
    },
    /// In line or in hand. The supervisors' clock ends it when the patience is over.
    Sent {
        answer: Awaited<A::Reply>,
        since: Moment,
    },
    Done,
}

impl<'a, A: Agent, R> Ask<'a, A, R> {
    #[inline]
    pub(super) fn new(
        to: &'a AgentRef<A>,
        message: A::Message,
        reply: fn(A::Reply) -> Option<R>,
    ) -> Self {
        let patience = to.record().defaults.patience;
        Self {
            delivery: Delivery::new(to, message),
            reply,
            patience,
            state: State::Unsent,
        }
    }

    options!();

    /// How long to wait over all: for room, in line, and for the handler. Default: the agent's, which is 30 seconds
    /// unless spawned otherwise; [`Duration::MAX`] is no limit. When it is over, queued work is withdrawn; a handler that
    /// has begun is killed and the agent restarted.
    #[doc(alias = "timeout")]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Stamps the envelope with the way back and the end of the asker's patience.
    fn begin(&mut self) -> Result<(), AskError<A::Message>> {
        let to = self.delivery.to;
        if Current::is(to.record().swarm_address(), to.id()) {
            let refused = self.delivery.refused(Refusal::AskedItself);
            return refused.map_err(AskError::Refused);
        }
        let clock = to.record().mailbox.settings().clock;
        let since = clock.now();
        let envelope = self.delivery.envelope.as_mut();
        let ends = envelope.map_or(Moment::NEVER, |envelope| {
            envelope.inherit();
            envelope.budget_ends()
        });
        let (reply, answer) = ReplyTo::channel(clock.after(since, self.patience).min(ends));
        self.delivery.edit(|envelope| envelope.set_reply(reply));
        self.state = State::Offering { answer, since };
        Ok(())
    }

    fn poll_offer(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), AskError<A::Message>>> {
        if let Poll::Ready(offered) = self.delivery.poll(cx) {
            return Poll::Ready(offered.map_err(AskError::Refused));
        }
        let State::Offering { since, .. } = self.state else {
            return Poll::Pending;
        };
        let clock = self.delivery.to.record().mailbox.settings().clock;
        let end = clock.after(since, self.patience);
        let no_room = || Refusal::NoRoom {
            waited: Moment::now().since(since),
        };
        let ended = self.delivery.poll_end(end, cx, no_room);
        ended.map_err(AskError::Refused)
    }
}

type AskResult<A, R> = Result<R, AskError<<A as Agent>::Message>>;

impl<A: Agent, R> Future for Ask<'_, A, R> {
    type Output = AskResult<A, R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if matches!(this.state, State::Unsent)
            && let Err(refused) = this.begin()
        {
            return Poll::Ready(Err(refused));
        }
        if matches!(this.state, State::Offering { .. }) {
            ready!(this.poll_offer(cx))?;
            if let State::Offering { answer, since } =
                std::mem::replace(&mut this.state, State::Done)
            {
                this.state = State::Sent { answer, since };
            }
        }
        let State::Sent { answer, since } = &mut this.state else {
            return Poll::Pending;
        };
        let to = this.delivery.to;
        let whom = Whom::at(to.id().number(), &to.record().seat);
        let answer = ready!(answer.poll(to.record().swarm_address(), whom, cx));
        let since = *since;
        this.state = State::Done;
        Poll::Ready(conclude::<A, R>(to.id(), answer, this.reply, since))
    }
}

// Nothing in it is ever pinned in place.
impl<A: Agent, R> Unpin for Ask<'_, A, R> {}

impl<A: Agent, R> fmt::Debug for Ask<'_, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask")
            .field("to", &self.delivery.to)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
