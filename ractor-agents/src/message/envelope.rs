//! A message and what travels with it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use supervisors::Backoff;

use super::{Clock, Headers, Moment, Priority, TraceContext, durable};
use crate::agent::{Agent, AgentId, ReplyTo};
use crate::budget::{BudgetExhausted, Purse};
use crate::dead_letter::{End, Reason};
use crate::mailbox::Settings;
use crate::queue::{Claim, Terms};

/// A message on its way to an agent, with everything that travels along.
///
/// [Layers](crate::mailbox::Layer) see it on its way in. `Debug` shows no part of the message itself.
pub struct Envelope<A: Agent> {
    pub(crate) message: Payload<A::Message>,
    pub(crate) reply: Option<ReplyTo<A::Reply>>,
    pub(crate) stamp: Stamp,
    /// What few messages carry, out of the way of the many.
    pub(crate) extras: Option<Arc<Extras>>,
}

/// The part of an envelope that is copied into the record of the work in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    /// The number in its mailbox; zero until accepted.
    pub(crate) number: u64,
    /// When it is worthless, if no handler has begun by then.
    pub(crate) expires: Option<Moment>,
    pub(crate) lane: Priority,
    /// The lane in which room was promised to it while its sender waited.
    pub(crate) granted: Option<Priority>,
    /// Somebody waits for an answer, or did until their patience was over.
    pub(crate) is_ask: bool,
    /// How many times a handler has started on it. While one is at it, that time is not among them: a stamp is only ever
    /// copied as a whole.
    pub(crate) attempt: u16,
    /// How many times one may; zero means as the agent's settings say.
    pub(crate) attempts_max: u16,
    /// The number of the router that it came by; zero for none. Should its agent end, that router finds another.
    pub(crate) router: u32,
}

impl Stamp {
    /// With the attempt that is going on counted.
    pub(crate) const fn begun(mut self) -> Self {
        self.attempt = self.attempt.saturating_add(1);
        self
    }

    pub(crate) const fn new(lane: Priority) -> Self {
        Self {
            number: 0,
            expires: None,
            lane,
            granted: None,
            is_ask: false,
            attempt: 0,
            attempts_max: 0,
            router: 0,
        }
    }
}

/// What few messages carry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extras {
    pub(crate) headers: Headers,
    pub(crate) trace: Option<TraceContext>,
    /// What a trace of its own goes back to.
    pub(crate) link: Option<TraceContext>,
    pub(crate) key: Option<Box<str>>,
    /// The handler's deadline for each attempt, where it differs from the agent's.
    pub(crate) deadline: Option<Duration>,
    /// The pause before another attempt, where it differs from the agent's.
    pub(crate) backoff: Option<Backoff>,
    /// What it may take, itself and all that is sent on its behalf.
    pub(crate) budget: Option<Purse>,
    /// The lease on it, where it is from a durable queue.
    pub(crate) claim: Option<Arc<Claim>>,
}

impl Extras {
    #[cold]
    fn with_budget(budget: Purse) -> Arc<Self> {
        Arc::new(Self {
            budget: Some(budget),
            ..Self::default()
        })
    }

    /// Whether the time of its budget is over, while `agent` has it.
    #[cold]
    pub(crate) fn out_of_time(&self, agent: AgentId, now: Moment) -> Option<BudgetExhausted> {
        let budget = self.budget.as_ref()?;
        if budget.deadline() > now {
            return None;
        }
        budget.at(agent).check_time(now).err()
    }

    #[cold]
    fn check_budget(&self, clock: Clock) -> Result<(), BudgetExhausted> {
        let budget = self.budget.as_ref();
        budget.map_or(Ok(()), |budget| budget.check(clock.now()))
    }

    /// Until when a handler may be at it that begins at `now`.
    #[cold]
    pub(crate) fn due(&self, settings: &Settings, now: Moment) -> Moment {
        let limit = self.deadline.unwrap_or(settings.deadline);
        settings.clock.after(now, limit).min(self.budget_ends())
    }

    /// The end that it comes to for `reason`: what is from a queue goes back there.
    pub(crate) fn end(extras: Option<&Arc<Self>>, reason: &Reason, begun: bool) -> End {
        match extras {
            Some(extras) if extras.claim.is_some() => End::Moved,
            _ => reason.end(begun),
        }
    }

    /// When the time of its budget is over.
    pub(crate) fn budget_ends(&self) -> Moment {
        let budget = self.budget.as_ref();
        budget.map_or(Moment::NEVER, Purse::deadline)
    }
}

/// The message itself. Shared only where a second attempt may need it while a fenced handler still reads it.
// With a tag of its own, ahead of the message: one inside the message's own tag would be copied apart from the rest, byte by
// byte, and a copy that follows at once would have to wait for those bytes.
#[repr(u64)]
pub(crate) enum Payload<M> {
    Inline(M),
    Shared(Arc<M>),
}

impl<M> Payload<M> {
    pub(crate) fn get(&self) -> &M {
        match self {
            Self::Inline(message) => message,
            Self::Shared(message) => message,
        }
    }

    pub(crate) fn into_shared(self) -> Self {
        match self {
            Self::Inline(message) => Self::Shared(Arc::new(message)),
            shared @ Self::Shared(_) => shared,
        }
    }

    /// A second hold on the message, where it is shared.
    pub(crate) fn share(&self) -> Option<Arc<M>> {
        match self {
            Self::Inline(_) => None,
            Self::Shared(message) => Some(Arc::clone(message)),
        }
    }

    /// The message itself, of an envelope that no handler has ever had in hand.
    #[expect(clippy::expect_used, reason = "only what was in hand is ever shared")]
    pub(crate) fn into_sole(self) -> M {
        self.into_inner().expect("nobody else has seen it")
    }

    /// The message itself, unless a fenced handler still holds it.
    pub(crate) fn into_inner(self) -> Option<M> {
        match self {
            Self::Inline(message) => Some(message),
            Self::Shared(message) => Arc::into_inner(message),
        }
    }
}

impl<A: Agent> Envelope<A> {
    #[inline]
    pub(crate) fn new(message: A::Message, lane: Priority) -> Self {
        Self::on_behalf(message, lane, None)
    }

    /// One that takes of that.
    // Put together in one go: an envelope that is moved right after it was written waits for the writes.
    #[inline]
    pub(crate) fn on_behalf(message: A::Message, lane: Priority, budget: Option<Purse>) -> Self {
        Self {
            message: Payload::Inline(message),
            reply: None,
            stamp: Stamp::new(lane),
            extras: budget.map(Extras::with_budget),
        }
    }

    /// One from a durable queue. What becomes of it is told by `reply`.
    pub(crate) fn claimed(message: A::Message, extras: Extras, reply: ReplyTo<A::Reply>) -> Self {
        let claim = extras.claim.as_ref();
        let mut stamp = Stamp::new(claim.map_or(Priority::Normal, |claim| claim.priority()));
        // A further one is the queue's affair.
        stamp.attempts_max = 1;
        Self {
            message: Payload::Inline(message),
            reply: Some(reply),
            stamp,
            extras: Some(Arc::new(extras)),
        }
    }

    /// What it is enqueued with, where its agent has a durable queue and these settings.
    #[cold]
    pub(crate) fn terms(&self, settings: &Settings) -> Terms<'_> {
        let expires = self.stamp.expires.filter(|expires| !expires.is_never());
        let attempts = match self.stamp.attempts_max {
            0 => settings.attempts,
            chosen => chosen,
        };
        let extras = self.extras.as_deref();
        Terms {
            priority: self.priority(),
            ttl: expires.map(|expires| expires.since(Moment::now())),
            // One is what an agent has that was spawned with nothing else: then the queue's count.
            attempts: (self.has_attempts() || attempts > 1).then_some(attempts),
            key: self.key(),
            headers: extras.map(durable::headers).unwrap_or_default(),
        }
    }

    /// The same for another agent of the same types.
    pub(crate) fn for_another<B>(self) -> Envelope<B>
    where
        B: Agent<Message = A::Message, Reply = A::Reply>,
    {
        let Self {
            message,
            reply,
            stamp,
            extras,
        } = self;
        Envelope {
            message,
            reply,
            stamp,
            extras,
        }
    }

    /// The message.
    pub fn message(&self) -> &A::Message {
        self.message.get()
    }

    /// The lane it travels in.
    pub fn priority(&self) -> Priority {
        self.stamp.lane
    }

    /// Moves it to another lane.
    pub fn set_priority(&mut self, priority: Priority) {
        self.stamp.lane = priority;
    }

    /// Whether somebody waits for an answer.
    pub fn is_ask(&self) -> bool {
        self.stamp.is_ask
    }

    /// How many times a handler has started on it: 0 on the way in, 1 for the first attempt.
    pub fn attempt(&self) -> u16 {
        self.stamp.attempt
    }

    /// Lets a handler start on it up to `attempts` times (at least once). More than one means at-least-once delivery:
    /// handlers must tolerate repeats.
    pub fn set_attempts(&mut self, attempts: u16) {
        self.stamp.attempts_max = attempts.max(1);
    }

    /// Whether somebody chose the number of attempts for this message.
    pub fn has_attempts(&self) -> bool {
        self.stamp.attempts_max != 0
    }

    /// Makes it worthless `ttl` from now, if no handler has begun by then. [`Duration::MAX`] is no limit.
    pub fn set_ttl(&mut self, ttl: Duration) {
        self.expire_at(Moment::now().after(ttl));
    }

    /// Makes it worthless at `expires`, if no handler has begun by then.
    pub(crate) fn expire_at(&mut self, expires: Moment) {
        self.stamp.expires = Some(expires);
    }

    /// Whether somebody chose a time to live for it; [`Duration::MAX`] is a choice too.
    pub fn has_ttl(&self) -> bool {
        self.stamp.expires.is_some()
    }

    /// Gives it the way back to its asker.
    pub(crate) fn set_reply(&mut self, reply: ReplyTo<A::Reply>) {
        self.reply = Some(reply);
        self.stamp.is_ask = true;
    }

    /// Until when its asker waits; never for a message that nobody waits for.
    pub(crate) fn patience(&self) -> Moment {
        self.reply.as_ref().map_or(Moment::NEVER, ReplyTo::until)
    }

    /// How long one attempt may take, where it differs from the agent's own limit.
    pub fn deadline(&self) -> Option<Duration> {
        self.extras.as_ref()?.deadline
    }

    /// Limits each attempt to `deadline`; past it the handler is killed and the agent restarted.
    pub fn set_deadline(&mut self, deadline: Duration) {
        self.extras_mut().deadline = Some(deadline);
    }

    /// Has each further attempt wait as `backoff` says.
    pub fn set_backoff(&mut self, backoff: Backoff) {
        self.extras_mut().backoff = Some(backoff);
    }

    /// The key that makes two messages duplicates of each other, if the sender gave one.
    pub fn key(&self) -> Option<&str> {
        self.extras.as_ref()?.key.as_deref()
    }

    /// Gives it a key, for [`dedup`](crate::mailbox::dedup) by key.
    pub fn set_key(&mut self, key: &str) {
        self.extras_mut().key = Some(key.into());
    }

    /// The headers, if any were set.
    pub fn headers(&self) -> Option<&Headers> {
        self.extras.as_ref().map(|extras| &extras.headers)
    }

    /// The headers, made on first use.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.extras_mut().headers
    }

    /// Where it belongs in a distributed trace, if tracing is on.
    pub fn trace(&self) -> Option<TraceContext> {
        self.extras.as_ref()?.trace
    }

    /// Puts it into a distributed trace.
    pub fn set_trace(&mut self, trace: TraceContext) {
        self.extras_mut().trace = Some(trace);
    }

    /// Puts it into the trace of the message that is being handled, if any: as a child if somebody waits for the answer,
    /// otherwise as a trace of its own with a link back.
    pub(crate) fn trace_from(&mut self, parent: Option<TraceContext>) {
        let is_ask = self.stamp.is_ask;
        let extras = self.extras_mut();
        if let Some(parent) = parent.filter(|_| is_ask) {
            extras.trace = Some(parent.child());
        } else {
            extras.trace = Some(TraceContext::root());
            extras.link = parent;
        }
    }

    /// What it and all that is sent on its behalf may take, if there is a limit.
    pub fn budget(&self) -> Option<&Purse> {
        self.extras.as_ref()?.budget.as_ref()
    }

    /// Has it take of what is left to the message that is being handled, unless it was given a budget of its own.
    pub(crate) fn inherit(&mut self) {
        if self.budget().is_none()
            && let Some(budget) = Purse::inherited()
        {
            self.set_budget(budget);
        }
    }

    /// Lets it take of that.
    #[cold]
    pub(crate) fn set_budget(&mut self, budget: Purse) {
        self.extras_mut().budget = Some(budget);
    }

    /// Whether its budget, if it has one, allows that it is sent now.
    #[inline]
    pub(crate) fn check_budget(&self, clock: Clock) -> Result<(), BudgetExhausted> {
        match &self.extras {
            None => Ok(()),
            Some(extras) => extras.check_budget(clock),
        }
    }

    /// When the time of its budget is over.
    pub(crate) fn budget_ends(&self) -> Moment {
        let extras = self.extras.as_ref();
        extras.map_or(Moment::NEVER, |extras| extras.budget_ends())
    }

    fn extras_mut(&mut self) -> &mut Extras {
        Arc::make_mut(self.extras.get_or_insert_default())
    }
}

impl<A: Agent> fmt::Debug for Envelope<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("message", &std::any::type_name::<A::Message>())
            .field("is_ask", &self.is_ask())
            .field("stamp", &self.stamp)
            .field("extras", &self.extras)
            .finish_non_exhaustive()
    }
}
