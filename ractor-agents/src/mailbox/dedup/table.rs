//! Fingerprints of the recent past, bounded in time and number.

use std::collections::VecDeque;
use std::time::Duration;

use hashbrown::HashTable;

use crate::message::Moment;

/// Fingerprints of the recent past. Starts empty and grows to its limit: an idle agent pays for none.
pub(super) struct Table {
    prints: HashTable<u128>,
    /// The same, oldest first.
    ages: VecDeque<(Moment, u128)>,
    window: Duration,
    entries_max: usize,
}

impl Table {
    pub(super) fn new(window: Duration, entries_max: usize) -> Self {
        Self {
            prints: HashTable::new(),
            ages: VecDeque::new(),
            window,
            entries_max,
        }
    }

    pub(super) fn contains(&mut self, print: u128, now: Moment) -> bool {
        self.forget(now);
        self.prints
            .find(hash(print), |known| *known == print)
            .is_some()
    }

    /// Remembers a fingerprint that is not in here.
    pub(super) fn insert(&mut self, print: u128, now: Moment) {
        if self.ages.len() >= self.entries_max
            && let Some((_, oldest)) = self.ages.pop_front()
        {
            self.remove(oldest);
        }
        self.ages.push_back((now, print));
        self.prints
            .insert_unique(hash(print), print, |known| hash(*known));
    }

    fn forget(&mut self, now: Moment) {
        while let Some((at, oldest)) = self.ages.front().copied()
            && now.since(at) >= self.window
        {
            self.ages.pop_front();
            self.remove(oldest);
        }
    }

    fn remove(&mut self, print: u128) {
        if let Ok(entry) = self.prints.find_entry(hash(print), |known| *known == print) {
            entry.remove();
        }
    }
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
            table.prints.is_empty() && table.ages.is_empty(),
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
        assert_eq!(table.prints.len(), 2);
    }
}
