//! Fingerprints of the recent past, bounded in time and number.

use std::time::Duration;

use crate::message::Moment;

/// Fingerprints of the recent past: a set-associative table whose sets are one cache line each, so that a look and an
/// insertion touch one line.
///
/// It starts empty and doubles whenever a set is full of fingerprints within the window, up to its limit: an idle agent
/// pays for nothing. At the limit the oldest of a full set is forgotten for the newest.
pub(super) struct Table {
    sets: Vec<Set>,
    window_ms: u32,
    sets_max: usize,
}

/// Fingerprints that share their lowest bits, newest first.
#[derive(Clone, Copy, Default)]
#[repr(align(64))]
struct Set([Slot; WAYS]);

const WAYS: usize = 4;

/// How far the clock of one sender may be behind that of another, in milliseconds: as long as one can be kept from
/// running between its look at the clock and its lock. Source: a guess, a minute.
const SKEW_MS: u32 = 60_000;

/// How many sets there are at first.
const SETS_MIN: usize = 4;

/// 96 bits of a fingerprint and when it came. All zero is empty.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
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

impl Set {
    /// Puts `slot` first. What falls out at the end is the oldest, and must be out of the window unless `must`.
    fn place(&mut self, slot: Slot, now: u32, window: u32, must: bool) -> bool {
        let [_, _, _, oldest] = &self.0;
        let fits = must || !oldest.is_live(now, window);
        if fits {
            self.0.rotate_right(1);
            let [first, ..] = &mut self.0;
            *first = slot;
        }
        fits
    }
}

impl Table {
    /// Remembers for `window`, at most 24 days, and up to about `entries_max` at once.
    pub(super) fn new(window: Duration, entries_max: usize) -> Self {
        let window_ms = u32::try_from(window.as_millis())
            .unwrap_or(u32::MAX)
            .min(u32::MAX / 2);
        // Four times the slots: fingerprints fall where they will, and a set of four seldom gets a fifth then.
        let sets_max = entries_max.next_power_of_two();
        Self {
            sets: Vec::new(),
            window_ms,
            sets_max,
        }
    }

    pub(super) fn contains(&self, print: u128, now: Moment) -> bool {
        let now = millis(now);
        let wanted = Slot::new(print, now);
        let Some(set) = self.sets.get(self.index(&wanted)) else {
            return false;
        };
        set.0
            .iter()
            .any(|slot| slot.is_same(&wanted) && slot.is_live(now, self.window_ms))
    }

    /// Remembers a fingerprint that is not in here.
    pub(super) fn insert(&mut self, print: u128, now: Moment) {
        let now = millis(now);
        self.place(Slot::new(print, now), now);
    }

    fn place(&mut self, slot: Slot, now: u32) {
        loop {
            let (index, window) = (self.index(&slot), self.window_ms);
            let is_largest = self.sets.len() >= self.sets_max;
            if let Some(set) = self.sets.get_mut(index)
                && set.place(slot, now, window, is_largest)
            {
                return;
            }
            self.grow(now);
        }
    }

    /// Doubles the table; what is out of the window is left behind.
    fn grow(&mut self, now: u32) {
        let count = (self.sets.len() * 2).max(SETS_MIN.min(self.sets_max));
        let window = self.window_ms;
        let old = std::mem::replace(&mut self.sets, vec![Set::default(); count]);
        let live = |slot: &&Slot| slot.is_live(now, window);
        for slot in old.iter().flat_map(|set| set.0.iter().rev()).filter(live) {
            self.place(*slot, now);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits are meant")]
    fn index(&self, slot: &Slot) -> usize {
        slot.high as usize & self.sets.len().wrapping_sub(1)
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
        assert_eq!(table.sets.len(), 64);
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
        assert!(table.sets.len() <= 8, "{} sets", table.sets.len());
    }
}
