//! An agent of whatever type as topics see it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::agent::{Agent, AgentId, AgentRef, Record, Tell};
use crate::budget::Purse;
use crate::mailbox::{Overflow, Refusal};
use crate::message::{Envelope, Priority};

/// An agent of whatever type that takes `M`, whatever it answers.
pub(super) trait Subscriber<M>: Send + Sync {
    fn id(&self) -> AgentId;

    /// Offers it a message, without waiting.
    fn offer(&self, message: M, manner: &Manner) -> Offered;

    /// Offers it a copy, without waiting.
    fn offer_copy(&self, message: &M, manner: &Manner) -> Offered
    where
        M: Clone;

    /// Tells it a message, waiting for room. True if it took it.
    fn tell(self: Arc<Self>, message: M, manner: Manner) -> Telling;
}

pub(super) type Telling = Pin<Box<dyn Future<Output = bool> + Send>>;

/// How a message is sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Manner {
    pub(super) priority: Option<Priority>,
    pub(super) ttl: Option<Duration>,
    pub(super) budget: Option<Purse>,
}

impl Manner {
    fn lane<A: Agent>(&self, to: &Record<A>) -> Priority {
        self.priority.unwrap_or(to.defaults.priority)
    }
}

/// What came of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    Taken,
    /// There will be room.
    Full,
    Refused,
}

impl<A: Agent> Subscriber<A::Message> for Record<A> {
    fn id(&self) -> AgentId {
        self.id()
    }

    fn offer(&self, message: A::Message, manner: &Manner) -> Offered {
        let lane = manner.lane(self);
        offer(self, &mut Some(Envelope::new(message, lane)), manner)
    }

    fn offer_copy(&self, message: &A::Message, manner: &Manner) -> Offered
    where
        A::Message: Clone,
    {
        let lane = manner.lane(self);
        // Made where it is to be, since moving it at once takes as long as the rest.
        offer(
            self,
            &mut Some(Envelope::new(message.clone(), lane)),
            manner,
        )
    }

    fn tell(self: Arc<Self>, message: A::Message, manner: Manner) -> Telling {
        let to = AgentRef::new(self);
        Box::pin(async move {
            let mut tell = Tell::new(&to, message);
            if let Some(priority) = manner.priority {
                tell = tell.priority(priority);
            }
            if let Some(ttl) = manner.ttl {
                tell = tell.ttl(ttl);
            }
            if let Some(budget) = manner.budget {
                tell = tell.budget(&budget);
            }
            tell.await.is_ok()
        })
    }
}

fn offer<A: Agent>(to: &Record<A>, slot: &mut Option<Envelope<A>>, manner: &Manner) -> Offered {
    if let (Some(ttl), Some(envelope)) = (manner.ttl, slot.as_mut()) {
        envelope.set_ttl(ttl);
    }
    if let (Some(budget), Some(envelope)) = (&manner.budget, slot.as_mut()) {
        envelope.set_budget(budget.clone());
    }
    let settings = to.mailbox.settings();
    match to.offer(slot) {
        Ok(()) => Offered::Taken,
        Err(Refusal::Full { priority, .. })
            if settings.lane(priority).overflow == Overflow::Wait =>
        {
            Offered::Full
        }
        Err(_) => Offered::Refused,
    }
}
