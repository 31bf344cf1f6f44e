//! How it is known that an agent's work waits for one thing only.

use std::sync::Arc;
use std::sync::atomic::{Ordering, fence};
use std::task::{Wake, Waker};

use super::desk::{Wakers, address};
use crate::waits::Edge;

/// The wakers that an incarnation's work is polled with, and what they tell.
///
/// Whatever can wake the work holds a clone of its waker, so counting clones counts what the work waits for: timers, channels, other
/// tasks, and combinators, whose parts get wakers of their own and which hold one clone for all of them. Asks that are polled by the
/// work itself get another waker. One clone of that, and none of the first: the work waits for that ask and nothing else. Should
/// clones be left of things that the work has done with, that costs a second poll ([`renew`](Self::renew)) and never makes an edge.
pub(super) struct Lookout {
    edge: Arc<Edge>,
    work: Counted,
    answers: Counted,
}

/// A waker whose clones are counted.
struct Counted {
    counting: Arc<Counting>,
    waker: Waker,
}

struct Counting {
    task: Waker,
    edge: Arc<Edge>,
}

impl Wake for Counting {
    fn wake(self: Arc<Self>) {
        // Should the work be polled again before this clone is dropped, that costs a second poll. To drop it first would cost a clone of
        // the task's waker each time.
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.edge.wake();
        self.task.wake_by_ref();
    }
}

impl Counted {
    fn new(task: &Waker, edge: &Arc<Edge>) -> Self {
        let counting = Arc::new(Counting {
            task: task.clone(),
            edge: Arc::clone(edge),
        });
        let waker = Waker::from(Arc::clone(&counting));
        Self { counting, waker }
    }

    /// How many hold a clone, besides `ours`.
    fn clones(&self, ours: usize) -> usize {
        // One is `counting`, one is in `waker`.
        Arc::strong_count(&self.counting).saturating_sub(2 + ours)
    }
}

impl Lookout {
    pub(super) fn new(task: &Waker) -> Self {
        let edge = Arc::default();
        Self {
            work: Counted::new(task, &edge),
            answers: Counted::new(task, &edge),
            edge,
        }
    }

    /// Has other wakers from now on, of which there are no clones. By the contract of `Future`, only the waker of the latest poll
    /// counts: after one more poll there are as many clones as there are things to wait for.
    pub(super) fn renew(&mut self, task: &Waker) {
        self.work = Counted::new(task, &self.edge);
        self.answers = Counted::new(task, &self.edge);
    }

    pub(super) fn is_for(&self, task: &Waker) -> bool {
        task.will_wake(&self.work.counting.task)
    }

    /// How many clones of the wakers there are: of that of the work, and of that of asks.
    pub(super) fn clones(&self) -> (usize, usize) {
        // The desk has one of them.
        let clones = (self.work.clones(0), self.answers.clones(1));
        // Whoever dropped a clone had woken the edge before, or has nothing to do with the work any more.
        fence(Ordering::Acquire);
        clones
    }

    pub(super) fn edge(&self) -> &Arc<Edge> {
        &self.edge
    }

    /// The waker of the work.
    pub(super) fn waker(&self) -> &Waker {
        &self.work.waker
    }

    /// What the desk has to know.
    pub(super) fn wakers(&self) -> Wakers {
        Wakers {
            work: address(&self.work.waker),
            answers: self.answers.waker.clone(),
        }
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        // The incarnation ends, perhaps by a kill.
        self.edge.clear();
    }
}
