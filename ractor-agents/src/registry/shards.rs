//! A map that many read and few write.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::RandomState;
use hashbrown::{Equivalent, HashMap};
use parking_lot::RwLock;

/// How many parts a map has. A writer holds up readers of one part only, for as long as it takes to write one entry; seldom, when a
/// part grows, for as long as it takes to move that part: 1,600 entries at 100,000 in all.
pub(super) const SHARDS: usize = 64;

/// A map in parts, each behind a lock of its own. Nobody holds one for longer than it takes to read or write one entry.
pub(super) struct Shards<K, V> {
    hasher: RandomState,
    shards: Box<[Shard<K, V>]>,
}

type Shard<K, V> = RwLock<HashMap<K, V, RandomState>>;

impl<K: Hash + Eq, V: Clone> Shards<K, V> {
    pub(super) fn new() -> Self {
        let hasher = RandomState::default();
        let shard = || RwLock::new(HashMap::with_hasher(hasher.clone()));
        let shards = std::iter::repeat_with(shard).take(SHARDS).collect();
        Self { hasher, shards }
    }

    /// A fixed part for each key.
    #[expect(clippy::indexing_slicing, reason = "taken modulo the number of parts")]
    fn shard<Q: Hash + ?Sized>(&self, key: &Q) -> &Shard<K, V> {
        // The highest bits: the map of a part goes by the others.
        let part = self.hasher.hash_one(key) >> 58;
        &self.shards[usize::try_from(part).unwrap_or_default() % SHARDS]
    }

    pub(super) fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V> {
        self.shard(key).read().get(key).cloned()
    }

    pub(super) fn contains<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> bool {
        self.shard(key).read().contains_key(key)
    }

    pub(super) fn insert(&self, key: K, value: V) {
        let shard = self.shard(&key);
        // What was there before is dropped outside the lock.
        let before = shard.write().insert(key, value);
        drop(before);
    }

    pub(super) fn remove<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<V> {
        self.shard(key).write().remove(key)
    }

    /// What there is, part by part: no one instant of the whole.
    pub(super) fn values(&self) -> Vec<V> {
        let mut values = Vec::with_capacity(self.len());
        for shard in &self.shards {
            values.extend(shard.read().values().cloned());
        }
        values
    }

    /// What there is in one part, of 64.
    pub(super) fn part(&self, part: usize) -> Vec<V> {
        let shard = self.shards.get(part).map(RwLock::read);
        shard.map_or_else(Vec::new, |shard| shard.values().cloned().collect())
    }

    /// As [`values`](Self::values), with their keys.
    pub(super) fn entries(&self) -> Vec<(K, V)>
    where
        K: Clone,
    {
        let mut entries = Vec::new();
        for shard in &self.shards {
            let shard = shard.read();
            entries.extend(
                shard
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        entries
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().len()).sum()
    }
}
