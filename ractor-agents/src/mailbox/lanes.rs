//! Five queues and the mask that tells which hold something. Plain data: no lock, no agent.

use std::collections::VecDeque;

use crate::message::{PerLane, Priority};

/// The producers' side of a mailbox: one queue per priority.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    queues: PerLane<VecDeque<T>>,
}

impl<T> Lanes<T> {
    /// Allocates nothing until something is pushed.
    pub(super) fn new() -> Self {
        Self {
            queues: PerLane::new([const { VecDeque::new() }; Priority::COUNT]),
        }
    }

    pub(super) fn lane(&self, lane: Priority) -> &VecDeque<T> {
        self.queues.get(lane)
    }

    pub(super) fn lane_mut(&mut self, lane: Priority) -> &mut VecDeque<T> {
        self.queues.get_mut(lane)
    }

    /// One bit per lane that holds something. See [`Priority::highest`].
    pub(super) fn mask(&self) -> u32 {
        Priority::ALL
            .into_iter()
            .filter(|lane| !self.lane(*lane).is_empty())
            .fold(0, |mask, lane| mask | lane.bit())
    }

    pub(super) fn len(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.queues.iter_mut().flatten()
    }

    /// Gives back what a burst once needed.
    pub(super) fn shrink(&mut self, keep: usize) {
        self.queues
            .iter_mut()
            .for_each(|queue| queue.shrink_to(keep));
    }

    pub(super) fn take_all(&mut self) -> Vec<T> {
        self.queues
            .iter_mut()
            .flat_map(|queue| queue.drain(..))
            .collect()
    }
}
