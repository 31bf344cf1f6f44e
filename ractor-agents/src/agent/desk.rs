//! Where an agent's work and whoever polls it leave word for each other.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::task::Waker;

use super::AgentId;
use crate::waits::Edge;

/// Where the futures inside an agent's work say for whom they wait, and where they are told that it would be for ever.
#[derive(Default)]
pub(crate) struct Desk {
    /// Where the waker is that the work is polled with.
    waker: Cell<usize>,
    /// That of the incarnation, once it is polled with a waker of its own.
    edge: OnceCell<Arc<Edge>>,
    note: Cell<Option<Note>>,
    verdict: Cell<Option<(u64, Vec<AgentId>)>>,
    waits: Cell<u64>,
}

/// A future waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    /// For that agent.
    pub(super) to: u64,
    /// Which wait of the incarnation it is.
    pub(super) wait: u64,
}

/// What a future that waits keeps of it.
#[derive(Debug)]
pub(crate) struct Noted {
    wait: u64,
    waker: usize,
    edge: Arc<Edge>,
}

fn address(waker: &Waker) -> usize {
    waker.data() as usize
}

impl Noted {
    /// Whether it is polled with the waker that it was noted with.
    pub(super) fn is_by(&self, waker: &Waker) -> bool {
        self.waker == address(waker)
    }

    /// It is somewhere else now: what is noted at the desk, and may be an edge by now, holds no more.
    pub(super) fn leave(self) {
        self.edge.wake();
    }
}

impl Desk {
    /// The work is about to be polled with `waker`.
    pub(super) fn begin(&self, waker: &Waker, edge: &Arc<Edge>) {
        self.edge.get_or_init(|| Arc::clone(edge));
        self.waker.set(address(waker));
        self.note.set(None);
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

    /// Notes that a future waits for agent `to`; or tells it that it would wait for itself, by whom.
    pub(super) fn note(
        &self,
        to: u64,
        waker: &Waker,
        noted: &mut Option<Noted>,
    ) -> Option<Vec<AgentId>> {
        let edge = self.edge.get()?;
        let waker = address(waker);
        if self.waker.get() != waker {
            // It is inside something with wakers of its own, which may wait for other things too.
            return None;
        }
        let noted = noted.get_or_insert_with(|| {
            self.waits.set(self.waits.get() + 1);
            Noted {
                wait: self.waits.get(),
                waker,
                edge: Arc::clone(edge),
            }
        });
        noted.waker = waker;
        let wait = noted.wait;
        match self.verdict.take() {
            Some((condemned, circle)) if condemned == wait => return Some(circle),
            other => self.verdict.set(other),
        }
        self.note.set(Some(Note { to, wait }));
        None
    }

    fn is_of(&self, noted: &Noted) -> bool {
        let edge = self.edge.get();
        edge.is_some_and(|edge| Arc::ptr_eq(edge, &noted.edge))
    }

    /// Whether that future was noted here, and is polled with the waker that the work is polled with.
    pub(super) fn knows(&self, noted: &Noted, waker: &Waker) -> bool {
        self.waker.get() == address(waker) && self.is_of(noted)
    }

    /// That future waits no more. False if it was not noted here.
    pub(super) fn strike(&self, noted: &Noted) -> bool {
        if self.note.get().is_some_and(|note| note.wait == noted.wait) {
            self.note.set(None);
        }
        self.is_of(noted)
    }
}
