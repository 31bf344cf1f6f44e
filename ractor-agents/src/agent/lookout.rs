//! How it is known that an agent's work waits for one thing only.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::task::{Wake, Waker};

use crate::waits::Edge;

/// The waker that an incarnation's work is polled with, and what it tells.
///
/// Whatever can wake the work holds a clone of its waker, so counting clones counts what the work waits for: timers, channels, other
/// tasks, and combinators, whose parts get wakers of their own and which hold one clone for all of them. One clone, and an ask that
/// was registered with the waker itself: the work waits for that ask and nothing else. Should clones of things be left that the work
/// has done with, there are too many of them, which costs a second poll ([`renew`](Self::renew)) and never makes an edge.
pub(super) struct Lookout {
    edge: Arc<Edge>,
    counting: Arc<Counting>,
    waker: Waker,
}

struct Counting {
    task: Waker,
    edge: Arc<Edge>,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        self.edge.wake();
        let task = self.task.clone();
        // Before the work is polled again: it should not count this clone.
        drop(self);
        task.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.edge.wake();
        self.task.wake_by_ref();
    }
}

impl Lookout {
    pub(super) fn new(task: &Waker) -> Self {
        let edge = Arc::<Edge>::default();
        let counting = Arc::new(Counting {
            task: task.clone(),
            edge: Arc::clone(&edge),
        });
        let waker = Waker::from(Arc::clone(&counting));
        Self {
            edge,
            counting,
            waker,
        }
    }

    /// The work is about to be polled by `task`.
    pub(super) fn begin(&mut self, task: &Waker) {
        if !task.will_wake(&self.counting.task) {
            self.renew(task);
        }
        self.edge.clear();
    }

    /// Has another waker from now on, of which there are no clones. By the contract of `Future`, only the waker of the latest poll
    /// counts: after one more poll there are as many clones as there are things to wait for.
    pub(super) fn renew(&mut self, task: &Waker) {
        self.counting = Arc::new(Counting {
            task: task.clone(),
            edge: Arc::clone(&self.edge),
        });
        self.waker = Waker::from(Arc::clone(&self.counting));
    }

    /// How many clones of the waker there are.
    pub(super) fn clones(&self) -> usize {
        // One is `counting`, one is in `waker`.
        let clones = Arc::strong_count(&self.counting).saturating_sub(2);
        // Whoever dropped a clone had woken the edge before, or has nothing to do with the work any more.
        fence(Ordering::Acquire);
        clones
    }

    pub(super) fn edge(&self) -> &Arc<Edge> {
        &self.edge
    }

    pub(super) fn waker(&self) -> &Waker {
        &self.waker
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        // The incarnation ends, perhaps by a kill.
        self.edge.clear();
    }
}
