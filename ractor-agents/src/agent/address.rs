//! The address of an agent.

use std::fmt;
use std::sync::Arc;

use super::{Agent, AgentId, Ask, IntoMessage, Record, Status, Tell, TellError};
use crate::mailbox::{Accounting, Gate};
use crate::swarm::Member;

/// The address of an agent: how everybody else talks to it.
///
/// Cheap to clone and valid over restarts: it points to the mailbox, not to the actor. It does not keep the swarm alive;
/// when that has ended, messages are refused.
pub struct AgentRef<A: Agent> {
    record: Arc<Record<A>>,
}

impl<A: Agent> AgentRef<A> {
    pub(crate) fn new(record: Arc<Record<A>>) -> Self {
        Self { record }
    }

    pub(crate) fn member(&self) -> Arc<dyn Member> {
        Arc::clone(&self.record) as Arc<dyn Member>
    }

    pub(crate) fn share(&self) -> Arc<Record<A>> {
        Arc::clone(&self.record)
    }

    pub(super) fn record(&self) -> &Record<A> {
        &self.record
    }

    /// What tells the agent apart from all others of its swarm: its kind and a number.
    pub fn id(&self) -> AgentId {
        self.record.id()
    }

    /// Sends a message and does not wait for an answer.
    ///
    /// The returned [`Tell`] is a future that sends when it is awaited; before that, options can be set. It is done when
    /// the message is in line, not when it was handled. In a full lane it waits for room, however long that takes, unless the lane's
    /// [`Overflow`](crate::mailbox::Overflow) says otherwise.
    ///
    /// # Errors
    /// [`TellError`] if the mailbox turned the message away; the message is in it.
    ///
    /// # Cancel safety
    /// Dropped before it is done, the message was not sent and is lost with the future. Use [`try_tell`](Self::try_tell)
    /// where that matters.
    ///
    /// # Examples
    /// ```
    /// # use ractor_agents::prelude::*;
    /// # use std::time::Duration;
    /// # async fn log(line: String) {}
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// # let swarm = Swarm::local();
    /// let log = swarm.spawn(log).await?;
    /// log.tell("disk is full").priority(Priority::Critical).ttl(Duration::from_secs(5)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "cast")]
    #[doc(alias = "send")]
    #[inline]
    pub fn tell<K, M: IntoMessage<A, K>>(&self, message: M) -> Tell<'_, A> {
        Tell::new(self, message.into_message())
    }

    /// Sends a message if there is room now.
    ///
    /// # Errors
    /// [`TellError`] if the mailbox turned the message away, also where [`tell`](Self::tell) would wait; the message is
    /// in it.
    pub fn try_tell<K, M: IntoMessage<A, K>>(
        &self,
        message: M,
    ) -> Result<(), TellError<A::Message>> {
        self.tell(message).now()
    }

    /// Sends a message and waits for the answer.
    ///
    /// The returned [`Ask`] is a future that sends when it is awaited; before that, options can be set. It waits up to 30
    /// seconds over all, unless [`patience`](Ask::patience) says otherwise.
    ///
    /// # Errors
    /// [`AskError`](super::AskError) tells whether the message was turned away, its time was up, or no attempt succeeded.
    ///
    /// # Cancel safety
    /// Dropped before the message is in line, it is lost with the future. Dropped later, the message is withdrawn if no
    /// handler has begun; one that has begun finishes, and its answer is dropped. When the patience is over, a handler
    /// that has begun is killed instead and the agent restarted, which does not count against its intensity.
    #[doc(alias = "call")]
    #[doc(alias = "request")]
    #[inline]
    pub fn ask<K, M: IntoMessage<A, K>>(&self, message: M) -> Ask<'_, A, M::Reply> {
        Ask::new(self, message.into_message(), M::reply)
    }

    /// What the agent is doing. Advisory: stale when it returns.
    pub fn status(&self) -> Status {
        self.record.mailbox.status()
    }

    /// Where the agent's messages went. Balances at every instant.
    pub fn accounting(&self) -> Accounting {
        self.record.mailbox.accounting()
    }

    /// How many messages wait. Advisory: stale when it returns.
    pub fn depth(&self) -> usize {
        self.record.mailbox.depth()
    }

    /// How many times the agent has been restarted.
    pub fn restarts(&self) -> u64 {
        self.record.restarts()
    }

    /// Takes the agent out of service: it finishes what it has and takes nothing new, until it is
    /// [resumed](Self::resume).
    pub fn pause(&self) {
        self.record.set_gate(Gate::Maintenance);
    }

    /// Puts the agent back into service. Nothing happens unless it was [paused](Self::pause).
    pub fn resume(&self) {
        self.record.set_gate(Gate::Open);
    }

    /// Asks the agent to stop: it takes nothing new, finishes what it has, runs its stop hook and ends. Returns at once;
    /// [`Swarm::stop`](crate::swarm::Swarm::stop) waits for it, with a limit.
    pub fn stop(&self) {
        self.record.drain();
    }

    /// Kills the agent's current incarnation, as a crash would: the handler's future is dropped at its await, the
    /// supervisor restarts the agent, and the mailbox stays. For chaos tests and for operators. False if there is none.
    pub fn kill(&self) -> bool {
        self.record.kill()
    }

    /// The ractor actor of the current incarnation, if there is one: the escape hatch.
    ///
    /// It changes with every restart. ractor's own `stop` and `drain` do not reach an agent's run loop, and supervision
    /// events of children linked to it are not handled: use this for identity, monitoring and kills only.
    pub fn actor(&self) -> Option<ractor::ActorCell> {
        self.record.actor()
    }
}

impl<A: Agent> Clone for AgentRef<A> {
    fn clone(&self) -> Self {
        Self {
            record: Arc::clone(&self.record),
        }
    }
}

impl<A: Agent> fmt::Debug for AgentRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AgentRef({})", self.id())
    }
}
