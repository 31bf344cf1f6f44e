//! Whose patterns a name matches.

use std::collections::HashSet;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::map::Map;

/// Subscribers by their patterns, word by word. Copies share what they have in common.
///
/// What a match costs depends on how many patterns begin as the name does, not on how many there are.
#[derive(Clone, Debug)]
pub(super) struct Trie<S> {
    /// What follows by the next word.
    words: Map<Arc<str>, Arc<Trie<S>>>,
    /// What follows whatever the next word is: `*`.
    one: Option<Arc<Trie<S>>>,
    /// What follows after any number of words: `#`.
    many: Option<Arc<Trie<S>>>,
    /// Those whose patterns end here, by number.
    here: Map<u64, S>,
}

impl<S> Default for Trie<S> {
    fn default() -> Self {
        Self {
            words: Map::default(),
            one: None,
            many: None,
            here: Map::default(),
        }
    }
}

impl<S: Clone> Trie<S> {
    /// False, and nothing happens, if it is there already.
    pub(super) fn insert(&mut self, pattern: &str, number: u64, subscriber: S) -> bool {
        let mut node = self;
        for word in pattern.split('.') {
            let Some(next) = node.follow(word) else {
                return false;
            };
            node = next;
        }
        if node.here.get(&number).is_some() {
            return false;
        }
        node.here.insert(number, subscriber);
        true
    }

    /// What follows after `word` of a pattern, made if it is not there. There is always something.
    fn follow(&mut self, word: &str) -> Option<&mut Self> {
        let next = match word {
            "*" => self.one.get_or_insert_default(),
            "#" => self.many.get_or_insert_default(),
            _ => {
                if self.words.get(word).is_none() {
                    self.words.insert(word.into(), Arc::default());
                }
                self.words.get_mut(word)?
            }
        };
        Some(Arc::make_mut(next))
    }

    /// Nothing happens if it is not there.
    pub(super) fn remove(&mut self, pattern: &str, number: u64) {
        let (word, rest) = match pattern.split_once('.') {
            Some((word, rest)) => (word, Some(rest)),
            None => (pattern, None),
        };
        let next = match word {
            "*" => self.one.as_mut(),
            "#" => self.many.as_mut(),
            _ => self.words.get_mut(word),
        };
        let Some(next) = next.map(Arc::make_mut) else {
            return;
        };
        match rest {
            Some(rest) => next.remove(rest, number),
            None => drop(next.here.remove(&number)),
        }
        if next.is_empty() {
            match word {
                "*" => self.one = None,
                "#" => self.many = None,
                _ => drop(self.words.remove(word)),
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.words.is_empty() && self.one.is_none() && self.many.is_none() && self.here.is_empty()
    }

    /// Those of whose patterns at least one matches `name`, each once, in no order.
    pub(super) fn matching(&self, name: &str) -> Vec<&S> {
        let mut walk = Walk::default();
        walk.enter(self);
        for word in name.split('.') {
            walk.step(word);
        }
        walk.found()
    }
}

/// A name on its way through the trie, a word at a time: at all nodes at once that may be meant, so that several `#` in a pattern
/// do not multiply.
struct Walk<'a, S> {
    /// Where it is.
    at: Vec<&'a Trie<S>>,
    /// Nodes behind a `#`: once there, it stays.
    stays: Vec<&'a Trie<S>>,
    stays_at: HashSet<*const Trie<S>, RandomState>,
}

impl<S> Default for Walk<'_, S> {
    fn default() -> Self {
        Self {
            at: Vec::new(),
            stays: Vec::new(),
            stays_at: HashSet::default(),
        }
    }
}

impl<'a, S: Clone> Walk<'a, S> {
    /// Is at `node`, and behind the `#` that follows, which may stand for nothing.
    fn enter(&mut self, node: &'a Trie<S>) {
        self.at.push(node);
        self.stay(node);
    }

    fn stay(&mut self, mut node: &'a Trie<S>) {
        while let Some(many) = node.many.as_deref() {
            if !self.stays_at.insert(many) {
                return;
            }
            self.stays.push(many);
            node = many;
        }
    }

    fn step(&mut self, word: &str) {
        let at = std::mem::take(&mut self.at);
        // Whoever comes to stay by this word has not seen it.
        let stayed = self.stays.len();
        for node in at {
            self.leave(node, word);
        }
        for place in 0..stayed {
            if let Some(node) = self.stays.get(place).copied() {
                self.leave(node, word);
            }
        }
    }

    fn leave(&mut self, node: &'a Trie<S>, word: &str) {
        if let Some(next) = node.words.get(word) {
            self.enter(next);
        }
        if let Some(next) = node.one.as_deref() {
            self.enter(next);
        }
    }

    fn found(self) -> Vec<&'a S> {
        let ends = self.at.into_iter().chain(self.stays);
        let here: Vec<_> = ends
            .map(|node| &node.here)
            .filter(|here| !here.is_empty())
            .collect();
        let mut found = Vec::with_capacity(here.iter().map(|here| here.len()).sum());
        if let [here] = here.as_slice() {
            here.each(|_, subscriber| found.push(subscriber));
            return found;
        }
        let mut numbers = HashSet::with_hasher(RandomState::default());
        for here in here {
            here.each(|number, subscriber| {
                if numbers.insert(*number) {
                    found.push(subscriber);
                }
            });
        }
        found
    }
}
