//! Who a router chooses among: an immutable snapshot, put together by the router's actor.

use std::collections::HashMap;
use std::sync::Arc;

use super::Candidate;

/// How many candidates are copied where one is added or taken away. Source: at 100,000 candidates about as many as there are
/// chunks, which are copied too.
const CHUNK: usize = 256;

type Chunk = Arc<Vec<Arc<Candidate>>>;

/// Who a router chooses among.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// All full but the last.
    chunks: Vec<Chunk>,
    len: usize,
    /// Differs whenever the candidates do.
    version: u64,
}

impl Table {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn get(&self, index: usize) -> Option<&Arc<Candidate>> {
        self.chunks.get(index / CHUNK)?.get(index % CHUNK)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Candidate>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter())
    }
}

/// A table in the making. What is published shares its chunks until they change.
#[derive(Debug, Default)]
pub(super) struct Seating {
    table: Table,
    /// Where each agent is, by number.
    places: HashMap<u64, usize>,
}

impl Seating {
    pub(super) fn has(&self, number: u64) -> bool {
        self.places.contains_key(&number)
    }

    pub(super) fn numbers(&self) -> Vec<u64> {
        self.places.keys().copied().collect()
    }

    /// Nothing happens if it is there already.
    pub(super) fn add(&mut self, candidate: Arc<Candidate>) {
        let number = candidate.id().number();
        if self.places.contains_key(&number) {
            return;
        }
        let Table { chunks, len, .. } = &mut self.table;
        self.places.insert(number, *len);
        *len += 1;
        match chunks.last_mut().filter(|chunk| chunk.len() < CHUNK) {
            Some(chunk) => Arc::make_mut(chunk).push(candidate),
            None => chunks.push(Arc::new(vec![candidate])),
        }
    }

    /// The last one takes its place. What is returned may be the last hold on an agent: drop it outside the lock.
    #[must_use = "dropping it may run user code"]
    pub(super) fn remove(&mut self, number: u64) -> Option<Arc<Candidate>> {
        let place = self.places.remove(&number)?;
        let Table { chunks, len, .. } = &mut self.table;
        *len -= 1;
        let chunk = chunks.last_mut()?;
        let last = Arc::make_mut(chunk).pop()?;
        if chunk.is_empty() {
            chunks.pop();
        }
        let gap = chunks.get_mut(place / CHUNK).map(Arc::make_mut);
        let Some(gap) = gap.and_then(|chunk| chunk.get_mut(place % CHUNK)) else {
            return Some(last);
        };
        self.places.insert(last.id().number(), place);
        Some(std::mem::replace(gap, last))
    }

    pub(super) fn publish(&mut self) -> Table {
        self.table.version += 1;
        self.table.clone()
    }
}
