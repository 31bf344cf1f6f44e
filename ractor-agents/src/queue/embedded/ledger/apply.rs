//! What each record makes true.

use super::message::{Ended, Handle, Message, NEVER, Stage};
use super::record::{NewMessage, Record, Remembrance, Saved};
use super::{Cause, Death, Failure, Id, Ledger, Reason};
use crate::queue::time;

impl Ledger {
    /// Makes a record true: one that was decided just now, or one from the log.
    pub(crate) fn apply(&mut self, record: &Record) {
        match record {
            Record::Opened { epoch, at } => self.apply_opened(*epoch, *at),
            Record::Enqueued {
                at,
                first,
                messages,
            } => self.apply_enqueued(*at, *first, messages),
            Record::Started { id, attempts } => self.apply_started(*id, *attempts),
            Record::Acked { id } | Record::Discarded { id } => {
                if let Some(handle) = self.messages.find(*id) {
                    self.drop_message(handle);
                }
            }
            Record::Retried {
                id,
                at,
                attempts,
                due,
                cause,
            } => {
                self.saw(*at);
                self.apply_to(*id, |message| {
                    end_attempt(message, *at, *attempts, Some(cause));
                    message.due = *due;
                });
            }
            Record::Buried {
                id,
                at,
                attempts,
                reason,
                cause,
            } => {
                self.saw(*at);
                self.apply_to(*id, |message| {
                    end_attempt(message, *at, *attempts, cause.as_ref());
                    bury(message, *at, reason.clone());
                });
            }
            Record::Redriven { id, order } => self.apply_redriven(*id, *order),
            Record::Purged { except } => self.apply_purged(except),
            Record::Paused { paused } => self.paused = *paused,
            Record::Carried { message } => self.apply_carried(message),
            Record::Remembered { segment, entries } => {
                for entry in entries {
                    self.remembered.insert(*segment, entry);
                }
            }
            Record::Header {
                epoch,
                at,
                next_order,
                paused,
            } => {
                self.saw(*at);
                self.epoch = self.epoch.max(*epoch);
                self.next_order = self.next_order.max(*next_order);
                self.paused = *paused;
            }
        }
    }

    fn saw(&mut self, at: u64) {
        self.now = self.now.max(at);
    }

    fn apply_to(&mut self, id: Id, with: impl FnOnce(&mut Message)) {
        if let Some(handle) = self.messages.find(id) {
            self.change(handle, with);
        }
    }

    fn apply_opened(&mut self, epoch: u64, at: u64) {
        self.saw(at);
        self.epoch = self.epoch.max(epoch);
        while let Some(handle) = self.running.first().copied() {
            self.change(handle, |message| {
                let attempts = message.attempts;
                end_attempt(message, at, attempts, Some(&Cause::ProcessEnded));
                // The clock may be behind where that process's was.
                message.due = 0;
                if message.is_used_up() {
                    bury(message, at, Reason::Exhausted);
                }
            });
        }
    }

    fn apply_enqueued(&mut self, at: u64, first: u64, messages: &[NewMessage]) {
        self.saw(at);
        for (order, new) in (first..).zip(messages) {
            self.next_order = self.next_order.max(order + 1);
            if let Some(dedup) = new.dedup {
                let remembrance = Remembrance {
                    print: dedup.print,
                    of: new.id,
                    until: dedup.until,
                };
                self.remembered.insert(new.place.segment, &remembrance);
            }
            if self.messages.find(new.id).is_none() {
                let message = self.fresh(new, order, at);
                self.put(message);
            }
        }
        self.remembered.advance(self.now);
    }

    fn fresh(&mut self, new: &NewMessage, order: u64, at: u64) -> Message {
        let group = new.group.as_deref();
        Message {
            id: new.id,
            place: new.place,
            order,
            enqueued_at: at,
            due: new.due.unwrap_or(0),
            expires: new.expires.unwrap_or(NEVER),
            lease: 0,
            history: None,
            size: new.size,
            attempts: 0,
            attempts_max: new.attempts_max.max(1),
            group: group.and_then(|key| self.groups.join(new.priority, key)),
            priority: new.priority,
            stage: Stage::Nowhere,
            ended: Ended::GivenBack,
            is_running: false,
        }
    }

    fn apply_started(&mut self, id: Id, attempts: u32) {
        let Some(handle) = self.messages.find(id) else {
            return;
        };
        match self.messages.get_mut(handle) {
            Some(message) if message.stage == Stage::Held => {
                message.attempts = attempts;
                self.start_running(handle);
            }
            // From the log: whoever had it on lease is gone.
            _ => self.change(handle, |message| {
                message.attempts = attempts;
                message.is_running = true;
            }),
        }
    }

    fn apply_redriven(&mut self, id: Id, order: u64) {
        self.next_order = self.next_order.max(order + 1);
        self.apply_to(id, |message| {
            message.history_mut().revived();
            message.order = order;
            message.attempts = 0;
            message.due = 0;
            message.expires = NEVER;
            // No token that was given is good, nor tells more than that the message went on without it.
            message.lease = 0;
        });
    }

    fn apply_purged(&mut self, except: &[Id]) {
        let except: Vec<Handle> = except
            .iter()
            .filter_map(|id| self.messages.find(*id))
            .collect();
        let mut purged = self.in_line();
        purged.extend(self.delayed.iter().map(|(_, handle)| *handle));
        if !except.is_empty() {
            let except: std::collections::BTreeSet<Handle> = except.into_iter().collect();
            purged.retain(|handle| !except.contains(handle));
        }
        for handle in purged {
            self.drop_message(handle);
        }
    }

    fn apply_carried(&mut self, saved: &Saved) {
        if let Some(handle) = self.messages.find(saved.id) {
            // All the rest is what the records before made it.
            self.move_payload(handle, saved.place);
            return;
        }
        let history =
            (saved.history != super::History::default()).then(|| Box::new(saved.history.clone()));
        let group = saved.group.as_deref();
        let message = Message {
            id: saved.id,
            place: saved.place,
            order: saved.order,
            enqueued_at: saved.enqueued_at,
            due: saved.due,
            expires: saved.expires.unwrap_or(NEVER),
            lease: 0,
            history,
            size: saved.size,
            attempts: saved.attempts,
            attempts_max: saved.attempts_max,
            group: group.and_then(|key| self.groups.join(saved.priority, key)),
            priority: saved.priority,
            stage: Stage::Nowhere,
            ended: Ended::GivenBack,
            is_running: saved.is_running,
        };
        self.next_order = self.next_order.max(saved.order + 1);
        self.put(message);
    }
}

/// `attempts` have been; with a cause, the last of them has just failed.
fn end_attempt(message: &mut Message, at: u64, attempts: u32, cause: Option<&Cause>) {
    message.attempts = attempts;
    message.is_running = false;
    if let Some(cause) = cause {
        message.history_mut().failed(Failure {
            at: time::at(at),
            attempt: attempts,
            cause: cause.clone(),
        });
    }
}

fn bury(message: &mut Message, at: u64, reason: Reason) {
    let attempts = message.attempts;
    message.history_mut().dead = Some(Death {
        at: time::at(at),
        attempts,
        reason,
    });
}
