//! Where an agent's work and whoever polls it leave word for each other.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU64;
use std::task::Waker;

use super::AgentId;
use crate::waits::Whom;

/// Where the futures inside an agent's work say for whom they wait, and where they are told that it would be for ever.
#[derive(Default)]
pub(crate) struct Desk {
    wakers: RefCell<Option<Wakers>>,
    note: Cell<Option<Note>>,
    // Boxed, since it is looked at often and seldom there.
    verdict: Cell<Option<Box<Verdict>>>,
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
    pub(super) whom: Whom,
    pub(super) wait: Wait,
}

/// Which wait of the incarnation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wait(NonZeroU64);

/// That wait would be for ever, by way of these.
struct Verdict {
    wait: Wait,
    circle: Vec<AgentId>,
}

/// What came of polling a future that waits for another agent.
pub(super) enum Polled<T> {
    Ready(T),
    /// It waits, and was noted as this.
    Waiting(Wait),
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
    pub(super) fn condemn(&self, wait: Wait, circle: Vec<AgentId>) {
        self.verdict.set(Some(Box::new(Verdict { wait, circle })));
    }

    /// Polls a future that waits for `whom`, and notes that it does. Nothing is done if it is not polled by the work itself, but
    /// inside something with wakers of its own, which may wait for other things too.
    ///
    /// `wait` is what it was noted as before.
    pub(super) fn poll<T>(
        &self,
        (whom, wait): (Whom, Option<Wait>),
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
            Some(verdict) if Some(verdict.wait) == wait => {
                return Some(Polled::Condemned(verdict.circle));
            }
            other => self.verdict.set(other),
        }
        let wait = wait.unwrap_or_else(|| self.next_wait());
        self.note.set(Some(Note { whom, wait }));
        Some(Polled::Waiting(wait))
    }

    fn next_wait(&self) -> Wait {
        let before = self.waits.get();
        self.waits.set(before + 1);
        Wait(NonZeroU64::MIN.saturating_add(before))
    }
}
