//! The way into an agent of whatever type, for messages of known types.

use std::task::Context;

use super::Protocol;
use crate::agent::{Agent, Record};
use crate::mailbox::{Overflow, Refusal, Room, Ticket};
use crate::message::{Envelope, Priority};
use crate::queue::Enqueued;

/// An envelope for whoever takes `M` and answers with `R`.
pub(crate) type Parcel<M, R> = Envelope<Protocol<M, R>>;

/// The way into an agent of whatever type that takes `M` and answers with `R`.
pub(crate) trait Port<M: Send + Sync + 'static, R: Send + 'static>: Send + Sync {
    /// Offers what is in `slot`, if there is anything. The slot is empty afterwards unless the message is refused.
    fn offer(&self, slot: &mut Option<Parcel<M, R>>) -> Result<(), Refusal>;

    /// Whether a sender may wait for room in `lane`.
    fn may_wait(&self, lane: Priority) -> bool;

    fn poll_room(&self, lane: Priority, ticket: Option<Ticket>, cx: &Context<'_>) -> Room;

    fn leave_line(&self, lane: Priority, ticket: Ticket);

    fn return_room(&self, lane: Priority);

    /// Puts the message in line at the durable queue of the agent, if it has one and nobody waits for an answer.
    fn enqueue(&self, parcel: &mut Parcel<M, R>) -> Option<Enqueued>;
}

impl<A: Agent> Port<A::Message, A::Reply> for Record<A> {
    fn offer(&self, slot: &mut Option<Parcel<A::Message, A::Reply>>) -> Result<(), Refusal> {
        let mut own = slot.take().map(Envelope::for_another);
        let offered = self.offer(&mut own);
        *slot = own.map(Envelope::for_another);
        offered
    }

    fn may_wait(&self, lane: Priority) -> bool {
        self.mailbox.settings().lane(lane).overflow == Overflow::Wait
    }

    fn poll_room(&self, lane: Priority, ticket: Option<Ticket>, cx: &Context<'_>) -> Room {
        self.mailbox.poll_room(lane, ticket, cx)
    }

    fn leave_line(&self, lane: Priority, ticket: Ticket) {
        self.mailbox.leave_line(lane, ticket);
    }

    fn return_room(&self, lane: Priority) {
        self.mailbox.return_room(lane);
    }

    fn enqueue(&self, parcel: &mut Parcel<A::Message, A::Reply>) -> Option<Enqueued> {
        let line = self.line.as_ref().filter(|_| !parcel.is_ask())?;
        self.prepare(parcel);
        Some(line.enqueue(parcel.message(), parcel.terms(self.mailbox.settings())))
    }
}
