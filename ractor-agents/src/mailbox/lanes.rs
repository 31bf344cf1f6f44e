//! Five queues and the mask that tells which hold something. Plain data: no lock, no agent.

use std::collections::VecDeque;

use crate::message::{PerLane, Priority};

/// The producers' side of a mailbox: one queue per priority.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    /// One bit per lane that holds something. See [`Priority::highest`].
    mask: u32,
    queues: PerLane<VecDeque<T>>,
}

impl<T> Lanes<T> {
    /// Allocates nothing until something is pushed.
    pub(super) fn new() -> Self {
        Self {
            mask: 0,
            queues: PerLane::new([const { VecDeque::new() }; Priority::COUNT]),
        }
    }

    pub(super) fn mask(&self) -> u32 {
        self.mask
    }

    pub(super) fn depth(&self, lane: Priority) -> usize {
        self.queues.get(lane).len()
    }

    pub(super) fn len(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    pub(super) fn push_back(&mut self, lane: Priority, item: T) {
        self.mask |= lane.bit();
        self.queues.get_mut(lane).push_back(item);
    }

    pub(super) fn pop_front(&mut self, lane: Priority) -> Option<T> {
        let queue = self.queues.get_mut(lane);
        let item = queue.pop_front();
        if queue.is_empty() {
            self.emptied(lane);
        }
        item
    }

    /// Takes up to `count` items out of a lane, in their order.
    pub(super) fn take(
        &mut self,
        lane: Priority,
        count: usize,
        out: impl FnOnce(std::collections::vec_deque::Drain<'_, T>),
    ) {
        let queue = self.queues.get_mut(lane);
        let count = count.min(queue.len());
        out(queue.drain(..count));
        if queue.is_empty() {
            self.emptied(lane);
        }
    }

    fn emptied(&mut self, lane: Priority) {
        self.mask &= !lane.bit();
        // Starts over at the front of its buffer: an agent that gets one message at a time always touches the same memory.
        self.queues.get_mut(lane).clear();
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
        self.mask = 0;
        self.queues
            .iter_mut()
            .flat_map(|queue| queue.drain(..))
            .collect()
    }
}
