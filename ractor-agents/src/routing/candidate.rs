//! An agent as routers see it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Port;
use crate::agent::{Agent, AgentId, Status};
use crate::mailbox::{Refusal, Standing};
use crate::message::Clock;
use crate::registry::{Entry, Trip, Vitals, memory_share, share};
use crate::swarm::Member;
use crate::waits::Whom;

/// An agent as routers see it: what a [`Strategy`](super::Strategy) chooses by.
///
/// Its figures are read without a lock and are as old as the look.
pub struct Candidate {
    member: Arc<dyn Member>,
    /// A `Port` of the types that the router deals in.
    port: Arc<dyn Any + Send + Sync>,
    /// From how many messages on it may be overloaded.
    full_from: u64,
    cost: f64,
    clock: Clock,
}

impl Candidate {
    pub(super) fn new(member: Arc<dyn Member>, cost: f64, clock: Clock) -> Arc<Self> {
        let port = Arc::clone(&member).port();
        let full_from = member.full_from();
        Arc::new(Self {
            member,
            port,
            full_from,
            cost,
            clock,
        })
    }

    /// The way in, for messages of the router's types.
    pub(super) fn port<A: Agent>(&self) -> Option<&dyn Port<A::Message, A::Reply>> {
        let port: &Arc<dyn Port<A::Message, A::Reply>> = self.port.downcast_ref()?;
        Some(&**port)
    }

    /// What tells the agent apart from all others of its swarm.
    pub fn id(&self) -> AgentId {
        self.member.id()
    }

    /// It, to those who wait for it.
    pub(super) fn whom(&self) -> Whom {
        Whom::at(self.id().number(), self.member.seat())
    }

    /// How many messages it has in hand, in line and scheduled.
    pub fn load(&self) -> u64 {
        self.member.load()
    }

    /// Its share of the work: 1 to 10,000.
    pub fn weight(&self) -> u32 {
        self.member.traits().weight
    }

    /// How many messages it works on at a time, if there is a limit.
    pub fn capacity(&self) -> Option<u64> {
        self.member.traits().capacity
    }

    /// What a request costs by the capability that was asked for; 0 where nothing was said.
    pub fn cost(&self) -> f64 {
        self.cost
    }

    /// The moving average of the time it takes to answer what routers ask, in microseconds. `None` before the first answer.
    pub fn response_time(&self) -> Option<f64> {
        self.member.known_vitals()?.average()
    }

    /// The share of one processor that it used lately, 0 to 1. `None` before its first heartbeat.
    pub fn cpu_share(&self) -> Option<f64> {
        self.member.pulse().cpu_share(self.clock.now())
    }

    /// The share of the host's memory that it uses, 0 to 1. `None` if it does not
    /// [report](crate::agent::Context::report_memory) any, or the host does not tell.
    pub fn memory_share(&self) -> Option<f64> {
        memory_share(&*self.member)
    }

    /// How full it is, from 0: its load as a share of its capacity, or, where there is none, of the load from which on it may be
    /// overloaded.
    pub fn fill(&self) -> f64 {
        share(self.load(), self.capacity().unwrap_or(self.full_from))
    }

    /// The lower, the longer ago its response time was measured; 0 for never. Comparable between candidates only.
    pub fn measured_at(&self) -> u64 {
        self.member.known_vitals().map_or(0, Vitals::measured)
    }

    /// It is asked something.
    pub(super) fn begin_call(&self) {
        self.member.vitals().begin(|| self.clock.now());
    }

    /// It has answered, or will not.
    pub(super) fn end_call(&self, took: Duration, has_failed: bool) {
        let breaker = &self.member.traits().breaker;
        let now = self.clock.now();
        self.member.vitals().note(breaker, took, has_failed, now);
    }

    /// All that the registry knows of it.
    pub fn entry(&self) -> Entry {
        Entry::new(Arc::clone(&self.member))
    }

    pub(super) fn standing(&self) -> Standing {
        self.member.standing()
    }

    /// Whether it can be given work now.
    pub(super) fn fitness(&self) -> Fitness {
        let reserve = match self.standing() {
            Standing::Ready => None,
            Standing::Unresponsive => Some(PassedOver::Unresponsive),
            Standing::Starting => Some(PassedOver::Starting),
            Standing::Down => return Fitness::Unfit(PassedOver::Error),
            Standing::Maintenance => return Fitness::Unfit(PassedOver::Maintenance),
            Standing::Stopping => return Fitness::Unfit(PassedOver::Stopping),
            Standing::Offline => return Fitness::Unfit(PassedOver::Offline),
        };
        let vitals = self.member.known_vitals();
        match vitals.and_then(|vitals| vitals.bars(|| self.clock.now())) {
            None => {}
            Some(Trip::Failures) => return Fitness::Unfit(PassedOver::CircuitOpen),
            Some(Trip::Outlier) => return Fitness::Unfit(PassedOver::Ejected),
        }
        let load = self.load();
        if self.capacity().is_some_and(|capacity| load >= capacity) {
            return Fitness::Unfit(PassedOver::AtCapacity);
        }
        // Seldom: it takes the mailbox's locks to know.
        if load >= self.full_from && self.member.status() == Status::Overloaded {
            return Fitness::LastResort(PassedOver::Overloaded);
        }
        reserve.map_or(Fitness::Fit, Fitness::LastResort)
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("id", &self.id())
            .field("load", &self.load())
            .finish_non_exhaustive()
    }
}

/// Whether a candidate can be given work.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fitness {
    Fit,
    /// Only if nobody else is left.
    LastResort(PassedOver),
    Unfit(PassedOver),
}

/// Why a candidate was passed over.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum PassedOver {
    /// Others were better by the strategy.
    Outscored,
    /// It has not started yet: chosen only if nobody else is left.
    Starting,
    /// A lane of it is filled to four fifths or more: chosen only if nobody else is left.
    Overloaded,
    /// It has as many messages as it works on at a time.
    AtCapacity,
    /// It failed too often, and is left in peace or [probed](crate::registry::Breaker) by somebody else.
    CircuitOpen,
    /// It did [worse than its peers](crate::registry::Outliers), and is left in peace or probed by somebody else.
    Ejected,
    /// It missed too many [heartbeats](crate::swarm::Builder::heartbeat): chosen only if nobody else is left.
    Unresponsive,
    /// It waits for its restart.
    Error,
    /// It was paused by hand.
    Maintenance,
    /// It finishes what it has and then ends.
    Stopping,
    /// It has ended.
    Offline,
    /// It is the one that asks: it would wait for its own answer.
    Asker,
    /// It was chosen and turned the message away.
    Refused(Refusal),
    /// It has the capability, but not in a version, or not as much of something, as was asked for.
    NotAble,
    /// Its messages are of other types than the router's.
    OtherTypes,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self {
            Self::Outscored => "others were better",
            Self::Starting => "it has not started yet",
            Self::Overloaded => "it is overloaded",
            Self::AtCapacity => "it is at its capacity",
            Self::CircuitOpen => "its circuit is open",
            Self::Ejected => "it does worse than its peers",
            Self::Unresponsive => "it gives no sign of life",
            Self::Error => "it waits for its restart",
            Self::Maintenance => "it is in maintenance",
            Self::Stopping => "it is stopping",
            Self::Offline => "it has ended",
            Self::Asker => "it is the one that asks",
            Self::Refused(refusal) => return write!(f, "it turned the message away: {refusal}"),
            Self::NotAble => "its version or limits are not what was asked for",
            Self::OtherTypes => "its messages are of other types",
        };
        f.write_str(why)
    }
}
