//! The model of a mailbox: its two locks, its hint, its parked consumer, and its senders in line.

use std::collections::VecDeque;
use std::task::{Context, Poll, Waker};

use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Mutex, MutexGuard};

/// After how many messages the consumer of the model tells the senders of the room that came free.
const SETTLE_AFTER: usize = 3;

/// A step that is left out, to see whether the model notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutant {
    None,
    /// The consumer trusts the hint when it parks, instead of looking into the lane under its lock.
    ParksOnTheHint,
    /// The consumer looks under the lock, lets go of it, and then leaves its waker.
    ParksAfterTheLook,
    /// Who puts a message in line leaves the consumer's waker where it is.
    InsertsInSilence,
    /// Who closes the gate leaves the consumer's waker where it is.
    ClosesInSilence,
    /// Room that comes free is promised to nobody.
    SettlesInSilence,
    /// The consumer parks although it has not told the senders of the room that came free.
    ParksUnsettled,
    /// A sender that gives up keeps the room that was promised to it.
    LeavesWithItsRoom,
}

/// The senders' side.
#[derive(Default)]
struct Inlet {
    lane: VecDeque<u32>,
    /// How many were taken ahead and not handled, as far as the consumer has told.
    ahead: usize,
    is_draining: bool,
    parked: Option<Waker>,
    line: VecDeque<(u32, Waker)>,
    next_ticket: u32,
    granted: usize,
}

/// The consumer's side.
#[derive(Default)]
struct Outlet {
    ahead: VecDeque<u32>,
    /// How many of those taken out of `ahead` the senders were not told of.
    unsettled: usize,
    /// Senders who were promised room and are woken when the lock is released.
    woken: Vec<Waker>,
}

/// The mailbox of the model: one lane, since what is between lanes needs no other thread.
pub(crate) struct Mailbox {
    inlet: Mutex<Inlet>,
    hint: AtomicU32,
    outlet: Mutex<Outlet>,
    /// How many messages wait at most.
    depth_max: usize,
    mutant: Mutant,
}

/// What parking has come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unparked {
    Ready,
    Drained,
}

/// What waiting for room has come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Retry,
    Granted,
    Waiting(u32),
}

impl Inlet {
    fn depth(&self) -> usize {
        self.lane.len() + self.ahead
    }

    fn has_room(&self, depth_max: usize) -> bool {
        self.line.is_empty() && self.depth() + self.granted < depth_max
    }

    fn grant(&mut self, depth_max: usize) -> Vec<Waker> {
        if self.depth() > depth_max / 2 {
            return Vec::new();
        }
        let room = depth_max - self.depth();
        let count = room.saturating_sub(self.granted).min(self.line.len());
        self.granted += count;
        self.line.drain(..count).map(|(_, waker)| waker).collect()
    }
}

impl Mailbox {
    pub(crate) fn new(depth_max: usize, mutant: Mutant) -> Self {
        Self {
            depth_max,
            inlet: Mutex::new(Inlet::default()),
            hint: AtomicU32::new(0),
            outlet: Mutex::new(Outlet::default()),
            mutant,
        }
    }

    fn inlet(&self) -> MutexGuard<'_, Inlet> {
        self.inlet.lock().expect("not poisoned")
    }

    fn set_hint(&self, inlet: &Inlet) {
        let is_any = u32::from(!inlet.lane.is_empty());
        self.hint.store(is_any, Ordering::Relaxed);
    }

    /// Puts a message in line. False if there is no room.
    pub(crate) fn push(&self, message: u32, is_granted: bool) -> bool {
        let mut inlet = self.inlet();
        if is_granted {
            inlet.granted -= 1;
        } else if !inlet.has_room(self.depth_max) {
            return false;
        }
        assert!(inlet.depth() < self.depth_max, "the lane is overfull");
        self.insert(inlet, message);
        true
    }

    fn insert(&self, mut inlet: MutexGuard<'_, Inlet>, message: u32) {
        inlet.lane.push_back(message);
        self.set_hint(&inlet);
        self.unpark(inlet, Mutant::InsertsInSilence);
    }

    /// Wakes the consumer if it is parked, unless `silent` is what is left out.
    fn unpark(&self, mut inlet: MutexGuard<'_, Inlet>, silent: Mutant) {
        let parked = if self.mutant == silent {
            None
        } else {
            inlet.parked.take()
        };
        drop(inlet);
        if let Some(waker) = parked {
            waker.wake();
        }
    }

    /// Puts a message in line, whatever the depth: for the scenes without a bound.
    pub(crate) fn insert_anyway(&self, message: u32) {
        self.insert(self.inlet(), message);
    }

    /// The next message, if any.
    pub(crate) fn next(&self) -> Option<u32> {
        self.with_outlet(|outlet| self.pick(outlet))
    }

    /// Works under the consumer's lock, and wakes those who were promised room once it is released.
    fn with_outlet<T>(&self, work: impl FnOnce(&mut Outlet) -> T) -> T {
        let mut outlet = self.outlet.lock().expect("not poisoned");
        let done = work(&mut outlet);
        let woken = std::mem::take(&mut outlet.woken);
        drop(outlet);
        woken.into_iter().for_each(Waker::wake);
        done
    }

    fn pick(&self, outlet: &mut Outlet) -> Option<u32> {
        if let Some(taken) = outlet.ahead.pop_front() {
            outlet.unsettled += 1;
            if outlet.unsettled >= SETTLE_AFTER {
                self.settle(&mut self.inlet(), outlet);
            }
            return Some(taken);
        }
        if self.hint.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut inlet = self.inlet();
        let first = inlet.lane.pop_front();
        std::mem::swap(&mut inlet.lane, &mut outlet.ahead);
        self.settle(&mut inlet, outlet);
        first
    }

    fn settle(&self, inlet: &mut Inlet, outlet: &mut Outlet) {
        outlet.unsettled = 0;
        inlet.ahead = outlet.ahead.len();
        self.set_hint(inlet);
        if self.mutant != Mutant::SettlesInSilence {
            outlet.woken.extend(inlet.grant(self.depth_max));
        }
    }

    pub(crate) fn park(&self, cx: &Context<'_>) -> Poll<Unparked> {
        self.with_outlet(|outlet| self.poll_unparked(outlet, cx))
    }

    fn poll_unparked(&self, outlet: &mut Outlet, cx: &Context<'_>) -> Poll<Unparked> {
        let mut inlet = self.inlet();
        if outlet.unsettled > 0 && self.mutant != Mutant::ParksUnsettled {
            self.settle(&mut inlet, outlet);
        }
        let is_in_line = if self.mutant == Mutant::ParksOnTheHint {
            drop(inlet);
            let is_in_line = self.hint.load(Ordering::Relaxed) != 0;
            inlet = self.inlet();
            is_in_line
        } else {
            !inlet.lane.is_empty()
        };
        if !outlet.ahead.is_empty() || is_in_line {
            return Poll::Ready(Unparked::Ready);
        }
        if inlet.is_draining {
            return Poll::Ready(Unparked::Drained);
        }
        if self.mutant == Mutant::ParksAfterTheLook {
            drop(inlet);
            inlet = self.inlet();
        }
        inlet.parked = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Closes the gate: what is in line is handled, then the consumer leaves.
    pub(crate) fn drain(&self) {
        let mut inlet = self.inlet();
        inlet.is_draining = true;
        self.unpark(inlet, Mutant::ClosesInSilence);
    }

    pub(crate) fn poll_room(&self, ticket: Option<u32>, cx: &Context<'_>) -> Room {
        let mut inlet = self.inlet();
        let Some(ticket) = ticket else {
            if inlet.has_room(self.depth_max) {
                return Room::Retry;
            }
            let ticket = inlet.next_ticket;
            inlet.next_ticket += 1;
            inlet.line.push_back((ticket, cx.waker().clone()));
            return Room::Waiting(ticket);
        };
        match inlet.line.iter_mut().find(|(known, _)| *known == ticket) {
            Some((_, waker)) => {
                waker.clone_from(cx.waker());
                Room::Waiting(ticket)
            }
            None => Room::Granted,
        }
    }

    /// A sender gives up its place, or the room that was promised to it.
    pub(crate) fn leave_line(&self, ticket: u32) {
        let mut inlet = self.inlet();
        let before = inlet.line.len();
        inlet.line.retain(|(known, _)| *known != ticket);
        if inlet.line.len() < before || self.mutant == Mutant::LeavesWithItsRoom {
            return;
        }
        inlet.granted -= 1;
        let woken = inlet.grant(self.depth_max);
        drop(inlet);
        woken.into_iter().for_each(Waker::wake);
    }
}
