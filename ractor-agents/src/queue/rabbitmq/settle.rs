//! What becomes of messages on lease: by word of whoever has one, or without.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use lapin::Channel;
use lapin::message::BasicGetMessage;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::leases::Lease;
use super::link::Link;
use super::wire::{Head, Received};
use crate::message::Priority;
use crate::queue::broker::{Leased, Settled, Settlement};
use crate::queue::{
    Backoff, Cause, Death, Error, Failure, History, MessageId, Payload, Reason, Stale, Token, time,
};

impl Link {
    /// Does what whoever has a message on lease says of it.
    pub(super) async fn settle(
        &self,
        token: Token,
        settlement: Settlement,
    ) -> Result<Settled, Error> {
        match settlement {
            Settlement::Start => {
                let start = |lease: &mut Lease| {
                    lease.is_started = true;
                    Settled::Started(lease.attempts.saturating_add(1))
                };
                Ok(self.leases.with(token, start)?)
            }
            Settlement::Extend => {
                let until = Instant::now() + self.options.lease;
                self.leases.with(token, |lease| lease.until = until)?;
                Ok(Settled::Extended)
            }
            Settlement::Release if self.leases.with(token, |lease| lease.is_started)? => {
                Err(Error::Started)
            }
            Settlement::Ack
            | Settlement::Nack { .. }
            | Settlement::Release
            | Settlement::DeadLetter { .. } => {
                let lease = self.leases.take(token)?;
                let settled = self.finish(&lease, settlement).await;
                match &settled {
                    Ok(Settled::Dead) => self.leases.ended(token, Stale::Dead),
                    Ok(Settled::Returned) => self.leases.ended(token, Stale::GivenBack),
                    Ok(_) => self.leases.ended(token, Stale::Gone),
                    // Nothing has changed; if the connection is lost all leases are.
                    Err(_) => self.leases.insert(lease),
                }
                settled
            }
        }
    }

    async fn finish(&self, lease: &Lease, settlement: Settlement) -> Result<Settled, Error> {
        match settlement {
            Settlement::Nack { delay, error } => {
                self.retry(lease, delay, Cause::failed(&error)).await
            }
            Settlement::Release => self.give_back(lease).await,
            Settlement::DeadLetter { why } => {
                let reason = Reason::rejected(&why);
                let attempts = lease.attempts.saturating_add(lease.is_started.into());
                self.kill(lease, lease.head.history.clone(), attempts, reason)
                    .await
            }
            Settlement::Ack | Settlement::Start | Settlement::Extend => {
                self.ack(lease).await?;
                Ok(Settled::Done)
            }
        }
    }

    /// An attempt has failed: a copy for the next, if there is one.
    async fn retry(
        &self,
        lease: &Lease,
        delay: Option<Duration>,
        cause: Cause,
    ) -> Result<Settled, Error> {
        let (now, attempts) = (SystemTime::now(), lease.attempts.saturating_add(1));
        let mut history = lease.head.history.clone();
        history.failed(Failure {
            at: now,
            attempt: attempts,
            cause,
        });
        if attempts >= lease.head.attempts_max {
            return self.kill(lease, history, attempts, Reason::Exhausted).await;
        }
        if lease
            .head
            .expires
            .is_some_and(|expires| expires <= time::millis(now))
        {
            return self.kill(lease, history, attempts, Reason::Expired).await;
        }
        let delay = delay.map_or_else(|| pause(&self.options.backoff, attempts), time::as_millis);
        let mut head = lease.copy(attempts);
        head.history = history;
        head.due = (delay > 0).then(|| time::millis(now).saturating_add(delay));
        self.pass(delay, &head, &lease.payload).await?;
        self.ack(lease).await?;
        Ok(Settled::Returned)
    }

    /// Nobody has begun: back to its old place. That costs it an attempt, so if it is the last one a copy goes to the end of the line instead.
    async fn give_back(&self, lease: &Lease) -> Result<Settled, Error> {
        if lease.attempts.saturating_add(1) < lease.head.attempts_max {
            self.requeue(lease).await?;
        } else {
            let head = lease.copy(lease.attempts);
            self.pass(0, &head, &lease.payload).await?;
            self.ack(lease).await?;
        }
        Ok(Settled::Returned)
    }

    /// Into its line, now or later; later too if that is full, since what is in the queue already is not refused.
    async fn pass(&self, delay: u64, head: &Head, payload: &Bytes) -> Result<(), Error> {
        if delay == 0 {
            match self.put(head, payload).await {
                Err(Error::Full(_)) => {}
                done => return done,
            }
        }
        self.put_off(delay, head, payload).await
    }

    /// Makes a dead letter of it.
    async fn kill(
        &self,
        lease: &Lease,
        history: History,
        attempts: u32,
        reason: Reason,
    ) -> Result<Settled, Error> {
        let mut head = lease.copy(attempts);
        head.history = history;
        head.history.dead = Some(Death {
            at: SystemTime::now(),
            attempts,
            reason,
        });
        self.bury(&head, &lease.payload).await?;
        self.ack(lease).await?;
        Ok(Settled::Dead)
    }

    /// Ends leases that nobody renews: a started attempt has failed, others are given back.
    pub(super) async fn expire(&self) {
        for lease in self.leases.take_expired() {
            let ended = if lease.is_started {
                self.retry(&lease, None, Cause::LeaseExpired).await
            } else {
                self.give_back(&lease).await
            };
            self.over(lease, &ended, Stale::Expired);
        }
    }

    /// Gives back what no handler has started on.
    pub(super) async fn give_back_all(&self, leases: Vec<Lease>) {
        for lease in leases {
            let ended = self.give_back(&lease).await;
            self.over(lease, &ended, Stale::GivenBack);
        }
    }

    fn over(&self, lease: Lease, ended: &Result<Settled, Error>, how: Stale) {
        match ended {
            Ok(Settled::Dead) => self.leases.ended(lease.token, Stale::Dead),
            Ok(_) => self.leases.ended(lease.token, how),
            // Tried again when its time is over, which may be now.
            Err(_) => self.leases.insert(lease),
        }
    }

    /// What came out of a line, on lease; or what else has to become of it, which is done.
    pub(super) async fn receive(
        &self,
        priority: Priority,
        channel: Channel,
        message: BasicGetMessage,
    ) -> Result<Option<Leased>, Error> {
        let now = SystemTime::now();
        let received = Received::read(&message);
        let (tag, payload) = (
            message.delivery.delivery_tag,
            Bytes::from(message.delivery.data),
        );
        let is_ours = received.is_some();
        let received = received.unwrap_or_else(|| foreign(priority, time::millis(now)));
        let (attempts, deliveries) = (received.attempts(), received.deliveries);
        let head = received.head;
        let lease = Lease {
            token: Token {
                // Grows with every delivery of the message, to whomever.
                epoch: head
                    .leases
                    .saturating_add(deliveries.into())
                    .saturating_add(1),
                number: self.leases.number(),
                id: head.id,
            },
            channel,
            tag,
            head,
            attempts,
            payload,
            is_started: false,
            until: Instant::now() + self.options.lease,
        };
        match self.divert(&lease, is_ours, now).await {
            Ok(false) => {}
            Ok(true) => return Ok(None),
            Err(error) => {
                // Nobody has it; it is given back when its time is over.
                self.leases.insert(lease);
                return Err(error);
            }
        }
        let head = &lease.head;
        let leased = Leased {
            token: lease.token,
            attempts,
            attempts_max: head.attempts_max,
            priority: head.priority,
            group: None,
            enqueued_at: time::at(head.enqueued_at),
            expires_at: head.expires.map(time::at),
            payload: Payload::from_bytes(lease.payload.clone()),
        };
        self.leases.insert(lease);
        Ok(Some(leased))
    }
}

impl Link {
    /// Puts a message elsewhere that is not to be handled, or not yet: whether it did.
    async fn divert(&self, lease: &Lease, is_ours: bool, now: SystemTime) -> Result<bool, Error> {
        let (head, attempts, millis) = (&lease.head, lease.attempts, time::millis(now));
        let reason = if !is_ours {
            Reason::rejected("it was not enqueued by this library")
        } else if head.expires.is_some_and(|expires| expires <= millis) {
            Reason::Expired
        } else if attempts >= head.attempts_max {
            Reason::Exhausted
        } else {
            let left = head.due.unwrap_or(0).saturating_sub(millis);
            if left > 0 {
                self.put_off(left, &lease.copy(attempts), &lease.payload)
                    .await?;
                self.ack(lease).await?;
            }
            return Ok(left > 0);
        };
        let mut history = head.history.clone();
        if reason == Reason::Exhausted {
            history.failed(Failure {
                at: now,
                attempt: attempts,
                cause: Cause::ProcessEnded,
            });
        }
        self.kill(lease, history, attempts, reason).await?;
        Ok(true)
    }

    /// Gives back what nobody wants any more, and ends what nobody renews, for as long as it is polled.
    pub(super) async fn tend(&self, abandoned: &Abandoned) {
        let tick = (self.options.lease / TICKS).clamp(TICK_MIN, TICK_MAX);
        loop {
            tokio::select! {
                () = sleep(tick) => self.expire().await,
                () = abandoned.came.notified() => {
                    for token in abandoned.take() {
                        let is_idle = self.leases.with(token, |lease| !lease.is_started);
                        if is_idle == Ok(true) && let Ok(lease) = self.leases.take(token) {
                            self.give_back_all(vec![lease]).await;
                        }
                    }
                }
            }
        }
    }
}

/// How often it is looked for leases that nobody renews: so often during one, and at most and at least that often. Source: guesses.
const TICKS: u32 = 16;
const TICK_MIN: Duration = Duration::from_millis(5);
const TICK_MAX: Duration = Duration::from_secs(1);

/// Leases that are not needed any more. There are never more than leases.
#[derive(Debug, Default)]
pub(super) struct Abandoned {
    tokens: Mutex<Vec<Token>>,
    came: Notify,
}

impl Abandoned {
    pub(super) fn push(&self, token: Token) {
        self.tokens.lock().push(token);
        self.came.notify_one();
    }

    fn take(&self) -> Vec<Token> {
        std::mem::take(&mut *self.tokens.lock())
    }
}

impl Lease {
    /// The head of a copy that has had so many attempts.
    fn copy(&self, attempts: u32) -> Head {
        Head {
            attempts,
            leases: self.token.epoch,
            ..self.head.clone()
        }
    }
}

/// The head of what somebody else has put into our line.
fn foreign(priority: Priority, now: u64) -> Received {
    Received {
        head: Head {
            id: MessageId::random(),
            priority,
            enqueued_at: now,
            expires: None,
            due: None,
            attempts: 0,
            attempts_max: 1,
            leases: 0,
            history: History::default(),
            rung: None,
        },
        deliveries: 0,
    }
}

/// The pause before another attempt, in milliseconds: "full jitter".
fn pause(backoff: &Backoff, attempts: u32) -> u64 {
    let (base, cap) = (time::as_millis(backoff.base), time::as_millis(backoff.cap));
    let doublings = attempts.saturating_sub(1).min(63);
    let bound = base.saturating_mul(1 << doublings).min(cap);
    rand::random_range(0..=bound)
}
