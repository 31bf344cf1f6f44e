//! What is in a file, as it is seen and as it is on disk.

use rand::RngExt;
use rand::rngs::StdRng;

/// A file.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    /// What whoever reads it gets.
    pub(super) seen: Vec<u8>,
    /// What a power cut leaves in any case.
    pub(super) on_disk: Vec<u8>,
    /// Since the last sync: offset and bytes.
    pub(super) writes: Vec<(usize, Vec<u8>)>,
}

/// What of unsynced writes gets to the disk.
#[derive(Clone, Copy)]
pub(super) struct Torn {
    /// Bytes that are written together or not at all.
    sector: usize,
    /// How likely one is written.
    kept: f64,
    /// What is in the part of a file that never was written: what was there before, instead of zeros.
    stale: bool,
}

impl Torn {
    pub(super) fn choose(random: &mut StdRng) -> Self {
        Self {
            sector: if random.random() { 512 } else { 4096 },
            kept: match random.random_range(0..4) {
                0 => 0.0,
                1 => 1.0,
                2 => 0.5,
                _ => random.random(),
            },
            stale: random.random(),
        }
    }
}

impl Contents {
    pub(super) fn synced(bytes: Vec<u8>) -> Self {
        Self {
            seen: bytes.clone(),
            on_disk: bytes,
            writes: Vec::new(),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], at: usize) {
        put(&mut self.seen, bytes, at);
        self.writes.push((at, bytes.to_vec()));
    }

    pub(super) fn sync(&mut self) {
        // Only what was written since: the rest of what is seen may not be on disk, after a failed sync.
        for (at, bytes) in std::mem::take(&mut self.writes) {
            put(&mut self.on_disk, &bytes, at);
        }
    }

    /// What is on disk, with some of what was not synced.
    pub(super) fn torn(&self, torn: Torn, random: &mut StdRng) -> Vec<u8> {
        let mut bytes = self.on_disk.clone();
        if self.seen.len() > bytes.len() && random.random() {
            let stale = torn.stale;
            bytes.resize_with(self.seen.len(), || if stale { random.random() } else { 0 });
        }
        for (at, write) in &self.writes {
            let mut at = *at;
            let mut rest = write.as_slice();
            while !rest.is_empty() {
                let count = (torn.sector - at % torn.sector).min(rest.len());
                let (sector, behind) = rest.split_at(count);
                if random.random_bool(torn.kept) && at + count <= bytes.len() {
                    put(&mut bytes, sector, at);
                }
                rest = behind;
                at += count;
            }
        }
        bytes
    }
}

fn put(into: &mut Vec<u8>, bytes: &[u8], at: usize) {
    let end = at + bytes.len();
    if into.len() < end {
        into.resize(end, 0);
    }
    if let Some(to) = into.get_mut(at..end) {
        to.copy_from_slice(bytes);
    }
}
