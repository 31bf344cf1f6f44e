//! Messages that an agent sends itself later.

use std::time::Duration;

use super::{Agent, Context, Record, TellError};
use crate::budget::Purse;
use crate::mailbox::Refusal;
use crate::message::{Envelope, Moment};

/// A message for later; it can be called off. Made by [`Context::later`] and [`Context::every`].
///
/// Dropping it calls nothing off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    id: u64,
    is_interval: bool,
}

/// Intervals of one incarnation.
pub(super) struct Intervals<A: Agent> {
    next: u64,
    running: Vec<Interval<A>>,
}

struct Interval<A: Agent> {
    id: u64,
    period: Duration,
    make: Box<dyn Fn() -> A::Message + Send>,
    /// The message that is scheduled, and for when.
    pending: u64,
    due: Moment,
}

impl<A: Agent> Default for Intervals<A> {
    fn default() -> Self {
        Self {
            next: 0,
            running: Vec::new(),
        }
    }
}

impl<A: Agent> Intervals<A> {
    /// A message is in hand: if it is an interval's, the next one is scheduled.
    pub(super) fn tick(&mut self, number: u64, record: &Record<A>) {
        let Some(at) = self
            .running
            .iter()
            .position(|interval| interval.pending == number)
        else {
            return;
        };
        let Some(interval) = self.running.get_mut(at) else {
            return;
        };
        // Missed periods are skipped, not made up for.
        interval.due = interval.due.after(interval.period).max(Moment::now());
        let envelope = Envelope::new((interval.make)(), record.defaults.priority);
        match record.mailbox.schedule(envelope, interval.due) {
            Ok(number) => interval.pending = number,
            Err(_) => drop(self.running.swap_remove(at)),
        }
    }

    /// The incarnation ends, and with it what is pending.
    pub(super) fn end(&mut self, record: &Record<A>) {
        for interval in self.running.drain(..) {
            record.mailbox.unschedule(interval.pending);
        }
    }
}

impl<A: Agent> Context<A> {
    /// Sends `message` to the agent itself after `wait`. It is accepted now, counts as queued, and survives a restart. It inherits what is
    /// left of a [budget](crate::budget).
    ///
    /// # Errors
    /// [`TellError`] if the agent is stopping, 1,024 messages wait for their time already, or a budget is exhausted.
    pub fn later(
        &self,
        message: impl Into<A::Message>,
        wait: Duration,
    ) -> Result<Timer, TellError<A::Message>> {
        let lane = self.record.defaults.priority;
        let envelope = Envelope::on_behalf(message.into(), lane, Purse::inherited());
        let number = self.schedule(envelope, Moment::now().after(wait))?;
        Ok(Timer {
            id: number,
            is_interval: false,
        })
    }

    /// Sends what `make` returns to the agent itself after each `period` (at least 1 ms), for as long as this
    /// incarnation lives: start intervals in [`on_start`](Agent::on_start). Periods that are missed are skipped. The next
    /// one is scheduled when a handler begins on the last, so that they never pile up. If 1,024 messages are scheduled
    /// then, the interval ends. They inherit no [budget](crate::budget).
    ///
    /// # Errors
    /// As for [`later`](Self::later).
    pub fn every(
        &self,
        period: Duration,
        make: impl Fn() -> A::Message + Send + 'static,
    ) -> Result<Timer, TellError<A::Message>> {
        let period = period.max(Duration::from_millis(1));
        let due = Moment::now().after(period);
        let pending = self.schedule(Envelope::new(make(), self.record.defaults.priority), due)?;
        let mut intervals = self.intervals.lock();
        let id = intervals.next;
        intervals.next += 1;
        intervals.running.push(Interval {
            id,
            period,
            make: Box::new(make),
            pending,
            due,
        });
        Ok(Timer {
            id,
            is_interval: true,
        })
    }

    /// Calls a message for later off, or ends an interval. False if it was too late.
    pub fn call_off(&self, timer: Timer) -> bool {
        if !timer.is_interval {
            return self.record.mailbox.unschedule(timer.id);
        }
        let mut intervals = self.intervals.lock();
        let Some(at) = intervals
            .running
            .iter()
            .position(|interval| interval.id == timer.id)
        else {
            return false;
        };
        let interval = intervals.running.swap_remove(at);
        self.record.mailbox.unschedule(interval.pending);
        true
    }

    fn schedule(&self, envelope: Envelope<A>, due: Moment) -> Result<u64, TellError<A::Message>> {
        let mailbox = &self.record.mailbox;
        let scheduled = match envelope.check_budget(mailbox.settings().clock) {
            Ok(()) => mailbox.schedule(envelope, due),
            Err(exhausted) => Err((Box::new(envelope), Refusal::budget(exhausted))),
        };
        scheduled.map_err(|(envelope, refusal)| TellError {
            agent: self.id(),
            refusal,
            message: Box::new(envelope.message.into_sole()),
        })
    }
}
