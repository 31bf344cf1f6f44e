//! How much of what there is.

use super::message::{Message, Stage};
use super::{LaneStats, Ledger, Stats};
use crate::message::{PerLane, Priority};
use crate::queue::time;

/// Counts kept up as messages move.
#[derive(Debug, Default)]
pub(super) struct Tally {
    lanes: PerLane<LaneStats>,
    bytes: u64,
    dead: usize,
    dead_bytes: u64,
}

impl Tally {
    pub(super) fn add(&mut self, message: &Message) {
        if let Some((count, bytes)) = self.of(message) {
            *count += 1;
            *bytes += u64::from(message.size);
        }
    }

    pub(super) fn subtract(&mut self, message: &Message) {
        if let Some((count, bytes)) = self.of(message) {
            *count -= 1;
            *bytes -= u64::from(message.size);
        }
    }

    fn of(&mut self, message: &Message) -> Option<(&mut usize, &mut u64)> {
        let lane = self.lanes.get_mut(message.priority);
        let count = match message.stage {
            Stage::Nowhere => return None,
            Stage::Ready => &mut lane.ready,
            Stage::Delayed => &mut lane.delayed,
            Stage::Held => &mut lane.leased,
            Stage::Dead => return Some((&mut self.dead, &mut self.dead_bytes)),
        };
        Some((count, &mut self.bytes))
    }

    /// Messages in the queue, without dead letters.
    pub(super) fn count(&self) -> usize {
        self.lanes.iter().map(LaneStats::count).sum()
    }

    /// Their bytes.
    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Ledger {
    /// The queue in numbers, as of the last look at the clock.
    pub(crate) fn stats(&self) -> Stats {
        let oldest = self
            .ready
            .heads()
            .filter_map(|handle| Some(self.messages.get(handle)?.enqueued_at))
            .min();
        Stats {
            lanes: Priority::ALL.map(|lane| *self.tally.lanes.get(lane)),
            bytes: self.tally.bytes,
            dead: self.tally.dead,
            dead_bytes: self.tally.dead_bytes,
            remembered: self.remembered.len(),
            oldest_at: oldest.map(time::at),
            is_paused: self.paused,
        }
    }
}
