//! What the supervisors' clock does with a mailbox when it is asked to look.

use std::time::Duration;

use supervisors::{Alarm, ExitReason, Look};

use super::in_flight::Cause;
use super::outlet::Outlet;
use super::{Buried, Mailbox, Phase};
use crate::agent::{Agent, AgentId, ReplyTo};
use crate::dead_letter::Reason;
use crate::message::{Envelope, Moment};

/// For how many envelopes a lane keeps its memory while the agent is idle. Source: a guess, two pages.
const KEPT: usize = 16;

impl<A: Agent> Mailbox<A> {
    pub(crate) fn attach(&self, alarm: Alarm) {
        // Set once: a mailbox enters one supervisor in its life.
        let _ = self.alarm.set(alarm);
    }

    /// Answers the askers whose patience is over, releases what was delayed until now, and tells whether the handler is
    /// past its deadline.
    pub(crate) fn look(&self, now: Moment) -> Look {
        let mut impatient = Impatient::new(self.id, now);
        let mut outlet = self.outlet.lock();
        let overdue = outlet.overdue(&mut impatient);
        let is_released = outlet.release_delayed(now);
        outlet.watched = outlet.earliest(&mut impatient);
        let mut due = outlet.watched;

        let mut inlet = self.inlet.lock();
        for envelope in inlet.lanes.iter_mut() {
            let left = impatient.look(envelope);
            soonest(&mut due, left);
        }
        inlet.watched = due;
        outlet.watched = due;
        if inlet.lanes.len() == 0 && outlet.is_idle() {
            inlet.lanes.shrink(KEPT);
            outlet.lanes.shrink(KEPT);
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
        for (reply, reason, attempts) in impatient.told {
            reply.send(Err((reason, attempts)));
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
}

fn soonest(due: &mut Moment, other: Option<Moment>) {
    if let Some(other) = other {
        *due = (*due).min(other);
    }
}

/// The askers whose patience is over, why, and after how many attempts.
struct Impatient<A: Agent> {
    agent: AgentId,
    now: Moment,
    told: Vec<(ReplyTo<A::Reply>, Reason, u16)>,
}

impl<A: Agent> Impatient<A> {
    fn new(agent: AgentId, now: Moment) -> Self {
        Self {
            agent,
            now,
            told: Vec::new(),
        }
    }

    /// Takes the asker's way back out of an envelope whose patience is over; otherwise says until when it lasts.
    fn look(&mut self, envelope: &mut Envelope<A>) -> Option<Moment> {
        let until = envelope.reply.as_ref()?.until();
        if until > self.now {
            return Some(until);
        }
        let extras = envelope.extras.as_ref();
        let exhausted = extras.and_then(|extras| extras.out_of_time(self.agent, self.now));
        let reason = exhausted.map_or(Reason::Patience, Reason::budget);
        let reply = envelope.reply.take()?;
        self.told.push((reply, reason, envelope.stamp.attempt));
        None
    }
}

/// How long after a condemned incarnation was reported it is reported again, should it still be there. Source: twice the
/// supervisors' grace after a kill.
const REMINDER: Duration = Duration::from_millis(100);

impl<A: Agent> Outlet<A> {
    /// Why the current incarnation has to end, if it has to.
    fn overdue(&mut self, impatient: &mut Impatient<A>) -> Option<Cause> {
        let now = impatient.now;
        if let Phase::Starting(start_by) = self.phase {
            self.is_condemned |= start_by <= now;
            return (start_by <= now).then_some(Cause::Deadline);
        }
        let mut overdue = None;
        for in_flight in self
            .in_flight
            .iter_mut()
            .filter(|in_flight| in_flight.due <= now)
        {
            let is_late = |reply: &mut ReplyTo<A::Reply>| reply.until() <= now;
            let extras = in_flight.extras.as_ref();
            let cause = if extras.is_some_and(|extras| extras.budget_ends() <= now) {
                Cause::Budget
            } else if let Some(reply) = in_flight.reply.take_if(is_late) {
                let attempt = in_flight.stamp.begun().attempt;
                impatient.told.push((reply, Reason::Patience, attempt));
                Cause::Patience
            } else {
                Cause::Deadline
            };
            let cause = *in_flight.cause.get_or_insert(cause);
            // Looked at again only if the incarnation is still there then.
            in_flight.due = now.after(REMINDER);
            self.is_condemned = true;
            overdue = Some(cause);
        }
        overdue
    }

    /// When the next look is due on behalf of what the outlet holds.
    fn earliest(&mut self, impatient: &mut Impatient<A>) -> Moment {
        let now = impatient.now;
        let mut due = match self.phase {
            Phase::Starting(start_by) if start_by > now => start_by,
            _ => Moment::NEVER,
        };
        due = self
            .in_flight
            .iter_mut()
            .map(|in_flight| in_flight.due)
            .fold(due, Moment::min);
        due = due.min(self.delayed.earliest());
        for envelope in self.lanes.iter_mut().chain(self.delayed.iter_mut()) {
            soonest(&mut due, impatient.look(envelope));
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
