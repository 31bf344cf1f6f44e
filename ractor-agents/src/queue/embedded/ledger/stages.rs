//! From one order into another.

use super::message::{Handle, Message, NEVER, Stage};
use super::{Ledger, Place};
use crate::queue::time;

impl Ledger {
    /// Changes a message, and puts it where it then belongs. A lease on it ends.
    pub(super) fn change(&mut self, handle: Handle, with: impl FnOnce(&mut Message)) {
        self.detach(handle);
        if let Some(message) = self.messages.get_mut(handle) {
            with(message);
        }
        self.settle(handle);
    }

    /// Takes in a message of a new name.
    pub(super) fn put(&mut self, message: Message) {
        let segment = message.place.segment;
        if let Some(handle) = self.messages.insert(message) {
            self.segments.insert(segment, handle);
            self.settle(handle);
        }
    }

    /// Forgets a message.
    pub(super) fn drop_message(&mut self, handle: Handle) {
        self.detach(handle);
        if let Some(message) = self.messages.remove(handle) {
            self.segments.remove(message.place.segment, handle);
            if let Some(group) = message.group {
                self.groups.leave(group);
            }
        }
    }

    /// The payload of a message is somewhere else now.
    pub(super) fn move_payload(&mut self, handle: Handle, place: Place) {
        if let Some(message) = self.messages.get_mut(handle) {
            let old = std::mem::replace(&mut message.place, place);
            self.segments.remove(old.segment, handle);
            self.segments.insert(place.segment, handle);
        }
    }

    /// Puts a message that is nowhere where it belongs.
    pub(super) fn settle(&mut self, handle: Handle) {
        let Some(message) = self.messages.get(handle) else {
            return;
        };
        let stage = if message.is_dead() {
            Stage::Dead
        } else if message.is_running {
            Stage::Held
        } else if message.due > self.now {
            Stage::Delayed
        } else {
            Stage::Ready
        };
        self.attach(handle, stage);
    }

    pub(super) fn attach(&mut self, handle: Handle, stage: Stage) {
        let Some(message) = self.messages.get_mut(handle) else {
            return;
        };
        message.stage = stage;
        self.tally.add(message);
        if is_expiring(message) {
            self.expiring.insert((message.expires, handle));
        }
        let ready = &mut self.ready;
        match (stage, message.group) {
            (Stage::Ready, None) => ready.insert(message.priority, message.order, handle),
            (Stage::Ready, Some(group)) => self.groups.enter(group, message.order, handle, ready),
            (Stage::Held, Some(group)) => self.groups.hold(group, ready),
            (Stage::Delayed, Some(group)) if is_retry(message) => self.groups.hold(group, ready),
            _ => {}
        }
        match stage {
            Stage::Delayed => {
                self.delayed.insert((message.due, handle));
            }
            Stage::Held if message.is_running => {
                self.running.insert(handle);
            }
            Stage::Dead => {
                if let Some((kind, key)) = death_of(message, handle) {
                    self.dead.set_mut(kind).insert(key);
                }
            }
            _ => {}
        }
    }

    /// Takes a message out of the order it is in. A lease on it ends.
    pub(super) fn detach(&mut self, handle: Handle) {
        let Some(message) = self.messages.get_mut(handle) else {
            return;
        };
        self.tally.subtract(message);
        if is_expiring(message) {
            self.expiring.remove(&(message.expires, handle));
        }
        let stage = std::mem::replace(&mut message.stage, Stage::Nowhere);
        let ready = &mut self.ready;
        match (stage, message.group) {
            (Stage::Ready, None) => ready.remove(message.priority, message.order),
            (Stage::Ready, Some(group)) => self.groups.exit(group, message.order, ready),
            (Stage::Held, Some(group)) => self.groups.let_go(group, ready),
            (Stage::Delayed, Some(group)) if is_retry(message) => self.groups.let_go(group, ready),
            _ => {}
        }
        match stage {
            Stage::Delayed => {
                self.delayed.remove(&(message.due, handle));
            }
            Stage::Held => {
                self.leases.end(message.lease);
                self.running.remove(&handle);
            }
            Stage::Dead => {
                if let Some((kind, key)) = death_of(message, handle) {
                    self.dead.set_mut(kind).remove(&key);
                }
            }
            _ => {}
        }
    }

    /// A handler is at a message that is on lease, and stays so.
    pub(super) fn start_running(&mut self, handle: Handle) {
        if let Some(message) = self.messages.get_mut(handle) {
            if is_expiring(message) {
                self.expiring.remove(&(message.expires, handle));
            }
            message.is_running = true;
            self.running.insert(handle);
        }
    }
}

/// Whether its time to live can end it: one that a handler is at may be finished.
fn is_expiring(message: &Message) -> bool {
    let is_in_queue = match message.stage {
        Stage::Ready | Stage::Delayed => true,
        Stage::Held => !message.is_running,
        Stage::Nowhere | Stage::Dead => false,
    };
    is_in_queue && message.expires != NEVER
}

/// Whether a delayed message holds up its group: one that was never started does not.
const fn is_retry(message: &Message) -> bool {
    message.attempts > 0
}

fn death_of(message: &Message, handle: Handle) -> Option<(super::ReasonKind, super::dead::Key)> {
    let death = message.history.as_ref()?.dead.as_ref()?;
    Some((
        death.reason.kind(),
        (time::millis(death.at), message.order, handle),
    ))
}
