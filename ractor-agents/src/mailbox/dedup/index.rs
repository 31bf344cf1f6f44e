//! Where in a log a fingerprint may be.

/// For each fingerprint of a log its number there, as far as it is told by a few of its bits.
///
/// Lines of sixteen entries, a cache line each, which all that share some bits fall into, newest first. An entry is a
/// number and a tag of other bits, so that few that are not meant are looked up in the log. Nothing is ever taken out: the
/// entry of a number that has left the log is stale, and falls out at the end of its line.
pub(super) struct Index {
    lines: Vec<Line>,
    /// How many numbers the log holds.
    length: u32,
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u32; WAYS]);

const WAYS: usize = 16;

/// Entries for each number of the log. Lines that are a quarter full on average: one in a million gets a seventeenth, by
/// Poisson's distribution, and forgets its oldest.
const ROOM: usize = 4;

/// How many bits of an entry are the number: sixteen times the largest log, so that stale entries have fallen out of their
/// line before they look like new ones.
const NUMBER_BITS: u32 = 24;
const NUMBER: u32 = (1 << NUMBER_BITS) - 1;

impl Index {
    /// For a log of `length` numbers, a power of two up to 2²⁰.
    pub(super) fn new(length: usize) -> Self {
        let lines = (length * ROOM).div_ceil(WAYS);
        let length = u32::try_from(length).unwrap_or(NUMBER);
        // Stale from the start: half a round behind the first number.
        let empty = Line([NUMBER / 2 + 1; WAYS]);
        Self {
            lines: vec![empty; lines],
            length,
        }
    }

    /// The numbers before `count` that a fingerprint with these bits may have.
    pub(super) fn find(&self, bits: u64, count: u32) -> impl Iterator<Item = u32> {
        let (tag, length) = (tag(bits), self.length);
        let ways = self
            .lines
            .get(self.line(bits))
            .map_or(&[][..], |line| &line.0);
        // All at once, since nearly always there is none.
        let hits = ways
            .iter()
            .fold(0, |hits, entry| hits + u32::from(entry & !NUMBER == tag));
        let ways = if hits > 0 { ways } else { &[] };
        ways.iter()
            .filter(move |entry| *entry & !NUMBER == tag)
            .map(move |entry| age(*entry, count))
            .filter(move |age| *age <= length)
            .map(move |age| count.wrapping_sub(age))
    }

    /// Notes that number `count`, the next one, has these bits.
    pub(super) fn insert(&mut self, bits: u64, count: u32) {
        let (line, entry) = (self.line(bits), tag(bits) | (count & NUMBER));
        if let Some(Line(ways)) = self.lines.get_mut(line) {
            ways.copy_within(..WAYS - 1, 1);
            let [newest, ..] = ways;
            *newest = entry;
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits are meant")]
    fn line(&self, bits: u64) -> usize {
        bits as usize & self.lines.len().wrapping_sub(1)
    }
}

/// How many numbers ago that was, 1 for the last one.
fn age(entry: u32, count: u32) -> u32 {
    (count.wrapping_sub(entry).wrapping_sub(1) & NUMBER) + 1
}

/// The highest bits, which do not choose the line.
fn tag(bits: u64) -> u32 {
    (bits >> 32) as u32 & !NUMBER
}

#[cfg(test)]
mod tests {
    use super::{Index, NUMBER};

    fn found(index: &Index, bits: u64, count: u32) -> Vec<u32> {
        index.find(bits, count).collect()
    }

    #[test]
    fn what_is_in_the_log_is_found_and_what_has_left_it_is_not() {
        let mut index = Index::new(4);
        for number in 0..6 {
            index.insert(u64::from(number) << 56, number);
        }
        assert_eq!(found(&index, 5 << 56, 6), [5]);
        assert_eq!(found(&index, 2 << 56, 6), [2]);
        assert_eq!(found(&index, 1 << 56, 6), [0; 0]);
    }

    #[test]
    fn an_empty_index_tells_of_nothing_whatever_the_count() {
        let index = Index::new(1 << 20);
        assert_eq!(found(&index, 0, 0), [0; 0]);
        assert_eq!(found(&index, 0, 1 << 20), [0; 0]);
    }

    #[test]
    fn numbers_wrap() {
        let mut index = Index::new(4);
        index.insert(7 << 56, NUMBER);
        index.insert(7 << 56, NUMBER + 1);
        assert_eq!(found(&index, 7 << 56, NUMBER + 2), [NUMBER + 1, NUMBER]);
        let mut index = Index::new(4);
        index.insert(7 << 56, u32::MAX);
        assert_eq!(found(&index, 7 << 56, 1), [u32::MAX]);
    }
}
