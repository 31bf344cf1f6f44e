//! What is known of one agent.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Capability, Circuit};
use crate::agent::{Agent, AgentId, AgentRef, Record, Status};
use crate::mailbox::Accounting;
use crate::message::Moment;
use crate::swarm::Member;

/// What is known of one agent: what it was spawned with, and how it is doing at the time of the question.
///
/// Cheap to clone. It can be asked after the agent has ended; its status is [`Status::Offline`] then.
#[derive(Clone)]
pub struct Entry {
    member: Arc<dyn Member>,
}

impl Entry {
    pub(crate) fn new(member: Arc<dyn Member>) -> Self {
        Self { member }
    }

    /// What tells the agent apart from all others of its swarm.
    pub fn id(&self) -> AgentId {
        self.member.id()
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&Arc<str>> {
        self.member.name()
    }

    /// What it can do.
    pub fn capabilities(&self) -> &[Capability] {
        &self.member.traits().capabilities
    }

    /// What it is marked with.
    pub fn tags(&self) -> &[Arc<str>] {
        &self.member.traits().tags
    }

    /// Its share of the work, for strategies that go by weight. Default: 1.
    pub fn weight(&self) -> u32 {
        self.member.traits().weight
    }

    /// How many messages it works on at a time, in hand and in line, if there is a limit.
    pub fn capacity(&self) -> Option<u64> {
        self.member.traits().capacity
    }

    /// When it was spawned.
    pub fn registered_at(&self) -> SystemTime {
        self.member.registered_at()
    }

    /// What it is doing.
    pub fn status(&self) -> Status {
        self.member.status()
    }

    /// How many messages it has in hand, in line and scheduled. Takes no lock; as old as the look.
    pub fn load(&self) -> u64 {
        self.member.load()
    }

    /// Where its messages went. Balances at every instant.
    pub fn accounting(&self) -> Accounting {
        self.member.accounting()
    }

    /// How many times it has been restarted.
    pub fn restarts(&self) -> u64 {
        self.member.restarts()
    }

    /// The share of its messages that a handler finished, of all that were handled or failed, 0 to 1. `None` before the first.
    pub fn success_rate(&self) -> Option<f64> {
        let Accounting {
            handled, failed, ..
        } = self.accounting();
        let all = handled + failed;
        // Counts of messages are far from where a float is no longer exact.
        #[expect(clippy::cast_precision_loss, reason = "a share needs no 53 bits")]
        (all > 0).then(|| handled as f64 / all as f64)
    }

    /// The moving average of the time it took to answer what routers asked, failures left out. `None` before the first answer.
    pub fn response_time(&self) -> Option<Duration> {
        let average = self.member.known_vitals()?.average()?;
        Some(Duration::from_secs_f64(average / 1e6))
    }

    /// The time within which it answered 95 of the last 100 or so asks of routers, right to within a fifth.
    pub fn response_time_p95(&self) -> Option<Duration> {
        self.member.known_vitals()?.quantile(0.95)
    }

    /// What its [`Breaker`](super::Breaker) has come to.
    pub fn circuit(&self) -> Circuit {
        let vitals = self.member.known_vitals();
        vitals.map_or(Circuit::Closed, |vitals| {
            vitals.breaker.circuit(Moment::now())
        })
    }

    /// The agent itself, if it is of this type.
    pub fn agent<A: Agent>(&self) -> Option<AgentRef<A>> {
        let record: Arc<Record<A>> = Arc::clone(&self.member).into_any().downcast().ok()?;
        Some(AgentRef::new(record))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("id", &self.id())
            .field("name", &self.name())
            .field("capabilities", &self.capabilities())
            .field("status", &self.status())
            .field("load", &self.load())
            .finish_non_exhaustive()
    }
}
