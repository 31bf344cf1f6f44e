//! Senders that wait for room, first come first served.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use crate::message::{PerLane, Priority};

/// The senders that wait, one line per lane. Made when somebody first waits.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lines: PerLane<Line>,
}

/// A place in a line. Tickets grow, and a ticket that has left the line without giving up has been granted room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(u64);

#[derive(Debug, Default)]
pub(super) struct Line {
    next: u64,
    queue: VecDeque<(Ticket, Waker)>,
    /// Room that was promised and not yet taken.
    granted: usize,
    /// Tickets before this one were dismissed, whatever had been promised to them.
    dismissed: u64,
}

/// What a place in the line has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Room is promised: the next push with the grant succeeds, unless the mailbox closes first.
    Granted,
    Waiting(Ticket),
    /// The gate was closed since; nothing is promised any more.
    Dismissed,
}

impl Waiting {
    pub(super) fn line(&mut self, lane: Priority) -> &mut Line {
        self.lines.get_mut(lane)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.iter().all(Line::is_empty)
    }

    /// Empties every line: the mailbox is closed, and nothing is promised any more.
    pub(super) fn dismiss(&mut self) -> Vec<Waker> {
        self.lines
            .iter_mut()
            .flat_map(|line| {
                line.granted = 0;
                line.dismissed = line.next;
                line.queue.drain(..)
            })
            .map(|(_, waker)| waker)
            .collect()
    }
}

impl Line {
    /// Whether a newcomer has to queue up behind others.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(super) fn granted(&self) -> usize {
        self.granted
    }

    /// Takes a place, or asks what has become of it.
    pub(super) fn poll(&mut self, ticket: Option<Ticket>, cx: &Context<'_>) -> Turn {
        let Some(ticket) = ticket else {
            let ticket = Ticket(self.next);
            self.next += 1;
            self.queue.push_back((ticket, cx.waker().clone()));
            return Turn::Waiting(ticket);
        };
        match self.position(ticket).and_then(|at| self.queue.get_mut(at)) {
            Some((_, waker)) => {
                waker.clone_from(cx.waker());
                Turn::Waiting(ticket)
            }
            None if ticket.0 < self.dismissed => Turn::Dismissed,
            None => Turn::Granted,
        }
    }

    /// Promises room for up to `room` of those in front and returns whom to wake.
    pub(super) fn grant(&mut self, room: usize) -> impl Iterator<Item = Waker> + use<> {
        let count = room.saturating_sub(self.granted).min(self.queue.len());
        self.granted += count;
        self.queue
            .drain(..count)
            .map(|(_, waker)| waker)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// Uses up a promise.
    pub(super) fn redeem(&mut self) {
        self.granted = self.granted.saturating_sub(1);
    }

    /// Gives a place up. True if room had been promised, which is now free for the next in line.
    pub(super) fn leave(&mut self, ticket: Ticket) -> bool {
        if let Some(at) = self.position(ticket) {
            self.queue.remove(at);
            return false;
        }
        if ticket.0 < self.dismissed {
            return false;
        }
        self.redeem();
        true
    }

    fn position(&self, ticket: Ticket) -> Option<usize> {
        self.queue
            .binary_search_by_key(&ticket, |(waiting, _)| *waiting)
            .ok()
    }
}
