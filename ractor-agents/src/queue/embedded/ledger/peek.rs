//! Looking at messages without taking them, and removing them all.

use super::message::{Handle, Message, NEVER, Stage};
use super::record::{Record, Saved};
use super::{Failure, Id, Ledger, Place};
use crate::message::Priority;

/// A message as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// Its name.
    pub(crate) id: Id,
    /// Where its payload is.
    pub(crate) place: Place,
    /// What it counts for, in bytes.
    pub(crate) size: u32,
    /// Which line it is in.
    pub(crate) priority: Priority,
    /// Its group.
    pub(crate) group: Option<Box<str>>,
    /// When it came.
    pub(crate) enqueued_at: u64,
    /// When its time to live ends.
    pub(crate) expires: Option<u64>,
    /// Handlers that have started on it.
    pub(crate) attempts: u32,
    /// Handlers that may.
    pub(crate) attempts_max: u32,
    /// What went wrong last.
    pub(crate) failure: Option<Failure>,
    /// Where it is.
    pub(crate) position: Position,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Position {
    /// In line; not available while others of its group are before it.
    Ready,
    /// In line from `due` on.
    Delayed { due: u64 },
    /// On lease until then, with or without a handler at it.
    Leased { until: u64, is_running: bool },
    /// Among the dead letters.
    Dead,
}

impl Ledger {
    /// The first messages of the queue: those available strictly by priority and then in line, those behind them in their
    /// groups, the delayed by when they are due, and those on lease by when that runs out. At most `count_max`.
    pub(crate) fn peek(&self, count_max: usize) -> Vec<View> {
        let delayed = self.delayed.iter().map(|(_, handle)| *handle);
        self.ready
            .iter()
            .chain(self.groups.behind())
            .chain(delayed)
            .chain(self.leases.iter())
            .filter_map(|handle| self.view(handle))
            .take(count_max)
            .collect()
    }

    /// One message or dead letter.
    #[cfg(test)]
    pub(crate) fn find(&self, id: Id) -> Option<View> {
        self.view(self.messages.find(id)?)
    }

    /// Removes every message that is in line or delayed; those on lease and the dead letters stay. How many there were.
    pub(crate) fn purge(&mut self, now: u64, out: &mut Vec<Record>) -> usize {
        self.advance(now, out);
        let before = self.tally.count();
        if before == self.leases.len() {
            return 0;
        }
        let on_lease = self.leases.iter();
        let except = on_lease
            .filter_map(|handle| Some(self.messages.get(handle)?.id))
            .collect();
        self.commit(Record::Purged { except }, out);
        before - self.tally.count()
    }

    /// Those in line, available or behind the head of their group.
    pub(super) fn in_line(&self) -> Vec<Handle> {
        self.ready.iter().chain(self.groups.behind()).collect()
    }

    fn view(&self, handle: Handle) -> Option<View> {
        let message = self.messages.get(handle)?;
        let history = message.history.as_deref();
        Some(View {
            id: message.id,
            place: message.place,
            size: message.size,
            priority: message.priority,
            group: self.group_of(message),
            enqueued_at: message.enqueued_at,
            expires: expires_of(message),
            attempts: message.attempts,
            attempts_max: message.attempts_max,
            failure: history.and_then(|history| history.failures.last().cloned()),
            position: self.position(message),
        })
    }

    fn position(&self, message: &Message) -> Position {
        match message.stage {
            Stage::Ready | Stage::Nowhere => Position::Ready,
            Stage::Delayed => Position::Delayed { due: message.due },
            Stage::Held => Position::Leased {
                until: self.leases.until(message.lease).unwrap_or(0),
                is_running: message.is_running,
            },
            Stage::Dead => Position::Dead,
        }
    }

    /// What is on disk of a message.
    pub(super) fn saved(&self, handle: Handle) -> Option<Saved> {
        let message = self.messages.get(handle)?;
        Some(Saved {
            id: message.id,
            place: message.place,
            size: message.size,
            priority: message.priority,
            group: self.group_of(message),
            order: message.order,
            enqueued_at: message.enqueued_at,
            due: message.due,
            expires: expires_of(message),
            attempts: message.attempts,
            attempts_max: message.attempts_max,
            is_running: message.is_running,
            history: message.history.as_deref().cloned().unwrap_or_default(),
        })
    }

    fn group_of(&self, message: &Message) -> Option<Box<str>> {
        Some(self.groups.key(message.group?)?.into())
    }
}

fn expires_of(message: &Message) -> Option<u64> {
    (message.expires != NEVER).then_some(message.expires)
}
