//! What whoever has a message on lease may do with it.

use super::faults::Fault;
use super::leases::ReleaseError;
use super::message::{Ended, Handle, Stage};
use super::record::Record;
use super::{Cause, Ledger, Reason, Stale, Token};

/// What became of a message whose attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    /// It is due for another attempt then.
    Retry { due: u64 },
    /// It is a dead letter: its attempts are used up, or its time to live has ended.
    Dead,
}

impl Ledger {
    /// The handler begins: the attempt counts from here. Which one it is, from 1. Said again, it changes nothing.
    ///
    /// # Errors
    /// [`Stale`] when the token is not good.
    pub(crate) fn start(
        &mut self,
        token: Token,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Result<u32, Stale> {
        self.advance(now, out);
        let handle = self.holder(token)?;
        let message = self.messages.get(handle).ok_or(Stale::Gone)?;
        if message.is_running {
            return Ok(message.attempts);
        }
        let (id, attempts) = (message.id, message.attempts + 1);
        self.commit(Record::Started { id, attempts }, out);
        Ok(attempts)
    }

    /// The message is done with, whether or not the handler said that it began.
    ///
    /// # Errors
    /// [`Stale`] when the token is not good.
    pub(crate) fn ack(
        &mut self,
        token: Token,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Result<(), Stale> {
        self.advance(now, out);
        self.holder(token)?;
        self.commit(Record::Acked { id: token.id }, out);
        Ok(())
    }

    /// The attempt failed. Another is due after `delay` milliseconds, or after a backoff; if there is none left, or the time
    /// to live has ended, the message is a dead letter. An attempt that was never started counts as started: one given back
    /// without an attempt is [`release`](Self::release)d.
    ///
    /// # Errors
    /// [`Stale`] when the token is not good.
    pub(crate) fn nack(
        &mut self,
        token: Token,
        delay: Option<u64>,
        cause: Cause,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Result<Fate, Stale> {
        self.advance(now, out);
        let handle = self.holder(token)?;
        self.given_back(handle);
        self.fail(handle, cause, delay, out);
        let message = self
            .messages
            .get(handle)
            .filter(|message| !message.is_dead());
        Ok(message.map_or(Fate::Dead, |message| Fate::Retry { due: message.due }))
    }

    /// Keeps the message until then, if that is later than the lease lasts; when it runs out now.
    ///
    /// # Errors
    /// [`Stale`] when the token is not good.
    pub(crate) fn extend(
        &mut self,
        token: Token,
        until: u64,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Result<u64, Stale> {
        self.advance(now, out);
        self.holder(token)?;
        self.leases
            .extend(token.number, until)
            .ok_or(Stale::Expired)
    }

    /// Gives a message back that no handler has started on: it is available at once, in its old place in line, and no attempt
    /// was.
    ///
    /// # Errors
    /// [`ReleaseError::Started`] when the handler has started, [`ReleaseError::Stale`] when the token is not good.
    pub(crate) fn release(
        &mut self,
        token: Token,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Result<(), ReleaseError> {
        self.advance(now, out);
        let handle = self.holder(token)?;
        if self.running.contains(&handle) {
            return Err(ReleaseError::Started);
        }
        self.given_back(handle);
        self.detach(handle);
        self.settle(handle);
        Ok(())
    }

    /// The message can never succeed: it is a dead letter, with this reason.
    ///
    /// # Errors
    /// [`Stale`] when the token is not good.
    pub(crate) fn dead_letter(
        &mut self,
        token: Token,
        why: &str,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Result<(), Stale> {
        self.advance(now, out);
        let handle = self.holder(token)?;
        self.bury(handle, Reason::rejected(why), None, out);
        Ok(())
    }

    fn given_back(&mut self, handle: Handle) {
        if let Some(message) = self.messages.get_mut(handle) {
            message.ended = Ended::GivenBack;
        }
    }

    /// The message that this token is a lease of.
    fn holder(&self, token: Token) -> Result<Handle, Stale> {
        let stale = match self.current(token) {
            Ok(handle) => return Ok(handle),
            Err(stale) => stale,
        };
        if self.faults.has(Fault::NoFencing)
            && let Some(handle) = self.messages.find(token.id)
            && self
                .messages
                .get(handle)
                .is_some_and(|found| !found.is_dead())
        {
            return Ok(handle);
        }
        Err(stale)
    }

    fn current(&self, token: Token) -> Result<Handle, Stale> {
        if token.epoch < self.epoch {
            return Err(Stale::Restarted);
        }
        if token.epoch > self.epoch || !self.leases.was_given(token.number) {
            return Err(Stale::Unknown);
        }
        let Some(handle) = self.messages.find(token.id) else {
            return Err(Stale::Gone);
        };
        if self.leases.message(token.number) == Some(handle) {
            return Ok(handle);
        }
        let message = self.messages.get(handle).ok_or(Stale::Gone)?;
        Err(match message.stage {
            Stage::Dead => Stale::Dead,
            _ if message.lease > token.number => Stale::Replaced,
            // Redriven since, or another message of the same name.
            _ if message.lease < token.number => Stale::Gone,
            _ if message.ended == Ended::Expired => Stale::Expired,
            _ => Stale::GivenBack,
        })
    }
}
