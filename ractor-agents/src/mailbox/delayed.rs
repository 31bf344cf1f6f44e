//! Envelopes whose time has not come.

use super::outlet::{Delayed, Outlet};
use super::{Buried, Mailbox, Refusal, Refused};
use crate::agent::Agent;
use crate::dead_letter::Reason;
use crate::message::{Envelope, Moment};

/// How many envelopes may wait for their time, scheduled or backing off. At the limit, scheduling is refused, and the
/// consumer starts on nothing new until an attempt's time has come. Source: the default depth of a lane.
pub(super) const DELAYED_MAX: usize = 1024;

impl<A: Agent> Mailbox<A> {
    /// Accepts an envelope for `due`; returns its number.
    ///
    /// # Errors
    /// [`Refused`] if the gate is closed or too many wait already.
    pub(crate) fn schedule(
        &self,
        mut envelope: Envelope<A>,
        due: Moment,
    ) -> Result<u64, Refused<A>> {
        let mut outlet = self.outlet.lock();
        let mut inlet = self.inlet.lock();
        let mut refusal = inlet.gate.refusal();
        if outlet.delayed.len() >= DELAYED_MAX {
            let priority = envelope.stamp.lane;
            refusal = refusal.or(Some(Refusal::Full {
                priority,
                depth_max: DELAYED_MAX,
            }));
        }
        if let Some(refusal) = refusal {
            drop(inlet);
            drop(outlet);
            return Err(Refused::new(envelope, refusal));
        }
        let number = inlet.accept();
        drop(inlet);
        envelope.stamp.number = number;
        self.delay(&mut outlet, envelope, due);
        Ok(number)
    }

    /// Takes an envelope back that waits for its time. False if there is none of that number.
    pub(crate) fn unschedule(&self, number: u64) -> bool {
        let mut outlet = self.outlet.lock();
        let (found, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut outlet.delayed)
            .into_iter()
            .partition(|delayed| delayed.envelope.stamp.number == number);
        outlet.delayed = rest.into();
        let Some(delayed) = found.into_iter().next() else {
            return false;
        };
        outlet.count(Reason::AskerGone.end(false));
        drop(outlet);
        self.bury(Buried::from(delayed.envelope), Reason::AskerGone);
        true
    }

    /// Keeps an envelope until `due`.
    pub(super) fn delay(&self, outlet: &mut Outlet<A>, envelope: Envelope<A>, due: Moment) {
        outlet.delayed.push(Delayed { due, envelope });
        self.arm(outlet.watch(due));
    }
}

impl<A: Agent> Outlet<A> {
    /// Moves what was delayed until now to the front of its lane. True if there was anything.
    pub(super) fn release_delayed(&mut self, now: Moment) -> bool {
        let mut is_released = false;
        while self
            .delayed
            .peek()
            .is_some_and(|delayed| delayed.due <= now)
        {
            let Some(delayed) = self.delayed.pop() else {
                break;
            };
            self.chunk.put_back(delayed.envelope);
            is_released = true;
        }
        is_released
    }
}
