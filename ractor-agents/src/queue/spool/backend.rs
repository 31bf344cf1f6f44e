//! A queue at a broker, with a spool.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::entry::wrap;
use super::forward::forward;
use super::gate::Gate;
use crate::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use crate::queue::{
    Ability, Backend, BrokerError, Cursor, DeadLetter, Error, Filter, Guarantees, Name, Peeked,
    Receipt, Selection, Stats, Token, Unmet,
};

/// A queue at a broker, with a spool.
pub(super) struct Spooled {
    pub(super) name: Name,
    pub(super) to: Box<dyn Backend>,
    pub(super) spool: Box<dyn Backend>,
    /// Whether the broker is there, as far as is known.
    is_there: AtomicBool,
    pub(super) gate: Gate,
    is_closing: AtomicBool,
    /// Notified when something has come into the spool.
    pub(super) came: Notify,
    /// What the broker said last.
    guarantees: Mutex<Option<Guarantees>>,
}

/// How long a broker that is away is left alone. Source: a guess; each try is a connection.
const PAUSE: Duration = Duration::from_millis(500);

impl Spooled {
    pub(super) fn new(to: Box<dyn Backend>, spool: Box<dyn Backend>, name: &Name) -> Self {
        Self {
            name: name.clone(),
            to,
            spool,
            is_there: AtomicBool::new(false),
            gate: Gate::shut(),
            is_closing: AtomicBool::new(false),
            came: Notify::new(),
            guarantees: Mutex::default(),
        }
    }

    /// Whether the broker can do this, as far as it was ever asked.
    pub(super) fn has(&self, ability: Ability) -> bool {
        let given = self.guarantees.lock();
        given.is_some_and(|given| given.has(ability))
    }

    fn would_take(&self, entry: &Entry) -> bool {
        (entry.group.is_none() || self.has(Ability::Groups))
            && (entry.print.is_none() || self.has(Ability::Dedup))
            && (entry.delay.is_zero() || self.has(Ability::Delay))
    }

    async fn take_in(&self, batch: Vec<Entry>) -> Result<Vec<Receipt>, Error> {
        if self.is_there.load(Ordering::Acquire) && self.gate.is_open() {
            match self.to.enqueue(batch.clone()).await {
                // Whether it is there or not, it will know it again.
                Err(Error::Disconnected(_) | Error::Unknown(_)) => {}
                answered => return answered,
            }
        }
        if batch.iter().any(|entry| !self.would_take(entry)) {
            // Now is when whoever sends it can still be told.
            return self.to.enqueue(batch).await;
        }
        let wrapped: Result<Vec<Entry>, _> = batch.iter().map(wrap).collect();
        let pending = self.gate.pass_by();
        let receipts = self.spool.enqueue(wrapped?).await;
        drop(pending);
        self.came.notify_one();
        receipts
    }

    /// Has messages go to the broker directly, if nothing is in the spool. Says whether that is so.
    pub(super) async fn look(&self) -> Result<bool, Error> {
        let sent = self.gate.sent();
        let is_empty = self.spool.stats().await?.count() == 0;
        if is_empty {
            self.gate.open(sent);
        }
        Ok(is_empty)
    }

    /// Waits until the broker is back. Says so by an error, so that the queue is opened anew, and what the broker gives is looked at.
    async fn wait_for_broker(&self) -> Result<(), Error> {
        loop {
            sleep(PAUSE).await;
            if self.to.open().await.is_ok() {
                return Err(Error::Disconnected(BrokerError::new(
                    "it was away, and is back",
                )));
            }
        }
    }
}

impl Backend for Spooled {
    fn open(&self) -> Answer<'_, ()> {
        Box::pin(async {
            self.spool.open().await?;
            let opened = self.to.open().await;
            self.is_there.store(opened.is_ok(), Ordering::Release);
            match opened {
                Err(Error::Disconnected(error)) if self.guarantees.lock().is_some() => {
                    tracing::warn!(queue = %self.name, %error, "the broker is away: messages wait in the spool");
                    Ok(())
                }
                Ok(()) => self.look().await.map(drop),
                lost => lost,
            }
        })
    }

    fn run(&self) -> Answer<'_, ()> {
        Box::pin(async {
            let is_there = self.is_there.load(Ordering::Acquire);
            let with_broker = async {
                if !is_there {
                    return self.wait_for_broker().await;
                }
                tokio::select! {
                    ended = self.to.run() => ended,
                    lost = forward(self) => Err(lost),
                }
            };
            let ended = tokio::select! {
                ended = with_broker => ended,
                ended = self.spool.run() => ended,
            };
            if self.is_closing.load(Ordering::Acquire) {
                // Whoever opens it next finds both ended.
                let (to, spool) = join(self.to.run(), self.spool.run()).await;
                return to.and(spool);
            }
            self.is_there.store(false, Ordering::Release);
            ended
        })
    }

    fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
        self.to.close();
        self.spool.close();
    }

    fn guarantees(&self) -> Answer<'_, Guarantees> {
        Box::pin(async {
            if self.is_there.load(Ordering::Acquire) {
                match self.to.guarantees().await {
                    Err(Error::Disconnected(_)) => {}
                    given => {
                        *self.guarantees.lock() = given.clone().ok();
                        return given;
                    }
                }
            }
            let known = *self.guarantees.lock();
            let unknown = || Error::Disconnected(BrokerError::new("it was never asked"));
            known.ok_or_else(unknown)
        })
    }

    fn advice(&self, unmet: &Unmet) -> &'static str {
        self.to.advice(unmet)
    }

    fn enqueue(&self, batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
        Box::pin(self.take_in(batch))
    }

    fn lease(&self, count_max: usize, wait: Duration) -> Answer<'_, Vec<Leased>> {
        self.to.lease(count_max, wait)
    }

    fn settle(&self, token: Token, settlement: Settlement) -> Answer<'_, Settled> {
        self.to.settle(token, settlement)
    }

    fn abandon(&self, token: Token) {
        self.to.abandon(token);
    }

    fn peek(&self, count_max: usize) -> Answer<'_, Vec<Peeked>> {
        self.to.peek(count_max)
    }

    fn purge(&self) -> Answer<'_, usize> {
        Box::pin(async { Ok(self.spool.purge().await? + self.to.purge().await?) })
    }

    fn set_paused(&self, is_paused: bool) -> Answer<'_, ()> {
        self.to.set_paused(is_paused)
    }

    fn stats(&self) -> Answer<'_, Stats> {
        self.to.stats()
    }

    fn dead_letters(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Answer<'_, Vec<DeadLetter>> {
        self.to.dead_letters(filter, after, count_max)
    }

    fn redrive(&self, selection: Selection) -> Answer<'_, usize> {
        self.to.redrive(selection)
    }

    fn discard(&self, selection: Selection) -> Answer<'_, usize> {
        self.to.discard(selection)
    }
}
