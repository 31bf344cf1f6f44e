//! Fingerprints of the recent past.

use std::collections::VecDeque;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::record::Remembrance;
use super::{Fingerprint, Id};

/// Fingerprints within their windows, each with the name of the message that brought it first.
///
/// A log in the order of their coming, and an index from fingerprint to place in that log. An entry is 38 bytes in the log
/// and 5.7 to 11.4 in the index: 47 bytes on average and at most 50, so 10 million take 0.47 GB. The log is in chunks and
/// the index in 64 parts, so that growing moves little at a time.
///
/// Whether one is within its window is exact. Its memory is freed when everything that came before it is out of its window
/// as well, so one long window among many short ones keeps those in memory, not in force.
#[derive(Debug)]
pub(super) struct Remembered {
    chunks: VecDeque<Vec<Entry>>,
    /// The number of the first entry of the first chunk. Numbers only grow.
    base: u64,
    /// Entries at the beginning of the first chunk that are freed.
    freed: usize,
    /// Entries in the chunks, those included.
    entries: usize,
    /// Which segments entries are of, oldest first.
    runs: VecDeque<Run>,
    index: Vec<HashTable<u32>>,
    hasher: RandomState,
}

/// Unaligned, since an entry is nothing but bytes. `until` has 48 bits, 8,900 years; zero is one that is not in force.
#[derive(Clone, Copy, Debug)]
struct Entry {
    print: [u8; 16],
    of: [u8; 16],
    until: [u8; 6],
}

/// Entries that came one after another and are of one segment.
#[derive(Debug)]
struct Run {
    segment: u64,
    /// The number of its first.
    first: u64,
    /// Entries that are not freed or moved to another segment.
    live: usize,
}

/// Entries of a chunk. Source: a guess; 10 KB.
const CHUNK: usize = 256;

/// Parts of the index. Source: a guess; with 10 million entries a part that doubles moves 160,000 numbers.
const PARTS: usize = 64;

/// The largest time that an entry can hold.
const UNTIL_MAX: u64 = (1 << 48) - 1;

impl Entry {
    fn new(remembrance: &Remembrance) -> Self {
        let mut until = [0; 6];
        let bytes = remembrance.until.min(UNTIL_MAX).to_le_bytes();
        for (to, from) in until.iter_mut().zip(bytes) {
            *to = from;
        }
        Self {
            print: remembrance.print.0,
            of: remembrance.of.0.to_le_bytes(),
            until,
        }
    }

    fn until(&self) -> u64 {
        self.until
            .iter()
            .rev()
            .fold(0, |until, byte| until << 8 | u64::from(*byte))
    }

    fn remembrance(&self) -> Remembrance {
        Remembrance {
            print: Fingerprint(self.print),
            of: Id(u128::from_le_bytes(self.of)),
            until: self.until(),
        }
    }
}

impl Default for Remembered {
    fn default() -> Self {
        Self {
            chunks: VecDeque::new(),
            base: 0,
            freed: 0,
            entries: 0,
            runs: VecDeque::new(),
            index: (0..PARTS).map(|_| HashTable::new()).collect(),
            hasher: RandomState::default(),
        }
    }
}

impl Remembered {
    /// How many take memory.
    pub(super) const fn len(&self) -> usize {
        self.entries - self.freed
    }

    /// Who brought this one first, if that is within its window.
    pub(super) fn find(&self, print: Fingerprint, now: u64) -> Option<Id> {
        let entry = self.entry(self.number_of(print)?)?;
        (entry.until() > now).then(|| entry.remembrance().of)
    }

    /// Remembers one as of a segment that is no older than those before. What was known of it is superseded.
    pub(super) fn insert(&mut self, segment: u64, remembrance: &Remembrance) {
        self.forget(remembrance.print);
        let number = self.base + self.entries as u64;
        if self.entries.is_multiple_of(CHUNK) {
            self.chunks.push_back(Vec::new());
        }
        let Some(chunk) = self.chunks.back_mut() else {
            return;
        };
        chunk.push(Entry::new(remembrance));
        self.entries += 1;
        match self.runs.back_mut() {
            Some(run) if run.segment == segment => run.live += 1,
            _ => self.runs.push_back(Run {
                segment,
                first: number,
                live: 1,
            }),
        }
        let hash = self.hasher.hash_one(remembrance.print);
        let Self {
            chunks,
            base,
            index,
            hasher,
            ..
        } = self;
        if let Some(part) = part_mut(index, hash) {
            part.insert_unique(hash, low(number), |number| {
                entry(chunks, position(*base, *number))
                    .map_or(0, |entry| hasher.hash_one(Fingerprint(entry.print)))
            });
        }
    }

    /// Frees what is out of its window, as far as nothing before it is within.
    pub(super) fn advance(&mut self, now: u64) {
        while let Some(first) = self.first().copied() {
            if first.until() > now {
                return;
            }
            if first.until() > 0 {
                self.forget(Fingerprint(first.print));
            }
            self.free_first();
        }
    }

    /// When there is something to free, rounded up to a whole second: it only frees memory.
    pub(super) fn next_due(&self) -> Option<u64> {
        let until = self.first()?.until();
        Some(until.div_ceil(1_000).saturating_mul(1_000))
    }

    /// How many entries of a segment are left.
    pub(super) fn live_in(&self, segment: u64) -> usize {
        let runs = self.runs.iter().filter(|run| run.segment == segment);
        runs.map(|run| run.live).sum()
    }

    /// The oldest segment that has an entry.
    #[cfg(test)]
    pub(super) fn oldest_segment(&self) -> Option<u64> {
        Some(self.runs.iter().find(|run| run.live > 0)?.segment)
    }

    /// Up to `count_max` of the oldest entries, as far as they are of this segment.
    pub(super) fn oldest_in(&self, segment: u64, count_max: usize) -> Vec<Remembrance> {
        let Some(at) = self
            .runs
            .iter()
            .position(|run| run.segment == segment && run.live > 0)
        else {
            return Vec::new();
        };
        let first = self.runs.get(at).map_or(0, |run| run.first);
        let end = self.runs.get(at + 1).map_or(u64::MAX, |run| run.first);
        (first.max(self.base + self.freed as u64)..end.min(self.base + self.entries as u64))
            .filter_map(|number| self.entry(number))
            .map(Entry::remembrance)
            .filter(|remembrance| remembrance.until > 0)
            .take(count_max)
            .collect()
    }

    /// Takes one out of force.
    fn forget(&mut self, print: Fingerprint) {
        let hash = self.hasher.hash_one(print);
        let Some(number) = self.number_of(print) else {
            return;
        };
        if let Some(part) = part_mut(&mut self.index, hash)
            && let Ok(found) = part.find_entry(hash, |found| *found == low(number))
        {
            found.remove();
        }
        let position = position(self.base, low(number));
        if let Some(entry) = self
            .chunks
            .get_mut(position / CHUNK)
            .and_then(|chunk| chunk.get_mut(position % CHUNK))
        {
            entry.until = [0; 6];
        }
        let run = self.runs.partition_point(|run| run.first <= number);
        if let Some(run) = self.runs.get_mut(run.wrapping_sub(1)) {
            run.live -= 1;
        }
    }

    fn free_first(&mut self) {
        self.freed += 1;
        if self.freed == CHUNK {
            self.chunks.pop_front();
            self.base += CHUNK as u64;
            self.entries -= CHUNK;
            self.freed = 0;
        }
        if self.freed == self.entries {
            self.chunks.clear();
            self.base += self.entries as u64;
            (self.entries, self.freed) = (0, 0);
        }
        let first = self.base + self.freed as u64;
        while self.runs.get(1).is_some_and(|next| next.first <= first) {
            self.runs.pop_front();
        }
        if self.entries == 0 {
            self.runs.clear();
        }
    }

    fn first(&self) -> Option<&Entry> {
        entry(&self.chunks, self.freed)
    }

    fn number_of(&self, print: Fingerprint) -> Option<u64> {
        let hash = self.hasher.hash_one(print);
        let part = self.index.get(part_of(hash))?;
        let number = part.find(hash, |number| {
            entry(&self.chunks, position(self.base, *number))
                .is_some_and(|entry| entry.print == print.0)
        })?;
        Some(self.base + position(self.base, *number) as u64)
    }

    fn entry(&self, number: u64) -> Option<&Entry> {
        entry(&self.chunks, position(self.base, low(number)))
    }

    /// Those within their windows, in no order worth anything.
    #[cfg(test)]
    pub(super) fn iter(&self, now: u64) -> impl Iterator<Item = Remembrance> {
        let entries = self.chunks.iter().flatten().skip(self.freed);
        entries
            .map(Entry::remembrance)
            .filter(move |remembrance| remembrance.until > now)
    }

    /// Bytes in the log and the index, as allocated.
    #[cfg(test)]
    pub(super) fn memory(&self) -> usize {
        let chunks = self.chunks.iter().map(Vec::capacity).sum::<usize>() * size_of::<Entry>();
        let index: usize = self.index.iter().map(HashTable::allocation_size).sum();
        chunks + index
    }
}

/// The index holds the low bits of numbers: fewer than 2³² are in the log at a time.
#[expect(clippy::cast_possible_truncation, reason = "the low bits are meant")]
const fn low(number: u64) -> u32 {
    number as u32
}

const fn position(base: u64, number: u32) -> usize {
    number.wrapping_sub(low(base)) as usize
}

fn entry(chunks: &VecDeque<Vec<Entry>>, position: usize) -> Option<&Entry> {
    chunks.get(position / CHUNK)?.get(position % CHUNK)
}

/// By bits that the tables make little of.
const fn part_of(hash: u64) -> usize {
    (hash >> 48) as usize % PARTS
}

fn part_mut(index: &mut [HashTable<u32>], hash: u64) -> Option<&mut HashTable<u32>> {
    index.get_mut(part_of(hash))
}
