//! Envelopes whose time has not come.

use std::collections::BTreeMap;

use super::outlet::Outlet;
use super::{Buried, Gate, Mailbox, Refusal};
use crate::agent::Agent;
use crate::dead_letter::Reason;
use crate::message::{Envelope, Moment};

/// How many envelopes may be scheduled for later, and how many may wait for another attempt. At the one limit scheduling
/// is refused; at the other the consumer starts on nothing new until an attempt's time has come. Source: the default
/// depth of a lane.
pub(super) const DELAYED_MAX: usize = 1024;

/// Envelopes whose time has not come: scheduled for later, or waiting for another attempt.
pub(super) struct Delayed<A: Agent> {
    /// By due time, then in the order of acceptance.
    envelopes: BTreeMap<(Moment, u64), Envelope<A>>,
    /// How many of them wait for another attempt.
    retries: usize,
}

impl<A: Agent> Delayed<A> {
    pub(super) const fn new() -> Self {
        Self {
            envelopes: BTreeMap::new(),
            retries: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.envelopes.len()
    }

    /// How many wait for another attempt.
    pub(super) fn retries(&self) -> usize {
        self.retries
    }

    pub(super) fn earliest(&self) -> Moment {
        self.envelopes
            .first_key_value()
            .map_or(Moment::NEVER, |((due, _), _)| *due)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Envelope<A>> {
        self.envelopes.values_mut()
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Envelope<A>> + use<A> {
        self.retries = 0;
        std::mem::take(&mut self.envelopes).into_values()
    }

    fn insert(&mut self, due: Moment, envelope: Envelope<A>) {
        self.retries += usize::from(envelope.stamp.attempt > 0);
        self.envelopes
            .insert((due, envelope.stamp.number), envelope);
    }

    fn remove(&mut self, number: u64) -> Option<Envelope<A>> {
        let key = self
            .envelopes
            .keys()
            .find(|(_, known)| *known == number)
            .copied()?;
        let envelope = self.envelopes.remove(&key)?;
        self.retries -= usize::from(envelope.stamp.attempt > 0);
        Some(envelope)
    }

    /// Takes out what is due, earliest first.
    fn take_due(&mut self, now: Moment) -> Vec<Envelope<A>> {
        let mut due = Vec::new();
        while let Some(entry) = self
            .envelopes
            .first_entry()
            .filter(|entry| entry.key().0 <= now)
        {
            let envelope = entry.remove();
            self.retries -= usize::from(envelope.stamp.attempt > 0);
            due.push(envelope);
        }
        due
    }
}

impl<A: Agent> Mailbox<A> {
    /// Accepts an envelope for `due`; returns its number.
    ///
    /// # Errors
    /// Hands the envelope back if the gate is closed for good or too many wait already.
    pub(crate) fn schedule(
        &self,
        mut envelope: Envelope<A>,
        due: Moment,
    ) -> Result<u64, (Box<Envelope<A>>, Refusal)> {
        let mut outlet = self.outlet.lock();
        let inlet = self.inlet.lock();
        // Maintenance is for others: an interval goes on.
        let mut refusal = inlet
            .gate
            .refusal()
            .filter(|_| inlet.gate != Gate::Maintenance);
        if outlet.delayed.len() - outlet.delayed.retries() >= DELAYED_MAX {
            let priority = envelope.stamp.lane;
            refusal = refusal.or(Some(Refusal::Full {
                priority,
                depth_max: DELAYED_MAX,
            }));
        }
        if let Some(refusal) = refusal {
            return Err((Box::new(envelope), refusal));
        }
        let number = self.arrivals.accept();
        drop(inlet);
        envelope.stamp.number = number;
        self.delay(&mut outlet, envelope, due);
        Ok(number)
    }

    /// Takes an envelope back that waits for its time. False if there is none of that number.
    pub(crate) fn unschedule(&self, number: u64) -> bool {
        let mut outlet = self.outlet.lock();
        let Some(envelope) = outlet.delayed.remove(number) else {
            return false;
        };
        self.ends.count(Reason::AskerGone.end(false));
        drop(outlet);
        self.bury(Buried::from(envelope), Reason::AskerGone);
        true
    }

    /// Keeps an envelope until `due`.
    pub(super) fn delay(&self, outlet: &mut Outlet<A>, envelope: Envelope<A>, due: Moment) {
        let patience = envelope.patience();
        outlet.delayed.insert(due, envelope);
        self.arm(outlet.watch(due.min(patience)));
    }
}

impl<A: Agent> Outlet<A> {
    /// Moves what was delayed until now to the front of its lane. True if there was anything.
    pub(super) fn release_delayed(&mut self, now: Moment) -> bool {
        let due = self.delayed.take_due(now);
        let is_released = !due.is_empty();
        // Last first, so that they stand in line in their order.
        due.into_iter()
            .rev()
            .for_each(|envelope| self.lanes.push_front(envelope.stamp.lane, envelope));
        is_released
    }
}
