//! What the time brings.

use super::dice::backoff;
use super::faults::Fault;
use super::message::{Ended, Handle, Message};
use super::record::Record;
use super::{Cause, Ledger, Reason};

impl Ledger {
    /// Does what is due: leases run out, times to live end, delayed messages are in line, fingerprints are forgotten, and
    /// dead letters past their bound go. Every operation that is told the time begins with it.
    pub(crate) fn advance(&mut self, now: u64, out: &mut Vec<Record>) {
        self.now = self.now.max(now);
        while let Some((until, handle)) = self.leases.first()
            && until <= self.now
        {
            self.lease_ran_out(handle, out);
        }
        while let Some((expires, handle)) = self.expiring.first().copied()
            && expires <= self.now
        {
            self.bury(handle, Reason::Expired, None, out);
        }
        while let Some((due, handle)) = self.delayed.first().copied()
            && due <= self.now
        {
            self.detach(handle);
            self.settle(handle);
        }
        self.remembered.advance(self.now);
        self.trim(out);
    }

    /// When [`advance`](Self::advance) has something to do next.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let due = [
            self.leases.first().map(|(until, _)| until),
            self.expiring.first().map(|(expires, _)| *expires),
            self.delayed.first().map(|(due, _)| *due),
            self.remembered.next_due(),
        ];
        due.into_iter().flatten().min()
    }

    fn lease_ran_out(&mut self, handle: Handle, out: &mut Vec<Record>) {
        let Some(message) = self.messages.get_mut(handle) else {
            return;
        };
        message.ended = Ended::Expired;
        if message.is_running {
            self.fail(handle, Cause::LeaseExpired, None, out);
        } else {
            self.detach(handle);
            self.settle(handle);
        }
    }

    /// An attempt came to nothing: another one after `delay` or a backoff, or none.
    pub(super) fn fail(
        &mut self,
        handle: Handle,
        cause: Cause,
        delay: Option<u64>,
        out: &mut Vec<Record>,
    ) {
        let Some(message) = self.messages.get(handle) else {
            return;
        };
        let attempts = attempts_with_this(message);
        if attempts >= message.attempts_max {
            return self.bury(handle, Reason::Exhausted, Some(cause), out);
        }
        if message.expires <= self.now {
            return self.bury(handle, Reason::Expired, Some(cause), out);
        }
        let id = message.id;
        let delay = delay.unwrap_or_else(|| {
            let settings = &self.settings;
            let (base, cap) = (settings.backoff_base, settings.backoff_cap);
            backoff(base, cap, attempts, &mut self.dice)
        });
        let retried = Record::Retried {
            id,
            at: self.now,
            attempts,
            due: self.now.saturating_add(delay),
            cause,
        };
        self.commit(retried, out);
    }

    /// Makes a dead letter of a message. With a cause, an attempt at it has just failed.
    pub(super) fn bury(
        &mut self,
        handle: Handle,
        reason: Reason,
        cause: Option<Cause>,
        out: &mut Vec<Record>,
    ) {
        let Some(message) = self.messages.get(handle) else {
            return;
        };
        let id = message.id;
        let attempts = match cause {
            Some(_) => attempts_with_this(message),
            None => message.attempts,
        };
        let buried = Record::Buried {
            id,
            at: self.now,
            attempts,
            reason,
            cause,
        };
        if self.faults.has(Fault::BurialInTwoRecords) {
            self.bury_in_two(handle, &buried, out);
        } else {
            self.commit(buried, out);
        }
        self.trim(out);
    }

    /// A process that dies between the records has lost the message.
    fn bury_in_two(&mut self, handle: Handle, buried: &Record, out: &mut Vec<Record>) {
        if let Some(saved) = self.saved(handle) {
            self.commit(Record::Acked { id: saved.id }, out);
            let message = Box::new(saved);
            self.commit(Record::Carried { message }, out);
            self.commit(buried.clone(), out);
        }
    }

    /// Lets the oldest dead letters go that are too many.
    fn trim(&mut self, out: &mut Vec<Record>) {
        let Some(dead_max) = self.settings.dead_max else {
            return;
        };
        while self.dead.len() > dead_max
            && let Some(oldest) = self.dead.oldest()
            && let Some(id) = self.messages.get(oldest).map(|message| message.id)
        {
            self.commit(Record::Discarded { id }, out);
        }
    }
}

/// A failed attempt that was never started counts as started.
const fn attempts_with_this(message: &Message) -> u32 {
    if message.is_running {
        message.attempts
    } else {
        message.attempts + 1
    }
}
