//! What the consumer has taken out of the lanes and not yet started on.

use std::collections::VecDeque;

use super::lanes::Lanes;
use crate::message::Priority;

/// How many envelopes the consumer takes out of the lanes at once.
///
/// Source: measured against 8 and 1 (`docs/design.md`, "Why chunks of 16?"): popping one by one under the producers'
/// lock costs 2.4 times as much at 1 to 1.
pub(crate) const CHUNK: usize = 16;

/// A short run of envelopes, sorted by lane, first in first out within a lane.
///
/// It lives in the mailbox and not in the consumer's future, so that a kill loses nothing.
#[derive(Debug)]
pub(super) struct Chunk<T> {
    queue: VecDeque<T>,
}

/// What knows its lane.
pub(super) trait InLane {
    fn lane(&self) -> Priority;
}

impl<T: InLane> Chunk<T> {
    pub(super) const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.queue.iter_mut()
    }

    pub(super) fn take_all(&mut self) -> VecDeque<T> {
        std::mem::take(&mut self.queue)
    }

    pub(super) fn front_lane(&self) -> Option<Priority> {
        self.queue.front().map(InLane::lane)
    }

    /// One bit per lane of which something is in here.
    pub(super) fn mask(&self) -> u32 {
        self.queue
            .iter()
            .fold(0, |mask, waiting| mask | waiting.lane().bit())
    }

    pub(super) fn pop_front(&mut self) -> Option<T> {
        self.queue.pop_front()
    }

    /// Takes the oldest envelope of `lane`, wherever it stands.
    pub(super) fn pop_lane(&mut self, lane: Priority) -> Option<T> {
        let at = self.queue.partition_point(|waiting| waiting.lane() < lane);
        if self.queue.get(at)?.lane() == lane {
            self.queue.remove(at)
        } else {
            None
        }
    }

    /// Puts an envelope back in front of its lane.
    pub(super) fn put_back(&mut self, envelope: T) {
        let at = self
            .queue
            .partition_point(|waiting| waiting.lane() < envelope.lane());
        self.queue.insert(at, envelope);
    }

    /// Moves up to `count` envelopes of the lanes above the front one out of `lanes`, highest first.
    pub(super) fn refill(&mut self, lanes: &mut Lanes<T>, count: usize) {
        let above = self.front_lane().map_or(Priority::COUNT, Priority::index);
        let mut moved = 0;
        while moved < count
            && let Some(lane) = Priority::highest(lanes.mask()).filter(|lane| lane.index() < above)
        {
            let taken = lanes.depth(lane).min(count - moved);
            lanes.take(lane, taken, |run| self.insert_run(moved, run));
            moved += taken;
        }
    }

    /// Puts `run` behind the first `at` envelopes. `at` is the length where nothing is overtaken: the common case.
    fn insert_run(&mut self, at: usize, run: impl DoubleEndedIterator<Item = T>) {
        if at == self.queue.len() {
            self.queue.extend(run);
        } else {
            self.queue.rotate_left(at);
            run.rev()
                .for_each(|envelope| self.queue.push_front(envelope));
            self.queue.rotate_right(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Chunk, InLane, Lanes};
    use crate::message::Priority::{self, Critical, High, Low, Normal, Urgent};

    #[derive(Debug, PartialEq)]
    struct Item(Priority, u32);

    impl InLane for Item {
        fn lane(&self) -> Priority {
            self.0
        }
    }

    fn lanes(items: impl IntoIterator<Item = Item>) -> Lanes<Item> {
        let mut lanes = Lanes::new();
        items
            .into_iter()
            .for_each(|item| lanes.push_back(item.0, item));
        lanes
    }

    fn drain(chunk: &mut Chunk<Item>) -> Vec<(Priority, u32)> {
        std::iter::from_fn(|| chunk.pop_front())
            .map(|item| (item.0, item.1))
            .collect()
    }

    #[test]
    fn an_empty_chunk_takes_the_highest_lanes_first_and_no_more_than_asked() {
        let mut lanes = lanes([
            Item(Low, 1),
            Item(Normal, 2),
            Item(Critical, 3),
            Item(Normal, 4),
        ]);
        let mut chunk = Chunk::new();
        chunk.refill(&mut lanes, 2);
        assert_eq!(drain(&mut chunk), [(Critical, 3), (Normal, 2)]);
        assert_eq!(lanes.mask(), Normal.bit() | Low.bit());
    }

    #[test]
    fn higher_lanes_overtake_what_was_taken_and_equal_ones_do_not() {
        let mut chunk = Chunk::new();
        chunk.refill(&mut lanes([Item(Normal, 1), Item(Low, 2)]), CHUNK);
        let mut more = lanes([
            Item(Normal, 3),
            Item(High, 4),
            Item(Urgent, 5),
            Item(Urgent, 6),
        ]);
        chunk.refill(&mut more, CHUNK);
        assert_eq!(more.mask(), Normal.bit());
        assert_eq!(
            drain(&mut chunk),
            [(Urgent, 5), (Urgent, 6), (High, 4), (Normal, 1), (Low, 2)]
        );
    }

    #[test]
    fn what_comes_back_stands_in_front_of_its_lane() {
        let mut chunk = Chunk::new();
        chunk.refill(
            &mut lanes([Item(Critical, 1), Item(Low, 2), Item(Low, 3)]),
            CHUNK,
        );
        chunk.put_back(Item(Low, 0));
        chunk.put_back(Item(Normal, 9));
        assert_eq!(
            drain(&mut chunk),
            [(Critical, 1), (Normal, 9), (Low, 0), (Low, 2), (Low, 3)]
        );
    }

    #[test]
    fn the_oldest_of_a_lane_can_be_taken_out_of_turn() {
        let mut chunk = Chunk::new();
        chunk.refill(
            &mut lanes([Item(High, 1), Item(Low, 2), Item(Low, 3)]),
            CHUNK,
        );
        assert_eq!(chunk.pop_lane(Low), Some(Item(Low, 2)));
        assert_eq!(chunk.pop_lane(Normal), None);
        assert_eq!(drain(&mut chunk), [(High, 1), (Low, 3)]);
    }
}
