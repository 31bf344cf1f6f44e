//! A message on its way to whoever is chosen.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::core::Core;
use super::offering::Routing;
use super::port::Parcel;
use super::{Candidate, RouteError};
use crate::agent::{Agent, Answer, Awaited, Defaults, ReplyTo, Silence, conclude};
use crate::budget::Purse;
use crate::dead_letter::Reason;
use crate::message::{Moment, Priority, TooManyHeaders};

/// The options that both futures share.
macro_rules! options {
    () => {
        /// The lane it travels in. Default: [`Priority::Normal`].
        pub fn priority(mut self, priority: Priority) -> Self {
            self.routing.edit(|parcel| parcel.set_priority(priority));
            self
        }

        /// Makes it worthless `ttl` from now, if no handler has begun by then. Default: never.
        pub fn ttl(mut self, ttl: Duration) -> Self {
            self.routing.edit(|parcel| parcel.set_ttl(ttl));
            self
        }

        /// Limits each attempt to `deadline`. Default: the chosen agent's.
        pub fn deadline(mut self, deadline: Duration) -> Self {
            self.routing.edit(|parcel| parcel.set_deadline(deadline));
            self
        }

        /// Lets a handler start on it up to `attempts` times. Default: as the chosen agent's settings say.
        pub fn attempts(mut self, attempts: u16) -> Self {
            self.routing.edit(|parcel| parcel.set_attempts(attempts));
            self
        }

        /// How much it may take, together with all that is sent on its behalf: a [`Budget`](crate::budget::Budget) of its own, or a
        /// [`Purse`] that it shares. Never more than what is left to the message that is being handled. Default: that, if it has a budget,
        /// or no limit.
        pub fn budget(mut self, budget: impl Into<Purse>) -> Self {
            self.routing
                .edit(|parcel| parcel.set_budget(budget.into().limited()));
            self
        }

        /// Sends it where its key belongs: all messages of a key go to the same agent and stay in their order. That one is waited
        /// for while its lane is full or it is being restarted. It is the key for [`dedup`](crate::mailbox::dedup) too.
        pub fn key(mut self, key: &str) -> Self {
            self.routing.edit(|parcel| parcel.set_key(key));
            self
        }

        /// Sends `value` along as header `name`.
        ///
        /// # Errors
        /// [`TooManyHeaders`] if it does not fit.
        pub fn header(mut self, name: &str, value: &str) -> Result<Self, TooManyHeaders> {
            if let Some(parcel) = self.routing.slot.as_mut() {
                parcel.headers_mut().set(name, value)?;
            }
            Ok(self)
        }
    };
}

/// A `tell` to whoever is chosen, sent when it is awaited. Made by [`Router::tell`](super::Router::tell).
///
/// # Cancel safety
/// As told at [`Router::tell`](super::Router::tell).
#[must_use = "a message is sent when its future is awaited"]
pub struct RoutedTell<'a, A: Agent> {
    routing: Routing<'a, A>,
}

impl<'a, A: Agent> RoutedTell<'a, A> {
    pub(super) fn new(core: &'a Arc<Core>, message: A::Message) -> Self {
        Self {
            routing: Routing::new(core, message),
        }
    }

    options!();
}

impl<A: Agent> Future for RoutedTell<'_, A> {
    type Output = Result<(), RouteError<A::Message>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().routing.poll(cx).map_ok(drop)
    }
}

// Nothing in it is ever pinned in place.
impl<A: Agent> Unpin for RoutedTell<'_, A> {}

impl<A: Agent> fmt::Debug for RoutedTell<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutedTell").finish_non_exhaustive()
    }
}

/// An `ask` of whoever is chosen, sent when it is awaited. Made by [`Router::ask`](super::Router::ask).
///
/// # Cancel safety
/// As told at [`Router::ask`](super::Router::ask).
#[must_use = "a message is sent when its future is awaited"]
pub struct RoutedAsk<'a, A: Agent, R> {
    routing: Routing<'a, A>,
    reply: fn(A::Reply) -> Option<R>,
    patience: Duration,
    state: State<A>,
}

enum State<A: Agent> {
    Unsent,
    Offering(Awaited<A::Reply>),
    Sent(Call, Awaited<A::Reply>),
    Done,
}

/// An ask that is with an agent.
struct Call {
    candidate: Arc<Candidate>,
    since: Moment,
}

impl Call {
    fn begin(candidate: Arc<Candidate>) -> Self {
        candidate.begin_call();
        Self {
            candidate,
            since: Moment::now(),
        }
    }

    fn end<R>(&self, answer: &Result<Answer<R>, Silence>) {
        let has_failed = match answer {
            Ok(Ok(_)) => false,
            Ok(Err((reason, _))) => is_its_fault(reason),
            // It ended, or was never to blame.
            Err(_) => return,
        };
        let took = Moment::now().since(self.since);
        self.candidate.end_call(took, has_failed);
    }
}

/// Whether an agent that does this too often had better be left in peace.
fn is_its_fault(reason: &Reason) -> bool {
    match reason {
        Reason::Patience
        | Reason::Deadline
        | Reason::Killed
        | Reason::Panicked
        | Reason::Failed(_) => true,
        Reason::Duplicate
        | Reason::Expired
        | Reason::Shed
        | Reason::Stopped
        | Reason::BudgetExhausted(_)
        | Reason::NoCandidate(_)
        | Reason::AskerGone
        | Reason::Quarantined => false,
    }
}

impl<'a, A: Agent, R> RoutedAsk<'a, A, R> {
    pub(super) fn new(
        core: &'a Arc<Core>,
        message: A::Message,
        reply: fn(A::Reply) -> Option<R>,
    ) -> Self {
        Self {
            routing: Routing::new(core, message),
            reply,
            patience: Defaults::PATIENCE,
            state: State::Unsent,
        }
    }

    options!();

    /// How long to wait over all: for somebody, for room, in line, and for the handler. Default: 30 seconds; [`Duration::MAX`] is no
    /// limit.
    #[doc(alias = "timeout")]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn begin(&mut self) {
        self.routing.edit(Parcel::inherit);
        let clock = self.routing.core.clock;
        let since = clock.now();
        let until = clock.after(since, self.patience);
        let until = until.min(self.routing.budget_ends());
        let (reply, answer) = ReplyTo::channel(until);
        self.routing.begin_ask(since, until);
        self.routing.edit(|parcel| parcel.set_reply(reply));
        self.state = State::Offering(answer);
    }
}

impl<A: Agent, R> Future for RoutedAsk<'_, A, R> {
    type Output = Result<R, RouteError<A::Message>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if matches!(this.state, State::Unsent) {
            this.begin();
        }
        if matches!(this.state, State::Offering(_)) {
            let candidate = ready!(this.routing.poll(cx))?;
            if let State::Offering(answer) = std::mem::replace(&mut this.state, State::Done) {
                this.state = State::Sent(Call::begin(candidate), answer);
            }
        }
        let State::Sent(call, answer) = &mut this.state else {
            return Poll::Pending;
        };
        let agent = call.candidate.id();
        let swarm = this.routing.core.swarm_address();
        let answer = ready!(answer.poll(swarm, call.candidate.whom(), cx));
        call.end(&answer);
        this.state = State::Done;
        let answer = conclude::<A, R>(agent, answer, this.reply, this.routing.since);
        Poll::Ready(answer.map_err(RouteError::Failed))
    }
}

// Nothing in it is ever pinned in place.
impl<A: Agent, R> Unpin for RoutedAsk<'_, A, R> {}

impl<A: Agent, R> fmt::Debug for RoutedAsk<'_, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutedAsk")
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}
