//! What is known of one agent.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{Capability, Circuit, Trip, host};
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
        (all > 0).then(|| share(handled, all))
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

    /// What the swarm calls the [host](crate::swarm::Builder::node) that it runs on.
    pub fn node(&self) -> &Arc<str> {
        self.member.node()
    }

    /// When its work was last polled, at a [heartbeat](crate::swarm::Builder::heartbeat) or by itself. `None` before it ever was.
    pub fn last_heartbeat(&self) -> Option<SystemTime> {
        let now = self.member.clock().now();
        let ago = now.since(self.member.pulse().last()?);
        SystemTime::now().checked_sub(ago)
    }

    /// How many heartbeats in a row did not come.
    pub fn missed_heartbeats(&self) -> u32 {
        self.member.pulse().missed()
    }

    /// False from when on it missed so many [heartbeats](crate::swarm::Builder::heartbeat) in a row that it counts as unhealthy, until
    /// the next one comes.
    pub fn is_responsive(&self) -> bool {
        self.member.is_responsive()
    }

    /// How long its work has been polled since it was spawned: the time that it held a thread. What its handlers had others do, such
    /// as tasks of their own, is not in it. By the coarse clock, where there is one: right on the average, in steps of a tick (4 ms
    /// on most Linux kernels).
    pub fn cpu_time(&self) -> Duration {
        self.member.pulse().cpu_time(self.member.clock().now())
    }

    /// The share of one processor that it used lately, 0 to 1: its [`cpu_time`](Self::cpu_time) since the last heartbeat, or between the
    /// last two. `None` before the first.
    pub fn cpu_share(&self) -> Option<f64> {
        self.member.pulse().cpu_share(self.member.clock().now())
    }

    /// How much memory it uses in bytes, as it [reports](crate::agent::Context::report_memory) itself. `None` if it does not.
    pub fn memory(&self) -> Option<u64> {
        self.member.pulse().memory()
    }

    /// The share of the host's memory, or of the limit of its control group, that it uses. `None` if it does not report any, or the
    /// host does not tell (all but Linux).
    pub fn memory_share(&self) -> Option<f64> {
        memory_share(&*self.member)
    }

    /// Why its circuit is not closed. `None` if it is.
    pub fn tripped_by(&self) -> Option<Trip> {
        self.member.known_vitals()?.breaker.trip()
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

pub(crate) fn memory_share(member: &dyn Member) -> Option<f64> {
    Some(share(member.pulse().memory()?, host::memory()?))
}

/// How much `part` is of `whole`, which counts as 1 at least.
#[expect(clippy::cast_precision_loss, reason = "a share needs no 53 bits")]
pub(crate) fn share(part: u64, whole: u64) -> f64 {
    part as f64 / whole.max(1) as f64
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
