//! Whose turn it is.

use parking_lot::MutexGuard;

use super::inlet::Inlet;
use super::outlet::Outlet;
use super::{Aging, Mailbox, Overflow};
use crate::agent::Agent;
use crate::message::{Envelope, Moment, Priority};

/// Every so many picks, one is not of the highest lane but of another that waits.
const AGED: u32 = 16;

/// How many envelopes the consumer takes ahead at once of a lane that drops its oldest: what it has taken cannot be
/// dropped any more. Source: see `docs/design.md`, "Why are whole lanes taken ahead?".
const AHEAD_MAX: usize = 16;

/// After how many envelopes senders are told that room came free, where handlers are quick. Source: a sixteenth of a lane's
/// default depth; told after 16, 1 to 1 lost a tenth to the lock.
const SETTLE_AFTER: u32 = 64;

impl<A: Agent> Mailbox<A> {
    /// The next envelope in turn, if there is any.
    pub(super) fn pick(&self, outlet: &mut Outlet<A>, now: Moment) -> Option<Envelope<A>> {
        let waiting = self.waiting(outlet);
        outlet.turn = outlet.turn.wrapping_add(1);
        let lane = if outlet.turn.is_multiple_of(AGED)
            && waiting.count_ones() > 1
            && self.settings.aging == Aging::Fair
        {
            aged(outlet.turn, waiting)
        } else {
            Priority::highest(waiting)
        }?;
        // What was taken out of the lane before is older than what is in line.
        let Some(taken) = outlet.lanes.pop_front(lane) else {
            return self.refill(outlet, lane, now);
        };
        outlet.unsettled += 1;
        if (outlet.unsettled >= self.settle_after || now != outlet.settled)
            && let Some(inlet) = self.inlet_to_settle()
        {
            self.settle(inlet, outlet, now);
        }
        Some(taken)
    }

    /// Does not wait for senders where lanes are deep: the next turn is early enough.
    fn inlet_to_settle(&self) -> Option<MutexGuard<'_, Inlet<A>>> {
        if self.settle_after == SETTLE_AFTER {
            self.inlet.try_lock()
        } else {
            Some(self.inlet.lock())
        }
    }

    /// One bit per lane of which something is in line or was taken ahead.
    pub(super) fn waiting(&self, outlet: &Outlet<A>) -> u32 {
        self.hint() | outlet.lanes.mask()
    }

    /// Takes the first envelope of a lane out of line, and those behind it ahead for later turns.
    fn refill(&self, outlet: &mut Outlet<A>, lane: Priority, now: Moment) -> Option<Envelope<A>> {
        let mut inlet = self.inlet.lock();
        // An envelope that comes alone never sees the second queue.
        let first = inlet.lanes.pop_front(lane);
        let limit = self.settings.lane(lane);
        let count = match limit.overflow {
            Overflow::DropOldest => AHEAD_MAX.min(limit.depth_max) - 1,
            _ => usize::MAX,
        };
        inlet.lanes.take_into(lane, count, &mut outlet.lanes);
        self.settle(inlet, outlet, now);
        first
    }

    /// Tells the senders how much is taken ahead and not yet handled: there may be room for those who wait.
    fn settle(&self, mut inlet: MutexGuard<'_, Inlet<A>>, outlet: &mut Outlet<A>, now: Moment) {
        outlet.settled = now;
        self.set_hint(inlet.lanes.mask());
        self.settle_in(&mut inlet, outlet);
    }

    /// Tells the senders what they have not been told yet, before the consumer parks.
    pub(super) fn settle_up(&self, inlet: &mut Inlet<A>, outlet: &mut Outlet<A>) {
        if outlet.unsettled > 0 {
            self.settle_in(inlet, outlet);
        }
    }

    fn settle_in(&self, inlet: &mut Inlet<A>, outlet: &mut Outlet<A>) {
        outlet.unsettled = 0;
        for lane in Priority::ALL {
            *inlet.ahead.get_mut(lane) = outlet.lanes.depth(lane);
        }
        outlet.woken.extend(inlet.grant(&self.settings));
    }
}

/// In turn the lowest of the lanes that wait, and one of those between it and the highest.
fn aged(turn: u32, waiting: u32) -> Option<Priority> {
    let lowest = Priority::lowest(waiting)?;
    if turn.is_multiple_of(2 * AGED) {
        return Some(lowest);
    }
    let highest = Priority::highest(waiting)?;
    let between = waiting & !lowest.bit() & !highest.bit();
    let mut lanes = Priority::ALL
        .into_iter()
        .filter(|lane| between & lane.bit() != 0);
    let turn = (turn / (2 * AGED)) % between.count_ones().max(1);
    Some(lanes.nth(turn as usize).unwrap_or(highest))
}

/// After how many envelopes senders are told that room came free: sooner where lanes are shallow.
pub(super) fn settle_after(depth_min: usize) -> u32 {
    u32::try_from(depth_min / 16)
        .unwrap_or(SETTLE_AFTER)
        .clamp(1, SETTLE_AFTER)
}
