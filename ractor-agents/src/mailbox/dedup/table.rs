//! Fingerprints of the recent past, bounded in time and number.

use std::time::Duration;

use super::index::Index;
use crate::message::Moment;

/// Fingerprints of the recent past: a log of them in the order of their coming, and an index that tells where in the log
/// one is.
///
/// A fingerprint that is not in there, the common case, costs one line of the index to find out and one to write; the log
/// is written one slot after another. So a thousand agents in turn touch little memory each. Both start empty and grow
/// fourfold while nothing in the log is out of the window, up to the limit: an idle agent pays for nothing. At the limit
/// the oldest is forgotten for the newest.
pub(super) struct Table {
    /// A ring: number `n` is at `n` modulo its length, a power of two.
    log: Vec<Slot>,
    index: Index,
    /// How many were ever put in, wrapping.
    count: u32,
    window_ms: u32,
    entries_max: usize,
}

/// How far the clock of one sender may be behind that of another, in milliseconds: as long as one can be kept from
/// running between its look at the clock and its lock. Source: a guess, a minute.
const SKEW_MS: u32 = 60_000;

/// How many fingerprints there is room for at first.
const ENTRIES_MIN: usize = 4;

/// 96 bits of a fingerprint and when it came. All zero is empty.
#[derive(Clone, Copy, Default)]
struct Slot {
    high: u64,
    /// Never zero for a fingerprint.
    low: u32,
    /// In milliseconds, wrapping after 49 days.
    at: u32,
}

impl Slot {
    #[expect(clippy::cast_possible_truncation, reason = "parts of a fingerprint")]
    fn new(print: u128, at: u32) -> Self {
        Self {
            high: (print >> 64) as u64,
            low: print as u32 | 1,
            at,
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        self.high == other.high && self.low == other.low
    }

    fn is_live(&self, now: u32, window: u32) -> bool {
        self.low != 0 && self.age(now) < i64::from(window)
    }

    /// Negative where the slot is from a sender whose look at the clock was later: they look before they have the lock.
    fn age(&self, now: u32) -> i64 {
        let age = now.wrapping_sub(self.at);
        let ahead = if age > u32::MAX - SKEW_MS { 1 << 32 } else { 0 };
        i64::from(age) - ahead
    }
}

impl Table {
    /// Remembers for `window`, at most 24 days, and the last `entries_max`, rounded up to a power of two.
    pub(super) fn new(window: Duration, entries_max: usize) -> Self {
        let window_ms = u32::try_from(window.as_millis())
            .unwrap_or(u32::MAX)
            .min(u32::MAX / 2);
        Self {
            log: Vec::new(),
            index: Index::new(0),
            count: 0,
            window_ms,
            entries_max: entries_max.next_power_of_two(),
        }
    }

    pub(super) fn contains(&self, print: u128, now: Moment) -> bool {
        let now = millis(now);
        let wanted = Slot::new(print, now);
        self.index
            .find(wanted.high, self.count)
            .filter_map(|number| self.log.get(self.place(number)))
            .any(|slot| slot.is_same(&wanted) && slot.is_live(now, self.window_ms))
    }

    /// Remembers a fingerprint that is not in here.
    pub(super) fn insert(&mut self, print: u128, now: Moment) {
        let now = millis(now);
        if self.log.len() < self.entries_max {
            let oldest = self.log.get(self.place(self.count));
            if oldest.is_none_or(|slot| slot.is_live(now, self.window_ms)) {
                self.grow();
            }
        }
        let place = self.place(self.count);
        if let Some(slot) = self.log.get_mut(place) {
            *slot = Slot::new(print, now);
            self.index.insert(slot.high, self.count);
            self.count = self.count.wrapping_add(1);
        }
    }

    /// Makes the log four times as long, oldest first from its beginning, and an index over it.
    fn grow(&mut self) {
        let length = (self.log.len() * 4).max(ENTRIES_MIN).min(self.entries_max);
        let oldest = self.place(self.count);
        self.log.rotate_left(oldest);
        self.count = 0;
        self.index = Index::new(length);
        for slot in self.log.iter().filter(|slot| slot.low != 0) {
            self.index.insert(slot.high, self.count);
            self.count += 1;
        }
        self.log.resize(length, Slot::default());
    }

    fn place(&self, number: u32) -> usize {
        number as usize & self.log.len().wrapping_sub(1)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "wraps, and is only compared within the window"
)]
fn millis(moment: Moment) -> u32 {
    (moment.micros() / 1000) as u32
}
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Table;
    use crate::message::Moment;

    const WINDOW: Duration = Duration::from_secs(10);

    /// Spreads small numbers over all bits, as hashes are.
    fn print(number: u128) -> u128 {
        (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
    }

    #[test]
    fn a_fingerprint_is_known_until_the_window_is_over() {
        let mut table = Table::new(WINDOW, 16);
        let start = Moment::now();
        table.insert(print(7), start);
        assert!(table.contains(print(7), start.after(Duration::from_millis(9_999))));
        assert!(!table.contains(print(7), start.after(WINDOW)));
    }

    #[test]
    fn a_sender_whose_look_at_the_clock_is_older_knows_it_too() {
        let mut table = Table::new(WINDOW, 4);
        let start = Moment::now().after(WINDOW);
        let later = start.after(Duration::from_millis(5));
        for number in 0..4 {
            table.insert(print(number), start);
        }
        table.insert(print(9), later);
        assert!(table.contains(print(9), start));
        table.insert(print(10), start);
        assert!(
            table.contains(print(9), start),
            "the newest is not taken for the oldest"
        );
    }

    #[test]
    fn nothing_is_forgotten_within_the_window_while_the_table_can_grow() {
        let mut table = Table::new(WINDOW, 1 << 16);
        let now = Moment::now();
        for number in 0..10_000 {
            assert!(!table.contains(print(number), now));
            table.insert(print(number), now);
        }
        assert!((0..10_000).all(|number| table.contains(print(number), now)));
    }

    #[test]
    fn the_limit_holds_and_the_newest_are_kept() {
        let mut table = Table::new(WINDOW, 64);
        let start = Moment::now();
        for number in 0..1_000_u64 {
            table.insert(
                print(number.into()),
                start.after(Duration::from_millis(number)),
            );
        }
        let now = start.after(Duration::from_secs(1));
        assert_eq!(table.log.len(), 64);
        assert!((990..1_000).all(|number| table.contains(print(number), now)));
        let old = (0..500).filter(|number| table.contains(print(*number), now));
        assert!(old.count() < 64);
    }

    #[test]
    fn what_is_out_of_the_window_makes_room_without_growth() {
        let mut table = Table::new(Duration::from_millis(10), 1 << 16);
        let start = Moment::now();
        for number in 0..10_000_u64 {
            table.insert(
                print(number.into()),
                start.after(Duration::from_millis(10 * number)),
            );
        }
        assert!(table.log.len() <= 8, "{} slots", table.log.len());
    }
}
