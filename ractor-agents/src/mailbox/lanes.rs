//! Five queues and the mask that tells which hold something. Plain data: no lock, no agent.

use std::collections::VecDeque;

use crate::message::{PerLane, Priority};

/// One queue per priority. A mailbox has two: where senders put envelopes in line, and where the consumer keeps those that
/// it has taken ahead.
#[derive(Debug)]
// In this order: the mask is next to what its owner keeps in front of it.
#[repr(C)]
pub(super) struct Lanes<T> {
    /// One bit per lane that holds something. See [`Priority::highest`].
    mask: u32,
    queues: PerLane<VecDeque<T>>,
}

impl<T> Lanes<T> {
    /// Allocates nothing until something is pushed.
    pub(super) const fn new() -> Self {
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

    pub(super) fn push_back(&mut self, lane: Priority, item: T) -> &mut T {
        self.mark(lane);
        self.queues.get_mut(lane).push_back_mut(item)
    }

    /// A lane holds something. Written only when it changes: the consumer reads what is next to it.
    fn mark(&mut self, lane: Priority) {
        if self.mask & lane.bit() == 0 {
            self.mask |= lane.bit();
        }
    }

    /// Puts an item back in front of its lane.
    pub(super) fn push_front(&mut self, lane: Priority, item: T) {
        self.mark(lane);
        self.queues.get_mut(lane).push_front(item);
    }

    pub(super) fn pop_front(&mut self, lane: Priority) -> Option<T> {
        let queue = self.queues.get_mut(lane);
        let item = queue.pop_front();
        if queue.is_empty() {
            self.emptied(lane);
        }
        item
    }

    /// Moves up to `count` items of a lane behind those of the same lane in `to`, in their order.
    ///
    /// Where all of them go to an empty lane the two queues change places: whatever their number, no item is touched.
    pub(super) fn take_into(&mut self, lane: Priority, count: usize, to: &mut Self) {
        let (from, into) = (self.queues.get_mut(lane), to.queues.get_mut(lane));
        if from.is_empty() || count == 0 {
            return;
        }
        if into.is_empty() && from.len() <= count {
            std::mem::swap(from, into);
        } else {
            into.extend(from.drain(..count.min(from.len())));
        }
        to.mask |= lane.bit();
        if from.is_empty() {
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

    /// Highest lane first.
    pub(super) fn take_all(&mut self) -> Vec<T> {
        self.mask = 0;
        self.queues
            .iter_mut()
            .flat_map(|queue| queue.drain(..))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Lanes;
    use crate::message::Priority::{Low, Normal};

    fn normal(items: impl IntoIterator<Item = u32>) -> Lanes<u32> {
        let mut lanes = Lanes::new();
        for item in items {
            lanes.push_back(Normal, item);
        }
        lanes
    }

    #[test]
    fn a_lane_changes_places_with_an_empty_one() {
        let (mut from, mut to) = (normal(0..100), normal([]));
        from.push_back(Low, 7);
        from.take_into(Normal, 100, &mut to);
        assert_eq!((from.mask(), to.mask()), (Low.bit(), Normal.bit()));
        assert_eq!(to.take_all(), (0..100).collect::<Vec<_>>());
        assert_eq!(from.take_all(), [7]);
    }

    #[test]
    fn what_is_taken_stands_behind_what_was_taken_before() {
        let (mut from, mut to) = (normal([3, 4]), normal([1, 2]));
        from.take_into(Normal, 100, &mut to);
        to.push_front(Normal, 0);
        assert_eq!(from.mask(), 0);
        assert_eq!(to.take_all(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn no_more_is_taken_than_asked_for() {
        let (mut from, mut to) = (normal(0..10), normal([]));
        from.take_into(Normal, 4, &mut to);
        assert_eq!(from.mask(), Normal.bit());
        assert_eq!(to.take_all(), [0, 1, 2, 3]);
        assert_eq!(from.take_all(), (4..10).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_is_taken_out_of_an_empty_lane() {
        let (mut from, mut to) = (normal([]), normal([]));
        from.take_into(Normal, 4, &mut to);
        assert_eq!((from.mask(), to.mask()), (0, 0));
    }

    #[test]
    fn a_lane_of_which_nothing_was_taken_is_not_said_to_hold_something() {
        let (mut from, mut to) = (normal([1]), normal([]));
        from.take_into(Normal, 0, &mut to);
        assert_eq!((from.mask(), to.mask()), (Normal.bit(), 0));
    }
}
