//! A message on its way in.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Sleep;

use super::{Agent, AgentRef, Current, TellError};
use crate::budget::Purse;
use crate::mailbox::{Overflow, Refusal, Room, Ticket};
use crate::message::{Envelope, Moment, Priority, TooManyHeaders};
use crate::queue::Enqueued;

/// A `tell` that is sent when it is awaited. Made by [`AgentRef::tell`].
///
/// # Cancel safety
/// As told at [`AgentRef::tell`].
#[must_use = "a message is sent when its future is awaited"]
pub struct Tell<'a, A: Agent> {
    delivery: Delivery<'a, A>,
}

impl<'a, A: Agent> Tell<'a, A> {
    #[inline]
    pub(crate) fn new(to: &'a AgentRef<A>, message: A::Message) -> Self {
        Self {
            delivery: Delivery::new(to, message),
        }
    }

    /// Sends it if there is room now.
    ///
    /// # Errors
    /// As for [`AgentRef::try_tell`].
    pub(super) fn now(mut self) -> Result<(), TellError<A::Message>> {
        let delivery = &mut self.delivery;
        if Purse::is_in_use() {
            delivery.inherit();
        }
        let offered = delivery.to.record().offer(&mut delivery.envelope);
        offered.or_else(|refusal| delivery.refused(refusal))
    }
}

/// The options that `tell` and `ask` share.
macro_rules! options {
    () => {
        /// The lane it travels in. Default: the agent's, which is [`Priority::Normal`] unless spawned otherwise.
        pub fn priority(mut self, priority: Priority) -> Self {
            self.delivery
                .edit(|envelope| envelope.set_priority(priority));
            self
        }

        /// Makes it worthless `ttl` from now, if no handler has begun by then: it is expired. Default: never.
        pub fn ttl(mut self, ttl: Duration) -> Self {
            self.delivery.edit(|envelope| envelope.set_ttl(ttl));
            self
        }

        /// Limits each attempt to `deadline`. Default: the agent's, which is 30 seconds unless spawned otherwise.
        pub fn deadline(mut self, deadline: Duration) -> Self {
            self.delivery
                .edit(|envelope| envelope.set_deadline(deadline));
            self
        }

        /// Lets a handler start on it up to `attempts` times, 1 to 65,535. More than one means at least once: the
        /// handler must tolerate repeats. Default: the agent's, which is 1 unless spawned otherwise.
        pub fn attempts(mut self, attempts: u16) -> Self {
            self.delivery
                .edit(|envelope| envelope.set_attempts(attempts));
            self
        }

        /// How much it may take, together with all that is sent on its behalf: a [`Budget`](crate::budget::Budget) of its own, or a
        /// [`Purse`] that it shares. Never more than what is left to the message that is being handled. Default: that, if it has a budget,
        /// or no limit.
        pub fn budget(mut self, budget: impl Into<Purse>) -> Self {
            self.delivery
                .edit(|envelope| envelope.set_budget(budget.into().limited()));
            self
        }

        /// The key that makes two messages duplicates of each other, for agents with
        /// [`dedup`](crate::mailbox::dedup) by key.
        pub fn key(mut self, key: &str) -> Self {
            self.delivery.edit(|envelope| envelope.set_key(key));
            self
        }

        /// Sends `value` along as header `name`.
        ///
        /// # Errors
        /// [`TooManyHeaders`] if it does not fit.
        pub fn header(mut self, name: &str, value: &str) -> Result<Self, TooManyHeaders> {
            if let Some(envelope) = self.delivery.envelope.as_mut() {
                envelope.headers_mut().set(name, value)?;
            }
            Ok(self)
        }
    };
}
pub(super) use options;

impl<A: Agent> Tell<'_, A> {
    options!();
}

impl<A: Agent> Future for Tell<'_, A> {
    type Output = Result<(), TellError<A::Message>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let delivery = &mut self.get_mut().delivery;
        if Purse::is_in_use() {
            delivery.inherit();
        }
        if delivery.to.record().line.is_some() {
            return delivery.poll_line(cx);
        }
        let told = delivery.poll(cx);
        if told.is_pending() {
            // It waits for as long as it takes: only a budget can end that.
            return delivery.poll_end(Moment::NEVER, cx, || Refusal::Closed);
        }
        told
    }
}

// Nothing in it is ever pinned in place.
impl<A: Agent> Unpin for Tell<'_, A> {}

impl<A: Agent> fmt::Debug for Tell<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tell")
            .field("to", &self.delivery.to)
            .finish_non_exhaustive()
    }
}

/// An envelope that is being offered, with its place in line if it has to wait.
pub(super) struct Delivery<'a, A: Agent> {
    pub(super) to: &'a AgentRef<A>,
    pub(super) envelope: Option<Envelope<A>>,
    /// The lane that it waits for, and the ticket.
    place: Option<(Priority, Ticket)>,
    aside: Option<Box<Aside>>,
}

/// What few deliveries need.
enum Aside {
    /// Where it does not wait for ever.
    Timer(Pin<Box<Sleep>>),
    /// On its way into a durable queue.
    Enqueued(Enqueued),
}

impl<'a, A: Agent> Delivery<'a, A> {
    #[inline]
    pub(super) fn new(to: &'a AgentRef<A>, message: A::Message) -> Self {
        Self {
            to,
            envelope: Some(Envelope::new(message, to.record().defaults.priority)),
            place: None,
            aside: None,
        }
    }

    /// Takes the message back, if it is not in line yet.
    pub(super) fn withdraw(&mut self) -> Option<A::Message> {
        self.envelope
            .take()
            .map(|envelope| envelope.message.into_sole())
    }

    /// Has it take of what is left to the message that is being handled, unless it was given a budget of its own.
    #[cold]
    fn inherit(&mut self) {
        self.edit(Envelope::inherit);
    }

    pub(super) fn edit(&mut self, change: impl FnOnce(&mut Envelope<A>)) {
        if let Some(envelope) = self.envelope.as_mut() {
            change(envelope);
        }
    }

    /// Offers the envelope until it is in line or refused for good.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<Result<(), TellError<A::Message>>> {
        if self.place.is_some() && !self.is_called(cx) {
            return Poll::Pending;
        }
        loop {
            let Err(refusal) = self.to.record().offer(&mut self.envelope) else {
                return Poll::Ready(Ok(()));
            };
            let granted = self
                .envelope
                .as_mut()
                .and_then(|envelope| envelope.stamp.granted.take());
            if let Some(lane) = granted {
                // A layer turned it away for another reason: the room is for the next in line.
                self.to.record().mailbox.return_room(lane);
            }
            if !self.may_wait(&refusal) {
                return Poll::Ready(self.refused(refusal));
            }
            if !self.is_called(cx) {
                return Poll::Pending;
            }
        }
    }

    /// Sends it through the durable queue of the agent.
    #[cold]
    fn poll_line(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TellError<A::Message>>> {
        if self.aside.is_none() {
            self.aside = self.enter_line();
        }
        let Some(Aside::Enqueued(enqueued)) = self.aside.as_deref_mut() else {
            return Poll::Ready(Ok(()));
        };
        match ready!(enqueued.poll(cx)) {
            Ok(_) => {
                self.envelope = None;
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(self.refused(error.into())),
        }
    }

    fn enter_line(&mut self) -> Option<Box<Aside>> {
        let record = self.to.record();
        let (line, envelope) = (record.line.as_ref()?, self.envelope.as_mut()?);
        record.prepare(envelope);
        let terms = envelope.terms(record.mailbox.settings());
        let enqueued = line.enqueue(envelope.message(), terms);
        Some(Box::new(Aside::Enqueued(enqueued)))
    }

    /// While it waits for room: takes the message back at `end`, when `refusal` says why, or as soon as the time of its budget is over.
    #[cold]
    pub(super) fn poll_end(
        &mut self,
        end: Moment,
        cx: &mut Context<'_>,
        refusal: impl FnOnce() -> Refusal,
    ) -> Poll<Result<(), TellError<A::Message>>> {
        let Some(envelope) = &self.envelope else {
            return Poll::Pending;
        };
        let end = end.min(envelope.budget_ends());
        if end.is_never() {
            return Poll::Pending;
        }
        if self.aside.is_none() {
            let Some(swarm) = self.to.record().swarm.upgrade() else {
                return Poll::Pending;
            };
            // The sender may be outside of any runtime.
            let _entered = swarm.timers().enter();
            let timer = Box::pin(tokio::time::sleep_until(end.instant()));
            self.aside = Some(Box::new(Aside::Timer(timer)));
        }
        if let Some(Aside::Timer(timer)) = self.aside.as_deref_mut() {
            ready!(timer.as_mut().poll(cx));
        }
        let budget = envelope.budget();
        let exhausted = budget.and_then(|budget| budget.check_time(end).err());
        let refused = self.refused(exhausted.map_or_else(refusal, Refusal::budget));
        refused.map_or_else(|error| Poll::Ready(Err(error)), |()| Poll::Pending)
    }

    /// Whether it is worth offering the envelope now; otherwise it waits in line for that.
    fn is_called(&mut self, cx: &Context<'_>) -> bool {
        let Some(envelope) = self.envelope.as_mut() else {
            return true;
        };
        let (lane, ticket) = match self.place {
            Some((lane, ticket)) => (lane, Some(ticket)),
            None => (envelope.stamp.lane, None),
        };
        match self.to.record().mailbox.poll_room(lane, ticket, cx) {
            Room::Waiting(ticket) => {
                self.place = Some((lane, ticket));
                false
            }
            Room::Granted => {
                self.place = None;
                envelope.stamp.granted = Some(lane);
                true
            }
            Room::Retry => {
                self.place = None;
                true
            }
        }
    }

    fn may_wait(&self, refusal: &Refusal) -> bool {
        let Refusal::Full { priority, .. } = *refusal else {
            return false;
        };
        let record = self.to.record();
        record.mailbox.settings().lane(priority).overflow == Overflow::Wait
            && !Current::is(record.swarm_address(), record.id())
    }

    /// Hands the message back, if it is still here.
    pub(super) fn refused(&mut self, refusal: Refusal) -> Result<(), TellError<A::Message>> {
        self.withdraw().map_or(Ok(()), |message| {
            Err(TellError {
                agent: self.to.id(),
                refusal,
                message: Box::new(message),
            })
        })
    }
}

impl<A: Agent> Drop for Delivery<'_, A> {
    fn drop(&mut self) {
        if let Some((lane, ticket)) = self.place.take() {
            self.to.record().mailbox.leave_line(lane, ticket);
        }
    }
}
