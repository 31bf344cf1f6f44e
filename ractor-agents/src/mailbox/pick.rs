//! Whose turn it is.

use std::task::Waker;

use parking_lot::MutexGuard;

use super::inlet::Inlet;
use super::outlet::Outlet;
use super::{Aging, CHUNK, Mailbox, Settings};
use crate::agent::Agent;
use crate::message::{Envelope, Priority};

/// Every so many picks, one is not of the highest lane but of another that waits.
const AGED: u32 = 16;

impl<A: Agent> Mailbox<A> {
    /// The next envelope in turn, if there is any.
    pub(super) fn pick(&self, outlet: &mut Outlet<A>) -> Option<Envelope<A>> {
        let waiting = self.hint();
        outlet.turn = outlet.turn.wrapping_add(1);
        if outlet.turn.is_multiple_of(AGED) && self.settings.aging == Aging::Fair {
            let all = waiting | outlet.chunk.mask();
            if all.count_ones() > 1 {
                return self.pick_aged(outlet, all);
            }
        }
        let front = outlet
            .chunk
            .front_lane()
            .map_or(Priority::COUNT, Priority::index);
        if (waiting.trailing_zeros() as usize) < front {
            return self.refill(outlet);
        }
        outlet.chunk.pop_front()
    }

    /// Takes the first envelope of the lanes, and up to a chunk of those behind it for the next turns.
    fn refill(&self, outlet: &mut Outlet<A>) -> Option<Envelope<A>> {
        let mut inlet = self.inlet.lock();
        let highest = Priority::highest(inlet.lanes.mask());
        // An envelope that comes alone never sees the chunk.
        let first = highest.and_then(|lane| inlet.lanes.pop_front(lane));
        if inlet.lanes.mask() != 0 {
            let ahead = self.prefetch.saturating_sub(1);
            outlet.chunk.refill(&mut inlet.lanes, ahead);
        }
        self.taken(inlet);
        first
    }

    /// In turn the lowest of the lanes in `all`, and one of those between it and the highest.
    fn pick_aged(&self, outlet: &mut Outlet<A>, all: u32) -> Option<Envelope<A>> {
        let lowest = Priority::lowest(all)?;
        let lane = if outlet.turn.is_multiple_of(2 * AGED) {
            lowest
        } else {
            let highest = Priority::highest(all)?;
            let between = all & !lowest.bit() & !highest.bit();
            let mut lanes = Priority::ALL
                .into_iter()
                .filter(|lane| between & lane.bit() != 0);
            let turn = (outlet.turn / (2 * AGED)) % between.count_ones().max(1);
            lanes.nth(turn as usize).unwrap_or(highest)
        };
        // What was taken out of the lane before is older than what is in it.
        if outlet.chunk.mask() & lane.bit() != 0 {
            return outlet.chunk.pop_lane(lane);
        }
        let mut inlet = self.inlet.lock();
        let taken = inlet.lanes.pop_front(lane);
        self.taken(inlet);
        taken
    }

    /// Something was taken out of the lanes: there may be room for those who wait.
    fn taken(&self, mut inlet: MutexGuard<'_, Inlet<A>>) {
        self.set_hint(inlet.lanes.mask());
        if inlet.waiting.is_some() {
            let granted = inlet.grant(&self.settings);
            drop(inlet);
            granted.into_iter().for_each(Waker::wake);
        }
    }
}

/// How many envelopes are taken out of the lanes at once: a chunk, or the shallowest lane's depth if that is less.
pub(super) fn prefetch(settings: &Settings) -> usize {
    let depths = settings.lanes.iter().map(|lane| lane.depth_max);
    depths.fold(CHUNK, usize::min)
}
