//! What the supervisors' clock does with a mailbox when it is asked to look.

use supervisors::{Alarm, ExitReason, Look};

use super::in_flight::Cause;
use super::outlet::Outlet;
use super::{Buried, CHUNK, Mailbox, Phase};
use crate::agent::{Agent, ReplyTo};
use crate::dead_letter::Reason;
use crate::message::{Envelope, Expiry, Moment, Payload};

impl<A: Agent> Mailbox<A> {
    pub(crate) fn attach(&self, alarm: Alarm) {
        // Set once: a mailbox enters one supervisor in its life.
        let _ = self.alarm.set(alarm);
    }

    /// Answers the askers whose patience is over, releases what was delayed until now, and tells whether the handler is
    /// past its deadline.
    pub(crate) fn look(&self, now: Moment) -> Look {
        let mut impatient = Vec::new();
        let mut outlet = self.outlet.lock();
        let overdue = outlet.overdue(now, &mut impatient);
        let is_released = outlet.release_delayed(now);
        outlet.watched = outlet.earliest(now, &mut impatient);
        let mut due = outlet.watched;

        let mut inlet = self.inlet.lock();
        for envelope in inlet.lanes.iter_mut() {
            let left = lose_patience(envelope, now, &mut impatient);
            soonest(&mut due, left);
        }
        inlet.watched = due;
        outlet.watched = due;
        if inlet.lanes.len() == 0 && outlet.is_idle() {
            inlet.lanes.shrink(CHUNK);
        }
        let parked = if is_released {
            inlet.parked.take()
        } else {
            None
        };
        drop(inlet);
        drop(outlet);

        if let Some(waker) = parked {
            waker.wake();
        }
        for (reply, attempts) in impatient {
            reply.send(Err((Reason::Patience, attempts)));
        }
        match overdue {
            Some(cause) => {
                self.arm(due);
                Look::Overdue {
                    charge: cause == Cause::Deadline,
                    reason: ExitReason::Deadline,
                }
            }
            None if due.is_never() => Look::Idle,
            None => Look::Again(due.instant()),
        }
    }

    /// Cuts off a handler that did not die: its envelopes are ended or put back in its stead.
    pub(crate) fn fence(&self) {
        let mut outlet = self.outlet.lock();
        outlet.epoch = outlet.epoch.wrapping_add(1);
        outlet.phase = Phase::Down;
        let mut ended = Vec::new();
        // Last first, so that those which go back are in line in their order.
        for mut in_flight in outlet.in_flight.take_all().into_iter().rev() {
            let reason = in_flight.cause.map_or(Reason::Killed, Reason::from);
            let copy = in_flight.copy.take().map(Payload::Shared);
            if let Some(buried) = self.requeue(&mut outlet, in_flight, copy, true, &reason) {
                ended.push((buried, reason));
            }
        }
        drop(outlet);
        for (buried, reason) in ended {
            self.bury(buried, reason);
        }
    }
}

fn soonest(due: &mut Moment, other: Option<Moment>) {
    if let Some(other) = other {
        *due = (*due).min(other);
    }
}

type Impatient<A> = Vec<(ReplyTo<<A as Agent>::Reply>, u16)>;

/// Takes the asker's way back out of an envelope whose patience is over; otherwise says until when it lasts.
fn lose_patience<A: Agent>(
    envelope: &mut Envelope<A>,
    now: Moment,
    impatient: &mut Impatient<A>,
) -> Option<Moment> {
    if envelope.stamp.expiry != Expiry::Patience || envelope.reply.is_none() {
        return None;
    }
    if envelope.stamp.expires > now {
        return Some(envelope.stamp.expires);
    }
    impatient.extend(
        envelope
            .reply
            .take()
            .map(|reply| (reply, envelope.stamp.attempt)),
    );
    None
}

impl<A: Agent> Outlet<A> {
    /// Why the work in flight has to end, if it has to. Decided once per piece of work.
    fn overdue(&mut self, now: Moment, impatient: &mut Impatient<A>) -> Option<Cause> {
        if let Phase::Starting(start_by) = self.phase {
            return (start_by <= now).then_some(Cause::Deadline);
        }
        let mut overdue = None;
        for in_flight in self
            .in_flight
            .iter_mut()
            .filter(|in_flight| in_flight.due <= now)
        {
            let stamp = in_flight.stamp;
            let is_impatient = stamp.expiry == Expiry::Patience && stamp.expires <= now;
            let cause = if is_impatient {
                Cause::Patience
            } else {
                Cause::Deadline
            };
            if is_impatient {
                impatient.extend(in_flight.reply.take().map(|reply| (reply, stamp.attempt)));
            }
            in_flight.cause = Some(cause);
            in_flight.due = Moment::NEVER;
            overdue = Some(cause);
        }
        overdue
    }

    /// When the next look is due on behalf of what the outlet holds.
    fn earliest(&mut self, now: Moment, impatient: &mut Impatient<A>) -> Moment {
        let mut due = match self.phase {
            Phase::Starting(start_by) if start_by > now => start_by,
            _ => Moment::NEVER,
        };
        due = self
            .in_flight
            .iter_mut()
            .map(|in_flight| in_flight.due)
            .fold(due, Moment::min);
        due = self
            .delayed
            .peek()
            .map_or(due, |delayed| due.min(delayed.due));
        for envelope in self.chunk.iter_mut() {
            soonest(&mut due, lose_patience(envelope, now, impatient));
        }
        due
    }
}

impl<A: Agent> std::fmt::Debug for Buried<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Buried")
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}
