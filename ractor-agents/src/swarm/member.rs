//! An agent of whatever type, as its swarm sees it.

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::time::SystemTime;

use crate::agent::{Agent, AgentId, Record, Status};
use crate::mailbox::{Accounting, Pulse, Standing};
use crate::message::{Clock, Moment};
use crate::registry::{Traits, Vitals};
use crate::routing::{Port, Protocol};
use crate::waits::{Node, Seat, Sighting};

/// An agent of whatever type, as its swarm sees it.
pub(crate) trait Member: Send + Sync {
    fn id(&self) -> AgentId;
    fn name(&self) -> Option<&Arc<str>>;
    /// False if it has one already.
    fn take_name(&self, name: Arc<str>) -> bool;
    fn traits(&self) -> &Traits;
    fn agent_type(&self) -> TypeId;
    /// The types of its messages and replies, as those of a `Protocol`.
    fn protocol(&self) -> TypeId;
    fn registered_at(&self) -> SystemTime;
    fn status(&self) -> Status;
    /// How it has answered routers; made now if there is none.
    fn vitals(&self) -> &Vitals;
    /// The same, if it was ever asked by one.
    fn known_vitals(&self) -> Option<&Vitals>;
    /// Asks it for a heartbeat. True if it is unresponsive from now on.
    fn check(&self, now: Moment, missed_max: u32) -> bool;
    fn is_responsive(&self) -> bool;
    /// Its signs of life, and what it uses.
    fn pulse(&self) -> &Pulse;
    /// What the swarm calls the host.
    fn node(&self) -> &Arc<str>;
    fn clock(&self) -> Clock;
    /// Whether it takes work and is at it. Takes no lock.
    fn standing(&self) -> Standing;
    /// From how many messages on it may be overloaded.
    fn full_from(&self) -> u64;
    /// How many messages are in hand, in line or scheduled.
    fn load(&self) -> u64;
    fn accounting(&self) -> Accounting;
    fn restarts(&self) -> u64;
    /// For whom it waits.
    fn seat(&self) -> &Seat;
    /// Takes nothing new, finishes what it has, and ends.
    fn drain(&self);
    fn kill(&self) -> bool;
    /// Kills it, and no other incarnation begins.
    fn end(&self);
    /// Ends whatever is left in the mailbox; nobody will come for it.
    fn close(&self) -> usize;
    /// It will never start: whoever waits for it is told why.
    fn give_up(&self, why: &str);
    /// Its `Port`, as an `Arc<dyn Port<…>>` of its own types.
    fn port(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl Node for Arc<dyn Member> {
    type Id = AgentId;

    fn id(&self) -> AgentId {
        (**self).id()
    }

    fn look(&self) -> Option<Sighting> {
        self.seat().look()
    }
}

impl<A: Agent> Member for Record<A> {
    fn id(&self) -> AgentId {
        self.id()
    }

    fn name(&self) -> Option<&Arc<str>> {
        self.name.get()
    }

    fn take_name(&self, name: Arc<str>) -> bool {
        self.name.set(name).is_ok()
    }

    fn traits(&self) -> &Traits {
        &self.defaults.traits
    }

    fn agent_type(&self) -> TypeId {
        TypeId::of::<A>()
    }

    fn protocol(&self) -> TypeId {
        TypeId::of::<Protocol<A::Message, A::Reply>>()
    }

    fn registered_at(&self) -> SystemTime {
        self.registered_at
    }

    fn status(&self) -> Status {
        self.mailbox.status()
    }

    fn vitals(&self) -> &Vitals {
        self.vitals.get_or_init(Box::default)
    }

    fn known_vitals(&self) -> Option<&Vitals> {
        self.vitals.get().map(AsRef::as_ref)
    }

    fn check(&self, now: Moment, missed_max: u32) -> bool {
        self.mailbox.check(now, missed_max)
    }

    fn is_responsive(&self) -> bool {
        self.mailbox.is_responsive()
    }

    fn pulse(&self) -> &Pulse {
        self.mailbox.pulse()
    }

    fn node(&self) -> &Arc<str> {
        &self.defaults.node
    }

    fn clock(&self) -> Clock {
        self.mailbox.settings().clock
    }

    fn standing(&self) -> Standing {
        self.mailbox.standing()
    }

    fn full_from(&self) -> u64 {
        let depth = self.mailbox.settings().depth_min();
        (depth - depth / 5) as u64
    }

    fn load(&self) -> u64 {
        self.mailbox.load()
    }

    fn accounting(&self) -> Accounting {
        self.mailbox.accounting()
    }

    fn restarts(&self) -> u64 {
        self.restarts()
    }

    fn seat(&self) -> &Seat {
        &self.seat
    }

    fn drain(&self) {
        self.drain();
    }

    fn kill(&self) -> bool {
        self.kill()
    }

    fn end(&self) {
        self.end();
    }

    fn close(&self) -> usize {
        self.close()
    }

    fn give_up(&self, why: &str) {
        self.give_up(why);
    }

    fn port(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        let port: Arc<dyn Port<A::Message, A::Reply>> = self;
        Arc::new(port)
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
