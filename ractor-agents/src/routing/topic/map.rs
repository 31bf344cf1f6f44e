//! A map whose copies share what they have in common.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, LazyLock};

use foldhash::quality::RandomState;

/// How many bits of a hash each level goes by.
const BITS: u32 = 4;

/// After how many levels a hash is used up.
const LEVELS: u32 = u64::BITS / BITS;

/// How many entries a leaf holds before it is split. Source: a guess; they are copied where one of them changes.
const LEAF_MAX: usize = 16;

static HASHES: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A map whose copies share what they have in common: a copy costs nothing, and a change as much as there is on the way to the
/// entry. A trie by hashes.
#[derive(Clone, Debug)]
pub(super) struct Map<K, V> {
    root: Option<Arc<Node<K, V>>>,
    len: usize,
}

#[derive(Clone, Debug)]
enum Node<K, V> {
    /// More than [`LEAF_MAX`] only where hashes are used up.
    Leaf(Vec<(K, V)>),
    Fork(Box<[Part<K, V>; 1 << BITS]>),
}

type Part<K, V> = Option<Arc<Node<K, V>>>;

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self { root: None, len: 0 }
    }
}

impl<K, V> Map<K, V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// In no order.
    pub(super) fn each<'a>(&'a self, mut seen: impl FnMut(&'a K, &'a V)) {
        if let Some(root) = &self.root {
            root.each(&mut seen);
        }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Map<K, V> {
    pub(super) fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut hash = HASHES.hash_one(key);
        let mut node = self.root.as_deref()?;
        loop {
            match node {
                Node::Leaf(entries) => {
                    let found = entries.iter().find(|entry| entry.0.borrow() == key);
                    return found.map(|(_, value)| value);
                }
                Node::Fork(parts) => node = parts.get(part(hash))?.as_deref()?,
            }
            hash >>= BITS;
        }
    }

    /// What is shared with copies on the way to it is copied.
    pub(super) fn get_mut<Q>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut hash = HASHES.hash_one(key);
        let mut node = Arc::make_mut(self.root.as_mut()?);
        loop {
            match node {
                Node::Leaf(entries) => {
                    let found = entries.iter_mut().find(|entry| entry.0.borrow() == key);
                    return found.map(|(_, value)| value);
                }
                Node::Fork(parts) => {
                    node = Arc::make_mut(parts.get_mut(part(hash))?.as_mut()?);
                }
            }
            hash >>= BITS;
        }
    }

    /// Returns what was there.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = HASHES.hash_one(&key);
        let empty = || Arc::new(Node::Leaf(Vec::new()));
        let root = Arc::make_mut(self.root.get_or_insert_with(empty));
        let old = root.insert(hash, 0, key, value);
        self.len += usize::from(old.is_none());
        old
    }

    pub(super) fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        // Otherwise the way would be copied for nothing.
        self.get(key)?;
        let root = Arc::make_mut(self.root.as_mut()?);
        let old = root.remove(HASHES.hash_one(key), key)?;
        self.len -= 1;
        if self.len == 0 {
            self.root = None;
        }
        Some(old)
    }
}

impl<K, V> Node<K, V> {
    fn each<'a>(&'a self, seen: &mut impl FnMut(&'a K, &'a V)) {
        match self {
            Self::Leaf(entries) => entries.iter().for_each(|(key, value)| seen(key, value)),
            Self::Fork(parts) => parts.iter().flatten().for_each(|node| node.each(seen)),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(entries) => entries.is_empty(),
            Self::Fork(parts) => parts.iter().all(Option::is_none),
        }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Node<K, V> {
    /// `hash` is what is left of it after so many levels.
    fn insert(&mut self, hash: u64, level: u32, key: K, value: V) -> Option<V> {
        let entries = match self {
            Self::Leaf(entries) => entries,
            Self::Fork(parts) => {
                let part = parts.get_mut(part(hash))?;
                if let Some(node) = part {
                    let node = Arc::make_mut(node);
                    return node.insert(hash >> BITS, level + 1, key, value);
                }
                *part = Some(Arc::new(Self::Leaf(vec![(key, value)])));
                return None;
            }
        };
        if let Some((_, old)) = entries.iter_mut().find(|entry| entry.0 == key) {
            return Some(std::mem::replace(old, value));
        }
        entries.push((key, value));
        if entries.len() > LEAF_MAX && level < LEVELS {
            let entries = std::mem::take(entries);
            *self = Self::Fork(Box::default());
            for (key, value) in entries {
                let hash = HASHES.hash_one(&key) >> (BITS * level);
                self.insert(hash, level, key, value);
            }
        }
        None
    }

    fn remove<Q>(&mut self, hash: u64, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        match self {
            Self::Leaf(entries) => {
                let place = entries.iter().position(|entry| entry.0.borrow() == key)?;
                Some(entries.swap_remove(place).1)
            }
            Self::Fork(parts) => {
                let part = parts.get_mut(part(hash))?;
                let node = Arc::make_mut(part.as_mut()?);
                let old = node.remove(hash >> BITS, key);
                if node.is_empty() {
                    *part = None;
                }
                old
            }
        }
    }
}

/// To which part the last bits of `hash` lead.
fn part(hash: u64) -> usize {
    usize::try_from(hash & ((1 << BITS) - 1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Map;

    fn entries(map: &Map<u64, u64>) -> BTreeMap<u64, u64> {
        let mut entries = BTreeMap::new();
        map.each(|key, value| assert_eq!(entries.insert(*key, *value), None));
        entries
    }

    #[test]
    fn it_holds_what_a_map_would_and_copies_stay_as_they_were() {
        let (mut map, mut model) = (Map::default(), BTreeMap::new());
        let mut copies = Vec::new();
        let mut random = 7_u64;
        for step in 0..20_000_u64 {
            // Knuth's, of MMIX.
            random = random.wrapping_mul(6_364_136_223_846_793_005);
            random = random.wrapping_add(1_442_695_040_888_963_407);
            let key = (random >> 33) % 700;
            if step % 3 == 0 {
                assert_eq!(map.remove(&key), model.remove(&key));
            } else {
                assert_eq!(map.insert(key, step), model.insert(key, step));
            }
            assert_eq!(map.get(&key), model.get(&key));
            assert_eq!(map.len(), model.len());
            if step % 1_000 == 0 {
                copies.push((map.clone(), model.clone()));
            }
        }
        copies.push((map, model));
        for (map, model) in copies {
            assert_eq!(entries(&map), model);
        }
    }

    #[test]
    fn what_is_taken_out_last_leaves_nothing() {
        let mut map = Map::default();
        (0..1_000_u64).for_each(|key| assert_eq!(map.insert(key, key), None));
        (0..1_000_u64).for_each(|key| assert_eq!(map.remove(&key), Some(key)));
        assert!(map.is_empty() && map.root.is_none());
    }
}
