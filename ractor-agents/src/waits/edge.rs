//! For whom one agent waits.

use super::base::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
use super::base::{AtomicU64, fence};

/// Waits for nobody. Agents are numbered from 1.
const NOBODY: u64 = 0;

/// For whom one incarnation of an agent waits, if for anybody. It sets its edge itself; whoever wakes it ends that.
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

/// How many times the agent's work had been woken when it was about to be polled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wakes(u64);

impl Edge {
    /// The agent's work is about to be polled.
    pub(super) fn begin(&self) -> Wakes {
        let wakes = self.wakes.load(Acquire);
        if wakes == self.since.load(Relaxed) && self.to.load(Relaxed) != NOBODY {
            // Not by what it waits for.
            self.clear();
        }
        Wakes(wakes)
    }

    /// The agent's work has ended, or does something else.
    pub(crate) fn clear(&self) {
        self.to.store(NOBODY, Release);
    }

    /// Something woke the agent's work.
    pub(crate) fn wake(&self) {
        self.wakes.fetch_add(1, AcqRel);
    }

    /// The agent waits for nobody but `to`, unless something has woken it since its work was about to be polled.
    ///
    /// What others have set and was not seen before is seen from here on, or they will see this.
    pub(super) fn set(&self, to: u64, before: Wakes) {
        // Only the agent itself does this, so none of it is lost. The last store makes it hold; whoever sees that sees the others.
        self.times.store(self.times.load(Relaxed) + 1, Release);
        self.to.store(to, Release);
        self.since.store(before.0, Release);
        fence(SeqCst);
    }

    /// Takes the edge back. False if it is gone.
    pub(super) fn withdraw(&self) -> bool {
        let is_there = self.look().is_some();
        self.clear();
        is_there
    }

    pub(super) fn look(&self) -> Option<Sighting> {
        let times = self.times.load(Acquire);
        // Before `to`: an old one does not go with a new `since`.
        let since = self.since.load(Acquire);
        let to = self.to.load(Acquire);
        let is_there =
            to != NOBODY && since == self.wakes.load(Acquire) && self.times.load(Acquire) == times;
        is_there.then_some(Sighting { to, times })
    }
}
