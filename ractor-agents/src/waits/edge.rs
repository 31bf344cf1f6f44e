//! For whom one agent waits.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};

/// Waits for nobody. Agents are numbered from 1.
const NOBODY: u64 = 0;

/// For whom one incarnation of an agent waits, if for anybody. It sets its edge itself; whoever wakes it ends that.
// What ends an edge and what others look at is `SeqCst`: of several that close a circle together, the last one sees the edges of all.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    to: AtomicU64,
    /// How many times it was set, so that one that was gone in between is told from one that stayed.
    times: AtomicU64,
    /// How many times the agent's work had been woken when it was set. It holds for as long as there are no more.
    since: AtomicU64,
    wakes: AtomicU64,
}

/// An edge as somebody saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// The number of the agent that is waited for.
    pub(crate) to: u64,
    times: u64,
}

/// When the agent's work was about to be polled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before(u64);

impl Edge {
    /// The agent's work is about to be polled.
    pub(crate) fn begin(&self) -> Before {
        let wakes = self.wakes.load(SeqCst);
        if wakes == self.since.load(Relaxed) && self.to.load(Relaxed) != NOBODY {
            // Not by what it waits for.
            self.clear();
        }
        Before(wakes)
    }

    /// The agent's work has ended, or does something else.
    pub(crate) fn clear(&self) {
        self.to.store(NOBODY, SeqCst);
    }

    /// Something woke the agent's work.
    pub(crate) fn wake(&self) {
        self.wakes.fetch_add(1, SeqCst);
    }

    /// The agent waits for nobody but `to`, unless something has woken it since its work was about to be polled.
    pub(super) fn set(&self, to: u64, before: Before) {
        // Only the agent itself does this, so none of it is lost. The last store makes it hold; whoever sees that sees the others.
        self.times.store(self.times.load(Relaxed) + 1, Release);
        self.to.store(to, Release);
        self.since.store(before.0, SeqCst);
    }

    /// Takes the edge back. False if it is gone.
    pub(super) fn withdraw(&self) -> bool {
        let is_there = self.look().is_some();
        self.clear();
        is_there
    }

    pub(super) fn look(&self) -> Option<Sighting> {
        let times = self.times.load(SeqCst);
        // Before `to`: an old one does not go with a new `since`.
        let since = self.since.load(SeqCst);
        let to = self.to.load(SeqCst);
        let is_there =
            to != NOBODY && since == self.wakes.load(SeqCst) && self.times.load(SeqCst) == times;
        is_there.then_some(Sighting { to, times })
    }
}

#[cfg(test)]
mod tests {
    use super::Edge;

    #[test]
    fn who_was_woken_meanwhile_waits_for_nobody() {
        let edge = Edge::default();
        let before = edge.begin();
        edge.wake();
        edge.set(7, before);
        assert_eq!(edge.look(), None);
        let before = edge.begin();
        edge.set(7, before);
        assert_eq!(edge.look().map(|seen| seen.to), Some(7));
        edge.wake();
        assert_eq!(edge.look(), None);
    }

    #[test]
    fn an_edge_that_was_gone_in_between_is_another_one() {
        let edge = Edge::default();
        edge.set(7, edge.begin());
        let first = edge.look();
        assert!(first.is_some());
        assert_eq!(edge.look(), first);
        let before = edge.begin();
        assert_eq!(edge.look(), None, "its work is polled");
        edge.set(7, before);
        assert_ne!(edge.look(), first);
    }

    #[test]
    fn what_is_gone_cannot_be_taken_back() {
        let edge = Edge::default();
        edge.set(7, edge.begin());
        assert!(edge.withdraw());
        assert!(!edge.withdraw());
        edge.set(7, edge.begin());
        edge.wake();
        assert!(!edge.withdraw());
    }
}
