//! Whose turn it is.

use std::collections::BTreeMap;

use super::Aging;
use super::message::Handle;
use crate::message::{PerLane, Priority};

/// After how many leases to others in a row a priority has its turn. Where four have it at once they go one after another,
/// so each of them gets one lease in 28 + 1 + 3 at least: 3.1 %.
const PASSED_MAX: u8 = 28;

/// Available messages: per priority by their places in line.
#[derive(Debug, Default)]
pub(super) struct Ready {
    lanes: PerLane<BTreeMap<u64, Handle>>,
    /// For each priority, to how many others in a row leases were given while it had one available.
    passed: PerLane<u8>,
}

impl Ready {
    pub(super) fn insert(&mut self, priority: Priority, order: u64, handle: Handle) {
        self.lanes.get_mut(priority).insert(order, handle);
    }

    pub(super) fn remove(&mut self, priority: Priority, order: u64) {
        self.lanes.get_mut(priority).remove(&order);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.available().next().is_none()
    }

    /// Whose turn it is; counted as a turn.
    pub(super) fn next(&mut self, aging: Aging) -> Option<Handle> {
        let lane = self.turn(aging)?;
        self.count(lane);
        let (_, handle) = self.lanes.get(lane).first_key_value()?;
        Some(*handle)
    }

    fn turn(&self, aging: Aging) -> Option<Priority> {
        let aged = self
            .available()
            .filter(|lane| aging == Aging::Fair && *self.passed.get(*lane) >= PASSED_MAX)
            // The last of several with the same count: the lowest.
            .max_by_key(|lane| *self.passed.get(*lane));
        aged.or_else(|| self.available().next())
    }

    fn count(&mut self, taken: Priority) {
        let highest = self.available().next();
        for lane in Priority::ALL {
            let is_passed =
                lane != taken && Some(lane) != highest && !self.lanes.get(lane).is_empty();
            let passed = self.passed.get_mut(lane);
            *passed = if is_passed {
                passed.saturating_add(1)
            } else {
                0
            };
        }
    }

    /// Priorities of which something is available, highest first.
    fn available(&self) -> impl Iterator<Item = Priority> {
        Priority::ALL
            .into_iter()
            .filter(|lane| !self.lanes.get(*lane).is_empty())
    }

    /// What is available, strictly by priority, then in line.
    pub(super) fn iter(&self) -> impl Iterator<Item = Handle> {
        self.lanes.iter().flat_map(|lane| lane.values().copied())
    }

    /// The first in line of each priority.
    pub(super) fn heads(&self) -> impl Iterator<Item = Handle> {
        self.lanes
            .iter()
            .filter_map(|lane| lane.first_key_value())
            .map(|(_, handle)| *handle)
    }
}
