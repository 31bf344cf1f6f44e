//! What was published, for those who subscribe later.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Pattern, Subject};

/// What was published, for those who subscribe later: the last message of each subject, and the last ones over all.
pub(super) struct Past<M> {
    retain_max: usize,
    replay_max: usize,
    /// How many were published, so that each has a number.
    published: u64,
    /// The last of each subject, by number.
    retained: BTreeMap<u64, Kept<M>>,
    numbers: HashMap<Subject, u64>,
    /// The last over all, by number.
    recent: BTreeMap<u64, Kept<M>>,
}

/// A message and what it is about.
type Kept<M> = (Subject, Arc<M>);

impl<M> Past<M> {
    pub(super) fn new(retain_max: usize, replay_max: usize) -> Self {
        Self {
            retain_max,
            replay_max,
            published: 0,
            retained: BTreeMap::new(),
            numbers: HashMap::new(),
            recent: BTreeMap::new(),
        }
    }

    /// Whether anything is ever kept.
    pub(super) fn is_kept(&self) -> bool {
        self.retain_max > 0 || self.replay_max > 0
    }

    /// Returns what is forgotten for it, to be dropped where nothing is locked.
    pub(super) fn push(&mut self, subject: &Subject, message: &Arc<M>) -> [Option<Kept<M>>; 2] {
        self.published += 1;
        let number = self.published;
        let kept = || (subject.clone(), Arc::clone(message));
        let mut gone = [None, None];
        let [unretained, old] = &mut gone;
        if self.retain_max > 0 {
            *unretained = self.forget(subject);
            self.retained.insert(number, kept());
            self.numbers.insert(subject.clone(), number);
            if self.retained.len() > self.retain_max {
                *unretained = self.retained.pop_first().map(|(_, oldest)| {
                    self.numbers.remove(&oldest.0);
                    oldest
                });
            }
        }
        if self.replay_max > 0 {
            self.recent.insert(number, kept());
            if self.recent.len() > self.replay_max {
                *old = self.recent.pop_first().map(|(_, oldest)| oldest);
            }
        }
        gone
    }

    /// Retains nothing of the subject any more. Returns what was.
    pub(super) fn forget(&mut self, subject: &Subject) -> Option<Kept<M>> {
        let number = self.numbers.remove(subject)?;
        self.retained.remove(&number)
    }

    /// What one who subscribes gets, in the order in which it was published, each once.
    pub(super) fn matching(&self, pattern: &Pattern) -> Vec<Arc<M>> {
        let kept = self.retained.iter().chain(&self.recent);
        let wanted = kept.filter(|(_, (subject, _))| pattern.matches(subject));
        let wanted: BTreeMap<_, _> = wanted.map(|(number, kept)| (number, &kept.1)).collect();
        wanted.into_values().map(Arc::clone).collect()
    }
}
