//! A lease that is held.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::broker::{Leased, Settled, Settlement};
use super::hold::{Hold, HoldState};
use super::open::Open;
use super::{Error, MessageId, Name, Payload};
use crate::message::{Headers, Priority};

/// A lease on a message, whatever is in that: nobody else has it for as long as the lease lasts, which is renewed while this is there.
///
/// Say what became of it by [`ack`](Self::ack), [`nack`](Self::nack), [`dead_letter`](Self::dead_letter) or [`release`](Self::release). Dropped without a word, it is
/// given back if it was not [started](Self::start) on; otherwise the lease runs out, and the attempt has failed.
///
/// Whatever is said when the lease is not good any more is refused with [`Error::Stale`]: another may have the message by then.
pub struct Claim {
    /// Without what is in the message, which is decoded.
    leased: Leased,
    headers: Headers,
    /// Which attempt it is, once a handler has started; 0 before.
    attempt: AtomicU32,
    /// The handler has said that no further attempt makes sense.
    is_hopeless: AtomicBool,
    hold: Arc<Hold>,
    open: Arc<Open>,
}

impl Claim {
    pub(super) fn new(mut leased: Leased, headers: Headers, open: Arc<Open>) -> Self {
        leased.payload = Payload::from_bytes(Bytes::new());
        Self {
            headers,
            attempt: AtomicU32::new(0),
            is_hopeless: AtomicBool::new(false),
            hold: open.holds.hold(leased.token),
            leased,
            open,
        }
    }

    /// The queue that it is from.
    pub fn queue(&self) -> &Name {
        &self.open.name
    }

    /// What the message is called.
    pub fn id(&self) -> MessageId {
        self.leased.token.id
    }

    /// A number that grows with every lease of the message: whoever writes elsewhere on its behalf can have writes of former leases refused by it.
    pub fn fence(&self) -> (u64, u64) {
        (self.leased.token.epoch, self.leased.token.number)
    }

    /// How many handlers have started on it before this lease.
    pub fn attempts(&self) -> u32 {
        self.leased.attempts
    }

    /// How many may.
    pub fn attempts_max(&self) -> u32 {
        self.leased.attempts_max
    }

    /// Which line it was in.
    pub fn priority(&self) -> Priority {
        self.leased.priority
    }

    /// Its group, if it is in one.
    pub fn group(&self) -> Option<&str> {
        self.leased.group.as_deref()
    }

    /// When it came.
    pub fn enqueued_at(&self) -> SystemTime {
        self.leased.enqueued_at
    }

    /// When its time to live ends, if it does.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.leased.expires_at
    }

    /// What was sent along.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// A handler begins: the attempt counts from here, and that is on disk when this returns, so that a message which takes the whole process with it is
    /// a dead letter in the end. Which attempt it is, from 1. Said again, it changes nothing. Without it, an attempt counts when it fails by
    /// [`nack`](Self::nack).
    ///
    /// # Errors
    /// [`Error::Stale`], [`Error::Unknown`], [`Error::Disconnected`]; [`Error::NoSpace`] when the broker's disk is so full that there is no
    /// room for this either.
    ///
    /// # Cancel safety
    /// Dropped, it may be done or not; the claim is still there to say it again.
    pub async fn start(&self) -> Result<u32, Error> {
        let settled = self.settle(Settlement::Start).await?;
        if let Settled::Started(attempt) = settled {
            self.attempt.store(attempt, Ordering::Relaxed);
        }
        Ok(self.attempt.load(Ordering::Relaxed))
    }

    /// It is done with, and gone.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As for [`start`](Self::start).
    pub async fn ack(&self) -> Result<(), Error> {
        self.settle(Settlement::Ack).await.map(drop)
    }

    /// The attempt failed: another is due after a backoff. If none is left, or its time to live is over, it is a dead letter; then this is `true`. The first 256 bytes of
    /// the error are kept with it.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As for [`start`](Self::start).
    pub async fn nack(&self, error: impl fmt::Display + Send) -> Result<bool, Error> {
        self.fail(None, error.to_string()).await
    }

    /// The same, with another attempt due after `delay`.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As for [`start`](Self::start).
    pub async fn nack_for(
        &self,
        delay: Duration,
        error: impl fmt::Display + Send,
    ) -> Result<bool, Error> {
        self.fail(Some(delay), error.to_string()).await
    }

    async fn fail(&self, delay: Option<Duration>, error: String) -> Result<bool, Error> {
        let error = error.into();
        let settled = self.settle(Settlement::Nack { delay, error }).await?;
        Ok(settled == Settled::Dead)
    }

    /// No attempt can succeed: it is a dead letter. The first 256 bytes of why are kept with it.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As for [`start`](Self::start).
    pub async fn dead_letter(&self, why: impl fmt::Display + Send) -> Result<(), Error> {
        let why = why.to_string().into();
        self.settle(Settlement::DeadLetter { why }).await.map(drop)
    }

    /// Gives it back, as if it had not been leased: it is available at once, in its old place, and no attempt was.
    ///
    /// # Errors
    /// [`Error::Started`] if a handler has started on it; otherwise as for [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As for [`start`](Self::start).
    pub async fn release(&self) -> Result<(), Error> {
        self.settle(Settlement::Release).await.map(drop)
    }

    /// Renews the lease now, besides what is done anyway.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    ///
    /// # Cancel safety
    /// As for [`start`](Self::start).
    pub async fn extend(&self) -> Result<(), Error> {
        self.settle(Settlement::Extend).await.map(drop)
    }

    /// Which attempt it is, from 1. `None` before a handler has [started](Self::start).
    pub fn attempt(&self) -> Option<u32> {
        Some(self.attempt.load(Ordering::Relaxed)).filter(|attempt| *attempt > 0)
    }

    /// No further attempt makes sense: for whoever says in the end what became of it.
    pub(crate) fn give_up_hope(&self) {
        self.is_hopeless.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_hopeless(&self) -> bool {
        self.is_hopeless.load(Ordering::Relaxed)
    }

    /// Whether the lease is known to be lost.
    pub fn is_lost(&self) -> bool {
        self.hold.state() == HoldState::Lost
    }

    /// Waits until the lease is known to be lost: put it beside the work in a `select!` to end that then. Never, if that does not happen.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn lost(&self) {
        self.hold.lost().await;
    }

    pub(crate) async fn settle(&self, settlement: Settlement) -> Result<Settled, Error> {
        self.open.settle(&self.hold, settlement).await
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.hold.state() == HoldState::Held {
            self.open.holds.end(&self.hold, HoldState::Settled);
            self.open.backend.abandon(self.hold.token);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("id", &self.id())
            .field("attempts", &self.attempts())
            .field("priority", &self.priority())
            .finish_non_exhaustive()
    }
}
