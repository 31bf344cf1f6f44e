//! Where an agent's work and whoever polls it leave word for each other.

use std::cell::{Cell, RefCell};
use std::task::Waker;

use super::AgentId;

/// Where the futures inside an agent's work say for whom they wait, and where they are told that it would be for ever.
#[derive(Default)]
pub(crate) struct Desk {
    wakers: RefCell<Option<Wakers>>,
    note: Cell<Option<Note>>,
    verdict: Cell<Option<(u64, Vec<AgentId>)>>,
    waits: Cell<u64>,
}

/// What an agent's work is polled with.
#[derive(Clone)]
pub(super) struct Wakers {
    /// Where the waker of the work is. It is not kept here, since its clones are counted.
    pub(super) work: usize,
    /// The waker of what waits for another agent.
    pub(super) answers: Waker,
}

/// A future waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    /// For that agent.
    pub(super) to: u64,
    /// Which wait of the incarnation it is.
    pub(super) wait: u64,
}

/// What came of polling a future that waits for another agent.
pub(super) enum Polled<T> {
    Ready(T),
    /// It waits, and was noted as this.
    Waiting(u64),
    /// It would wait for itself, by way of these.
    Condemned(Vec<AgentId>),
}

pub(super) fn address(waker: &Waker) -> usize {
    waker.data() as usize
}

impl Desk {
    /// Has the work be polled with those from now on.
    pub(super) fn set_wakers(&self, wakers: Wakers) {
        *self.wakers.borrow_mut() = Some(wakers);
    }

    /// What was noted while the work was polled. A verdict that nobody took is void.
    pub(super) fn settle(&self) -> Option<Note> {
        self.verdict.take();
        self.note.take()
    }

    /// That wait would be for ever.
    pub(super) fn condemn(&self, wait: u64, circle: Vec<AgentId>) {
        self.verdict.set(Some((wait, circle)));
    }

    /// Polls a future that waits for agent `to`, and notes that it does. Nothing is done if it is not polled by the work itself, but
    /// inside something with wakers of its own, which may wait for other things too.
    ///
    /// `wait` is what it was noted as before, or 0.
    pub(super) fn poll<T>(
        &self,
        (to, wait): (u64, u64),
        by: &Waker,
        poll: impl FnOnce(&Waker) -> Option<T>,
    ) -> Option<Polled<T>> {
        let wakers = self.wakers.borrow();
        let wakers = wakers
            .as_ref()
            .filter(|wakers| wakers.work == address(by))?;
        if let Some(output) = poll(&wakers.answers) {
            return Some(Polled::Ready(output));
        }
        match self.verdict.take() {
            Some((condemned, circle)) if condemned == wait => {
                return Some(Polled::Condemned(circle));
            }
            other => self.verdict.set(other),
        }
        let wait = if wait == 0 { self.next_wait() } else { wait };
        self.note.set(Some(Note { to, wait }));
        Some(Polled::Waiting(wait))
    }

    fn next_wait(&self) -> u64 {
        self.waits.set(self.waits.get() + 1);
        self.waits.get()
    }
}
