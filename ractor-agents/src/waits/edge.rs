//! For whom one agent waits.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Waits for nobody, and was not woken since that was said. Agents are numbered from 1.
const NOBODY: u64 = 0;

/// Woken since its work was polled last: it is not known what it waits for.
const WOKEN: u64 = u64::MAX;

/// For whom one incarnation of an agent waits, if for anybody.
// All accesses are `SeqCst`: of several that close a circle together, the last one sees the edges of all.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    to: AtomicU64,
    /// How many times it was set, so that one that was gone in between is told from one that stayed.
    times: AtomicU64,
}

/// An edge as somebody saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// The number of the agent that is waited for.
    pub(crate) to: u64,
    times: u64,
}

impl Edge {
    /// The agent's work is about to be polled, or has ended.
    pub(crate) fn clear(&self) {
        self.to.store(NOBODY, SeqCst);
    }

    /// Something woke the agent's work.
    pub(crate) fn wake(&self) {
        self.to.swap(WOKEN, SeqCst);
    }

    /// The agent waits for nobody but `to`. False if something has woken it since its work was about to be polled.
    pub(super) fn set(&self, to: u64) -> bool {
        // Only the agent itself sets it. Counted first: whoever sees the edge sees the new count.
        self.times.fetch_add(1, SeqCst);
        self.to.compare_exchange(NOBODY, to, SeqCst, SeqCst).is_ok()
    }

    /// Takes the edge to `to` back. False if it is gone.
    pub(super) fn withdraw(&self, to: u64) -> bool {
        self.to.compare_exchange(to, NOBODY, SeqCst, SeqCst).is_ok()
    }

    pub(super) fn look(&self) -> Option<Sighting> {
        let times = self.times.load(SeqCst);
        let to = self.to.load(SeqCst);
        let is_there = to != NOBODY && to != WOKEN && self.times.load(SeqCst) == times;
        is_there.then_some(Sighting { to, times })
    }
}

#[cfg(test)]
mod tests {
    use super::Edge;

    #[test]
    fn who_was_woken_meanwhile_waits_for_nobody() {
        let edge = Edge::default();
        edge.clear();
        edge.wake();
        assert!(!edge.set(7));
        assert_eq!(edge.look(), None);
        edge.clear();
        assert!(edge.set(7));
        assert_eq!(edge.look().map(|seen| seen.to), Some(7));
        edge.wake();
        assert_eq!(edge.look(), None);
    }

    #[test]
    fn an_edge_that_was_gone_in_between_is_another_one() {
        let edge = Edge::default();
        assert!(edge.set(7));
        let first = edge.look();
        assert_eq!(edge.look(), first);
        edge.clear();
        assert!(edge.set(7));
        assert_ne!(edge.look(), first);
    }

    #[test]
    fn what_is_gone_cannot_be_taken_back() {
        let edge = Edge::default();
        assert!(edge.set(7));
        assert!(edge.withdraw(7));
        assert!(!edge.withdraw(7));
    }
}
