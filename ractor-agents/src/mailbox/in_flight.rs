//! The record of what handlers are at.

use std::sync::Arc;

use super::Buried;
use crate::agent::{Agent, AgentId, ReplyTo};
use crate::dead_letter::Reason;
use crate::message::{Envelope, Extras, Moment, Payload, Stamp};

/// The record of an envelope that a handler is at. It outlives the handler, so that the supervisor can end the envelope
/// of one that cannot be killed.
pub(super) struct InFlight<A: Agent> {
    pub(super) stamp: Stamp,
    /// When the handler is to be killed.
    pub(super) due: Moment,
    pub(super) reply: Option<ReplyTo<A::Reply>>,
    pub(super) extras: Option<Arc<Extras>>,
    /// A second hold on the message, if another attempt may need it.
    pub(super) copy: Option<Arc<A::Message>>,
    /// Why it is being killed, once that is decided.
    pub(super) cause: Option<Cause>,
}

/// Why the supervisor has a handler killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Deadline,
    Patience,
    /// The time of its budget is over.
    Budget,
}

impl<A: Agent> InFlight<A> {
    /// Why its handler is being killed, if that is decided.
    pub(super) fn reason(&self, agent: AgentId) -> Option<Reason> {
        let exhausted = || self.extras.as_ref()?.out_of_time(agent, Moment::NEVER);
        match self.cause? {
            Cause::Deadline => Some(Reason::Deadline),
            Cause::Patience => Some(Reason::Patience),
            Cause::Budget => exhausted().map(Reason::budget),
        }
    }

    /// The envelope as it was, given its message.
    pub(super) fn into_envelope(self, message: Payload<A::Message>) -> Envelope<A> {
        Envelope {
            message,
            reply: self.reply,
            stamp: self.stamp.begun(),
            extras: self.extras,
        }
    }

    pub(super) fn into_buried(self, message: Option<Payload<A::Message>>) -> Buried<A> {
        Buried {
            stamp: self.stamp.begun(),
            reply: self.reply,
            extras: self.extras,
            message,
        }
    }
}

/// All that is in flight: one envelope, or a batch.
pub(super) struct Flights<A: Agent> {
    /// In place, since it is the common case by far.
    one: Option<InFlight<A>>,
    rest: Vec<InFlight<A>>,
}

impl<A: Agent> Flights<A> {
    pub(super) const fn new() -> Self {
        Self {
            one: None,
            rest: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.one.is_some()) + self.rest.len()
    }

    pub(super) fn push(&mut self, in_flight: InFlight<A>) {
        if self.one.is_none() {
            self.one = Some(in_flight);
        } else {
            self.rest.push(in_flight);
        }
    }

    pub(super) fn remove(&mut self, number: u64) -> Option<InFlight<A>> {
        if let Some(one) = self
            .one
            .take_if(|in_flight| in_flight.stamp.number == number)
        {
            return Some(one);
        }
        let at = self
            .rest
            .iter()
            .position(|in_flight| in_flight.stamp.number == number)?;
        Some(self.rest.swap_remove(at))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut InFlight<A>> {
        self.one.iter_mut().chain(&mut self.rest)
    }

    /// In the order in which they were taken in hand.
    pub(super) fn take_all(&mut self) -> Vec<InFlight<A>> {
        let mut all: Vec<_> = self
            .one
            .take()
            .into_iter()
            .chain(std::mem::take(&mut self.rest))
            .collect();
        all.sort_by_key(|in_flight| in_flight.stamp.number);
        all
    }
}
