//! Fingerprints of the recent past, bounded in time and number.

use std::collections::VecDeque;
use std::time::Duration;

use hashbrown::HashTable;

use crate::message::Moment;

/// Fingerprints of the recent past. Starts empty and grows to its limit: an idle agent pays for none.
///
/// The fingerprints stand in a ring in the order of their arrival, where the newest are close together; the table only
/// finds their places. 37 bytes each.
pub(super) struct Table {
    recent: VecDeque<(Moment, u128)>,
    /// The number of the first in the ring; they are numbered on and on.
    first: u32,
    /// Numbers, by fingerprint.
    places: HashTable<u32>,
    window: Duration,
    entries_max: usize,
}

impl Table {
    pub(super) fn new(window: Duration, entries_max: usize) -> Self {
        Self {
            recent: VecDeque::new(),
            first: 0,
            places: HashTable::new(),
            window,
            entries_max,
        }
    }

    pub(super) fn contains(&mut self, print: u128, now: Moment) -> bool {
        while let Some((at, _)) = self.recent.front()
            && now.since(*at) >= self.window
        {
            self.forget_first();
        }
        let is_same = |number: &u32| self.print_of(*number) == Some(print);
        self.places.find(hash(print), is_same).is_some()
    }

    /// Remembers a fingerprint that is not in here.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "numbers wrap, and differ by less than the limit"
    )]
    pub(super) fn insert(&mut self, print: u128, now: Moment) {
        if self.recent.len() >= self.entries_max {
            self.forget_first();
        }
        let number = self.first.wrapping_add(self.recent.len() as u32);
        self.recent.push_back((now, print));
        let (recent, first) = (&self.recent, self.first);
        let rehash = |number: &u32| hash(print_of(recent, first, *number).unwrap_or_default());
        self.places.insert_unique(hash(print), number, rehash);
    }

    fn forget_first(&mut self) {
        let Some((_, print)) = self.recent.front().copied() else {
            return;
        };
        let first = self.first;
        if let Ok(place) = self
            .places
            .find_entry(hash(print), |number| *number == first)
        {
            place.remove();
        }
        self.recent.pop_front();
        self.first = self.first.wrapping_add(1);
    }

    fn print_of(&self, number: u32) -> Option<u128> {
        print_of(&self.recent, self.first, number)
    }
}

fn print_of(recent: &VecDeque<(Moment, u128)>, first: u32, number: u32) -> Option<u128> {
    recent
        .get(number.wrapping_sub(first) as usize)
        .map(|(_, print)| *print)
}

/// A fingerprint is its own hash.
#[expect(
    clippy::cast_possible_truncation,
    reason = "half of it is random enough"
)]
fn hash(print: u128) -> u64 {
    print as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Table;
    use crate::message::Moment;

    const WINDOW: Duration = Duration::from_secs(10);

    #[test]
    fn a_fingerprint_is_known_until_the_window_is_over() {
        let mut table = Table::new(WINDOW, 4);
        let start = Moment::now();
        table.insert(7, start);
        assert!(table.contains(7, start.after(Duration::from_micros(9_999_999))));
        assert!(!table.contains(7, start.after(WINDOW)));
        assert!(
            table.places.is_empty() && table.recent.is_empty(),
            "nothing is kept beyond the window"
        );
    }

    #[test]
    fn the_oldest_makes_room_for_the_newest() {
        let mut table = Table::new(WINDOW, 2);
        let now = Moment::now();
        for print in 1..=3 {
            table.insert(print, now);
        }
        assert!(!table.contains(1, now));
        assert!(table.contains(2, now) && table.contains(3, now));
        assert_eq!(table.places.len(), 2);
    }

    #[test]
    fn many_more_than_fit_are_each_remembered_for_their_turn() {
        let mut table = Table::new(WINDOW, 100);
        table.first = u32::MAX - 150;
        let now = Moment::now();
        for print in 0..1_000_u128 {
            assert!(!table.contains(print, now));
            table.insert(print, now);
            assert!(table.contains(print, now) && table.contains(print.saturating_sub(99), now));
            assert!(print < 100 || !table.contains(print - 100, now));
        }
    }
}
