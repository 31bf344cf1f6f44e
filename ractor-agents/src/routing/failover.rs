//! Messages whose agent has ended, on their way to another.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::core::{Core, WhenNobody};
use super::offering::TRIES_MAX;
use super::port::Parcel;
use crate::agent::{Agent, AgentId};
use crate::dead_letter::{DeadLetters, Reason};
use crate::mailbox::Buried;
use crate::message::{Clock, Envelope, Moment};
use crate::swarm::Inner;

/// Where agents that have ended hand in what is left to them, for the routers that it came by. Nothing is taken in for a router
/// that is gone.
#[derive(Default)]
pub(crate) struct LostAndFound {
    routers: Mutex<HashMap<u32, Weak<Core>>>,
}

impl LostAndFound {
    pub(super) fn enter(&self, number: u32, core: &Arc<Core>) {
        let mut routers = self.routers.lock();
        routers.retain(|_, core| core.strong_count() > 0);
        routers.insert(number, Arc::downgrade(core));
    }

    /// Whether there is a router of this number.
    pub(crate) fn has(&self, router: u32) -> bool {
        router != 0 && self.get(router).is_some()
    }

    fn get(&self, router: u32) -> Option<Arc<Core>> {
        let core = self.routers.lock().get(&router)?.upgrade();
        core.filter(|core| core.is_open())
    }

    /// Takes in a message for the router that it came by. If that has gone meanwhile, the message ends.
    pub(crate) fn hand_in(&self, lost: impl Stranded) {
        match self.get(lost.router()) {
            Some(core) => core.stranded.push(Box::new(lost)),
            None => Box::new(lost).bury(Reason::Stopped),
        }
    }
}

/// A message whose agent has ended.
pub(crate) struct Lost<A: Agent> {
    slot: Option<Parcel<A::Message, A::Reply>>,
    from: AgentId,
    /// Since when there is nobody for it, as far as it looked.
    nobody_since: Moment,
    clock: Clock,
    dead_letters: DeadLetters,
}

impl<A: Agent> Lost<A> {
    pub(crate) fn new(envelope: Envelope<A>, from: AgentId, swarm: &Inner) -> Self {
        Self {
            slot: Some(envelope.for_another()),
            from,
            nobody_since: swarm.clock().now(),
            clock: swarm.clock(),
            dead_letters: swarm.dead_letters.clone(),
        }
    }
}

/// The same, whatever its types.
pub(crate) trait Stranded: Send + 'static {
    fn router(&self) -> u32;
    fn key(&self) -> Option<&str>;
    /// Offers it to somebody else. Whether it has come to an end here, one way or the other.
    fn offer(&mut self, core: &Core) -> bool;
    fn bury(self: Box<Self>, reason: Reason);
}

impl<A: Agent> Stranded for Lost<A> {
    fn router(&self) -> u32 {
        self.slot.as_ref().map_or(0, |parcel| parcel.stamp.router)
    }

    fn key(&self) -> Option<&str> {
        self.slot.as_ref()?.key()
    }

    fn offer(&mut self, core: &Core) -> bool {
        if let Some(reason) = self.unwanted() {
            self.end(reason);
            return true;
        }
        let mut tried = vec![self.from.number()];
        while self.slot.is_some() && tried.len() <= TRIES_MAX {
            let Some(candidate) = core.choose(self.key(), &tried) else {
                break;
            };
            tried.push(candidate.id().number());
            if let Some(port) = candidate.port::<A>()
                && port.offer(&mut self.slot).is_ok()
            {
                tracing::debug!(from = %self.from, to = %candidate.id(), "moved a message");
            }
        }
        if tried.len() == 1 {
            self.wait_for_somebody(core);
        } else {
            self.nobody_since = self.clock.now();
        }
        self.slot.is_none()
    }

    fn bury(mut self: Box<Self>, reason: Reason) {
        self.end(reason);
    }
}

impl<A: Agent> Lost<A> {
    /// Why nobody wants it any more.
    fn unwanted(&self) -> Option<Reason> {
        let parcel = self.slot.as_ref()?;
        let now = self.clock.now();
        if parcel.stamp.expires.is_some_and(|expires| expires <= now) {
            return Some(Reason::Expired);
        }
        let extras = parcel.extras.as_ref();
        if let Some(exhausted) = extras.and_then(|extras| extras.out_of_time(self.from, now)) {
            return Some(Reason::budget(exhausted));
        }
        let reply = parcel.reply.as_ref()?;
        if reply.until() <= now {
            return Some(Reason::Patience);
        }
        reply.is_closed().then_some(Reason::AskerGone)
    }

    /// Gives up where the router is to wait no longer.
    fn wait_for_somebody(&mut self, core: &Core) {
        if let WhenNobody::DeadLetter(limit) = core.rules.when_nobody
            && self.clock.after(self.nobody_since, limit) <= self.clock.now()
        {
            self.end(Reason::NoCandidate(core.source.to_string().into()));
        }
    }

    fn end(&mut self, reason: Reason) {
        if let Some(parcel) = self.slot.take() {
            Buried::from(parcel).bury(Some(self.from), &self.dead_letters, reason);
        }
    }
}

impl<A: Agent> Drop for Lost<A> {
    fn drop(&mut self) {
        // Whoever was offered it panicked.
        self.end(Reason::Stopped);
    }
}

/// What a router has to give to somebody else. Dropped with the router, it ends.
#[derive(Default)]
pub(super) struct Strand {
    messages: Mutex<VecDeque<Box<dyn Stranded>>>,
    pub(super) came: Notify,
}

impl Strand {
    fn push(&self, lost: Box<dyn Stranded>) {
        self.messages.lock().push_back(lost);
        self.came.notify_one();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages.lock().is_empty()
    }

    /// Offers everything once, in its order; what nobody takes stays.
    pub(super) fn offer(&self, core: &Core) {
        // Taken out one by one: whoever is offered something may run the user's code.
        let mut held_up = HashSet::new();
        let count = self.messages.lock().len();
        let mut rest = VecDeque::new();
        for _ in 0..count {
            let Some(mut lost) = self.messages.lock().pop_front() else {
                break;
            };
            // Not before those of the same key that were in front of it.
            let is_held_up = lost.key().is_some_and(|key| held_up.contains(key));
            if is_held_up || !lost.offer(core) {
                held_up.extend(lost.key().map(str::to_owned));
                rest.push_back(lost);
            }
        }
        let mut messages = self.messages.lock();
        rest.append(&mut messages);
        *messages = rest;
    }
}

impl Drop for Strand {
    fn drop(&mut self) {
        for lost in self.messages.get_mut().drain(..) {
            lost.bury(Reason::Stopped);
        }
    }
}
