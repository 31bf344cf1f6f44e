//! What an agent sees while it works.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Agent, AgentId, AgentRef, Gathering, Record};
use crate::message::{Extras, Headers, MessageId, Moment, Priority, Stamp, TraceContext};
use crate::swarm::{Inner, Swarm};

/// What an agent sees while it works: itself, its swarm, and the message in hand.
pub struct Context<A: Agent> {
    record: Arc<Record<A>>,
    swarm: Arc<Inner>,
    /// The message in hand, if any.
    delivery: Option<(Stamp, Option<Arc<Extras>>)>,
    deadline: Duration,
}

impl<A: Agent> Context<A> {
    pub(super) fn new(record: Arc<Record<A>>, swarm: Arc<Inner>) -> Self {
        let deadline = record.mailbox.settings().deadline;
        Self { record, swarm, delivery: None, deadline }
    }

    /// Who waits for the first start; once.
    pub(super) fn gathering(&self) -> Option<Arc<Gathering>> {
        self.record.gathering.lock().take()
    }

    pub(super) fn enter(&mut self, stamp: Stamp, extras: Option<Arc<Extras>>) {
        self.delivery = Some((stamp, extras));
    }

    /// The agent's name.
    pub fn id(&self) -> AgentId {
        self.record.id()
    }

    /// The agent's own address. Asking it is refused, since the agent would wait for itself; telling it never waits.
    pub fn agent(&self) -> AgentRef<A> {
        AgentRef::new(Arc::clone(&self.record))
    }

    /// The swarm that the agent lives in.
    pub fn swarm(&self) -> Swarm {
        Swarm::from_inner(Arc::clone(&self.swarm))
    }

    /// How many times the agent has been restarted.
    pub fn restarts(&self) -> u64 {
        self.record.restarts()
    }

    /// The name of the message in hand. `None` in the hooks, as for the rest of what belongs to a message.
    pub fn message_id(&self) -> Option<MessageId> {
        self.stamp().map(|stamp| MessageId { agent: self.id(), number: stamp.number })
    }

    /// The lane that the message in hand came by.
    pub fn priority(&self) -> Option<Priority> {
        self.stamp().map(|stamp| stamp.lane)
    }

    /// Which attempt at the message in hand this is, from 1.
    pub fn attempt(&self) -> Option<u16> {
        self.stamp().map(|stamp| stamp.attempt)
    }

    /// How long an attempt at the message in hand may take. `None` for no limit.
    pub fn deadline(&self) -> Option<Duration> {
        let own = self.extras().and_then(|extras| extras.deadline);
        Some(own.unwrap_or(self.deadline)).filter(|deadline| *deadline != Duration::MAX)
    }

    /// When the message in hand is worth nothing any more, counted from now. `None` for never.
    pub fn expires_in(&self) -> Option<Duration> {
        let expires = self.stamp()?.expires;
        (!expires.is_never()).then(|| expires.since(Moment::now()))
    }

    /// The headers of the message in hand, if it has any.
    pub fn headers(&self) -> Option<&Headers> {
        self.extras().map(|extras| &extras.headers)
    }

    /// Where the message in hand belongs in a distributed trace, if tracing is on.
    pub fn trace(&self) -> Option<TraceContext> {
        self.extras()?.trace
    }

    /// Ends when the agent is asked to stop: for handlers that would otherwise take long. It is also dropped with the
    /// handler when that is killed, so it need not be awaited for that.
    pub fn cancellation(&self) -> CancellationToken {
        self.record.cancellation()
    }

    fn stamp(&self) -> Option<&Stamp> {
        self.delivery.as_ref().map(|(stamp, _)| stamp)
    }

    fn extras(&self) -> Option<&Extras> {
        self.delivery.as_ref()?.1.as_deref()
    }
}

impl<A: Agent> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("agent", &self.id()).field("message", &self.message_id()).finish_non_exhaustive()
    }
}
