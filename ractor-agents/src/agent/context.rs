//! What an agent sees while it works.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use parking_lot::Mutex;

use super::timers::Intervals;
use super::{Agent, AgentId, AgentRef, Current, Gathering, IntoAgent, Record};
use crate::budget::{BudgetExhausted, Purse};
use crate::mailbox::Hand;
use crate::message::{Extras, Headers, MessageId, Moment, Priority, Stamp, TraceContext};
use crate::queue::Claim;
use crate::swarm::{Inner, Spawn, Swarm};

/// What an agent sees while it works: itself, its swarm, and the message in hand.
pub struct Context<A: Agent> {
    pub(super) record: Arc<Record<A>>,
    pub(super) swarm: Arc<Inner>,
    /// Whether a message is in hand.
    is_in_hand: bool,
    stamp: Stamp,
    extras: Option<Arc<Extras>>,
    budget: Option<Purse>,
    deadline: Duration,
    pub(super) intervals: Mutex<Intervals<A>>,
    /// Agents that were spawned as children of this incarnation.
    children: Arc<Brood>,
}

/// The children of one incarnation.
#[derive(Debug, Default)]
pub(crate) struct Brood(Mutex<Vec<AgentId>>);

impl Brood {
    pub(crate) fn adopt(&self, child: AgentId) {
        self.0.lock().push(child);
    }

    /// Forgets those that have ended, each time their number has doubled.
    fn prune(&self, lives: impl Fn(AgentId) -> bool) {
        let mut children = self.0.lock();
        if children.len() == children.capacity() {
            children.retain(|child| lives(*child));
        }
    }
}

impl<A: Agent> Context<A> {
    pub(super) fn new(record: Arc<Record<A>>, swarm: Arc<Inner>) -> Self {
        let deadline = record.mailbox.settings().deadline;
        Self {
            record,
            swarm,
            is_in_hand: false,
            stamp: Stamp::new(Priority::Normal),
            extras: None,
            budget: None,
            deadline,
            intervals: Mutex::default(),
            children: Arc::default(),
        }
    }

    /// Who waits for the first start; once.
    pub(super) fn gathering(&self) -> Option<Arc<Gathering>> {
        self.record.gathering.lock().take()
    }

    /// A handler is about to begin on what is in hand.
    pub(super) fn enter(&mut self, hand: &Hand<'_, A>) {
        self.is_in_hand = true;
        self.stamp = hand.stamp;
        self.extras.clone_from(&hand.extras);
        self.tick(hand);
        self.set_current();
    }

    /// A handler is about to begin on several at once, of which only the first is spoken of.
    pub(super) fn enter_batch(&mut self, batch: &[Hand<'_, A>]) {
        self.leave();
        if let Some(first) = batch.first() {
            self.is_in_hand = true;
            self.stamp = first.stamp;
        }
        for hand in batch {
            self.tick(hand);
        }
    }

    /// There is nothing in hand any more.
    pub(super) fn leave(&mut self) {
        self.is_in_hand = false;
        self.extras = None;
        self.set_current();
    }

    #[inline]
    fn tick(&mut self, hand: &Hand<'_, A>) {
        let intervals = self.intervals.get_mut();
        intervals.tick(hand.stamp.number, &self.record);
    }

    /// What is sent from now on goes back to what is in hand.
    #[inline]
    fn set_current(&mut self) {
        if self.record.traces {
            Current::set_trace(self.trace());
        }
        if self.extras.is_some() || self.budget.is_some() {
            self.set_budget();
        }
    }

    #[cold]
    fn set_budget(&mut self) {
        let given = self.extras().and_then(|extras| extras.budget.as_ref());
        let budget = given.map(|budget| budget.at(self.id()));
        if budget.is_some() || self.budget.is_some() {
            Current::set_budget(budget.clone());
            self.budget = budget;
        }
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

    /// Spawns an agent as a child of this incarnation: when that ends, by a stop, a kill or a restart, the child is
    /// stopped in order. It hangs on a supervisor of its own and is restarted by itself. Otherwise like
    /// [`Swarm::spawn`].
    pub fn spawn_child<Marker, T: IntoAgent<Marker>>(&self, agent: T) -> Spawn<T::Agent> {
        self.children.prune(|child| self.swarm.has(child));
        self.swarm().spawn(agent).child_of(&self.children)
    }

    /// How many times the agent has been restarted.
    pub fn restarts(&self) -> u64 {
        self.record.restarts()
    }

    /// Says how much memory the agent uses, in bytes: what a router that goes by
    /// [resources](crate::routing::ResourceBased) and the [registry](crate::registry::Entry::memory) know of it. Stays until it says
    /// something else, also over restarts; 0 takes it back.
    pub fn report_memory(&self, bytes: u64) {
        self.record.mailbox.pulse().report_memory(bytes);
    }

    /// The name of the message in hand. `None` in the hooks, as for the rest of what belongs to a message.
    pub fn message_id(&self) -> Option<MessageId> {
        self.stamp().map(|stamp| MessageId {
            agent: self.id(),
            number: stamp.number,
        })
    }

    /// The lane that the message in hand came by.
    pub fn priority(&self) -> Option<Priority> {
        self.stamp().map(|stamp| stamp.lane)
    }

    /// Which attempt at the message in hand this is, from 1.
    pub fn attempt(&self) -> Option<u16> {
        let durable = self.claim().and_then(Claim::attempt);
        if let Some(attempt) = durable {
            return Some(u16::try_from(attempt).unwrap_or(u16::MAX));
        }
        self.stamp().map(|stamp| stamp.begun().attempt)
    }

    /// The lease on the message in hand, where it came through a [durable queue](crate::queue): its name there, which stays the same over
    /// attempts, and a fence for writes elsewhere. What becomes of it is said when the handler is done.
    pub fn claim(&self) -> Option<&Claim> {
        self.extras()?.claim.as_deref()
    }

    /// How long an attempt at the message in hand may take. `None` for no limit.
    pub fn deadline(&self) -> Option<Duration> {
        let own = self.extras().and_then(|extras| extras.deadline);
        Some(own.unwrap_or(self.deadline)).filter(|deadline| *deadline != Duration::MAX)
    }

    /// When the time to live of the message in hand is over, counted from now. `None` for never. An asker's patience is
    /// not told.
    pub fn expires_in(&self) -> Option<Duration> {
        let expires = self.stamp()?.expires?;
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

    /// The trace that the message in hand goes back to, where it began one of its own.
    pub fn trace_link(&self) -> Option<TraceContext> {
        self.extras()?.link
    }

    /// The key that the sender gave the message in hand, if any.
    pub fn key(&self) -> Option<&str> {
        self.extras()?.key.as_deref()
    }

    /// What is left to the message in hand, if it or the one that it was sent for was given a [`Budget`](crate::budget::Budget). What the
    /// handler sends inherits it; hand it on by `.budget(..)` where something is sent by a task of the handler's own.
    pub fn budget(&self) -> Option<Purse> {
        self.budget.clone()
    }

    /// Spends units of what is left to the message in hand, as [`Purse::spend`] does: all of them or none. Returns how many are left;
    /// `u64::MAX` where there is no limit, or no budget.
    ///
    /// # Errors
    /// [`BudgetExhausted`] if fewer are left.
    pub fn spend(&self, name: &str, amount: u64) -> Result<u64, BudgetExhausted> {
        let budget = self.budget.as_ref();
        budget.map_or(Ok(u64::MAX), |budget| budget.spend(name, amount))
    }

    /// Ends when the agent is asked to stop: for handlers that would otherwise take long. It is also dropped with the
    /// handler when that is killed, so it need not be awaited for that.
    pub fn cancellation(&self) -> CancellationToken {
        self.record.cancellation()
    }

    fn stamp(&self) -> Option<&Stamp> {
        self.is_in_hand.then_some(&self.stamp)
    }

    fn extras(&self) -> Option<&Extras> {
        self.extras.as_deref()
    }
}

impl<A: Agent> Drop for Context<A> {
    fn drop(&mut self) {
        self.intervals.get_mut().end(&self.record);
        for child in self.children.0.lock().drain(..) {
            self.swarm.drain(child);
        }
    }
}

impl<A: Agent> fmt::Debug for Context<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("agent", &self.id())
            .field("message", &self.message_id())
            .finish_non_exhaustive()
    }
}
