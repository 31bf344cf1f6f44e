//! A queue at the server.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::drain::{discard, redrive};
use super::fetch::Fetch;
use super::jobs::Jobs;
use super::link::Link;
use super::names::{Names, RUNGS};
use super::settle::Abandoned;
use super::wire::Head;
use super::{Server, unsupported};
use crate::message::Priority;
use crate::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use crate::queue::{
    Abilities, Ability, Aging, Backend, Bound, BrokerError, Cursor, DeadLetter, Durability, Error,
    Filter, Guarantees, LaneStats, Name, Options, Peeked, Receipt, Selection, Stats, Token, Unmet,
    time,
};

/// One queue at a server.
pub(super) struct RabbitMq {
    at: Server,
    names: Names,
    options: Options,
    /// The connection that there is now.
    link: watch::Sender<Option<Arc<Link>>>,
    is_closing: watch::Sender<bool>,
    jobs: Jobs,
    fetch: Fetch,
    abandoned: Arc<Abandoned>,
    /// Of leases, over all connections.
    numbers: Arc<AtomicU64>,
}

impl RabbitMq {
    pub(super) fn new(at: Server, name: &Name, options: &Options) -> Self {
        Self {
            at,
            names: Names::of(name),
            options: *options,
            link: watch::Sender::new(None),
            is_closing: watch::Sender::new(false),
            jobs: Jobs::new(),
            fetch: Fetch::new(options.aging),
            abandoned: Arc::default(),
            numbers: Arc::default(),
        }
    }

    /// The connection, if there is one.
    fn link(&self) -> Result<Arc<Link>, Error> {
        if *self.is_closing.borrow() {
            return Err(Error::Closed);
        }
        self.link.borrow().clone().ok_or_else(away)
    }

    async fn connect(&self) -> Result<(), Error> {
        // Leases and calls of an earlier connection go with it.
        self.cut();
        let numbers = Arc::clone(&self.numbers);
        let link = Link::connect(&self.at, self.names.clone(), self.options, numbers).await?;
        self.link.send_replace(Some(Arc::new(link)));
        Ok(())
    }

    /// The connection is of no use any more.
    fn cut(&self) {
        self.link.send_replace(None);
        self.jobs.forget();
        self.fetch.forget();
    }

    async fn serve(&self) -> Result<(), Error> {
        let link = self.link.borrow().clone().ok_or_else(away)?;
        let _cut = Cut(self);
        let mut is_closing = self.is_closing.subscribe();
        let closing = async {
            if is_closing.wait_for(|is_closing| *is_closing).await.is_err() {
                pending::<()>().await;
            }
        };
        tokio::select! {
            // In this order: what is known to be lost is told as lost.
            biased;
            error = link.ended() => return Err(error),
            () = self.jobs.work(closing) => {}
            error = self.fetch.serve(&link, &self.abandoned) => return Err(error),
            () = link.tend(&self.abandoned) => {}
        }
        link.give_back_all(link.leases.take_idle()).await;
        link.close().await;
        Ok(())
    }

    async fn call<T, F>(
        &self,
        work: impl FnOnce(Arc<Link>) -> F,
        lost: fn(BrokerError) -> Error,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.jobs.call(self.link()?, work, lost).await
    }

    async fn enqueue_one(&self, entry: Entry) -> Result<Receipt, Error> {
        if entry.group.is_some() {
            return Err(unsupported("keep the order within groups"));
        }
        if entry.print.is_some() {
            return Err(unsupported("tell duplicates by their key"));
        }
        if entry.payload.as_bytes().len() as u64 > self.options.bytes_max {
            return Err(Error::NeverFits(Bound::Bytes {
                max: self.options.bytes_max,
            }));
        }
        let id = entry.id;
        let work = |link: Arc<Link>| async move {
            let head = Head::new(&entry, time::millis(SystemTime::now()));
            let payload: Bytes = entry.payload.into_bytes();
            match time::as_millis(entry.delay) {
                0 => link.put(&head, &payload).await,
                delay => link.put_off(delay, &head, &payload).await,
            }
        };
        self.call(work, Error::Unknown).await?;
        self.fetch.stir();
        Ok(Receipt {
            id,
            is_duplicate: false,
        })
    }

    /// Waits for a connection.
    async fn connected(&self, until: Instant) -> Result<(), Error> {
        let mut link = self.link.subscribe();
        let mut is_closing = self.is_closing.subscribe();
        let either = async {
            tokio::select! {
                // Neither sender goes while we are here.
                _ = link.wait_for(Option::is_some) => {}
                _ = is_closing.wait_for(|is_closing| *is_closing) => {}
            }
        };
        // Whether it came is looked at anyway.
        let _ = timeout_at(until, either).await;
        self.link().map(drop)
    }

    async fn lease_some(&self, count_max: usize, wait: Duration) -> Result<Vec<Leased>, Error> {
        let now = Instant::now();
        let until = now.checked_add(wait).unwrap_or(now + FAR);
        loop {
            self.connected(until).await?;
            match self.fetch.ask(count_max.max(1), until).await {
                Ok(grant) => return Ok(grant.take()),
                // The connection was lost: there may be another.
                Err(_) if Instant::now() < until && !*self.is_closing.borrow() => {}
                Err(_) => return Err(self.link().err().unwrap_or_else(away)),
            }
        }
    }

    async fn count(link: Arc<Link>) -> Result<Stats, Error> {
        let (ready, dead, waiting) = (
            link.ready().await?,
            link.dead().await?,
            link.waiting().await?,
        );
        let leased = link.leases.counts();
        let mut lanes = [LaneStats::default(); Priority::COUNT];
        for (lane, (ready, leased)) in lanes.iter_mut().zip(ready.into_iter().zip(leased)) {
            lane.ready = ready as usize;
            lane.leased = leased;
        }
        // Which lines they are for is not known.
        if let Some(normal) = lanes.get_mut(Priority::Normal.index()) {
            normal.delayed = waiting as usize;
        }
        Ok(Stats {
            lanes,
            dead: dead as usize,
            ..Stats::default()
        })
    }
}

/// As long as nobody waits. Source: a round number that every clock can take.
const FAR: Duration = Duration::from_hours(24 * 365);

fn away() -> Error {
    Error::Disconnected(BrokerError::new("there is no connection to the server"))
}

/// Cuts the connection of a queue that nobody runs any more.
struct Cut<'a>(&'a RabbitMq);

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        self.0.cut();
    }
}

fn refuse<T: Send + 'static>(operation: &'static str) -> Answer<'static, T> {
    Box::pin(async move { Err(unsupported(operation)) })
}

impl Backend for RabbitMq {
    fn open(&self) -> Answer<'_, ()> {
        Box::pin(self.connect())
    }

    fn run(&self) -> Answer<'_, ()> {
        Box::pin(self.serve())
    }

    fn close(&self) {
        self.is_closing.send_replace(true);
    }

    /// That the lines are quorum queues is checked by the server when they are opened, that it confirms when the channel is.
    fn guarantees(&self) -> Answer<'_, Guarantees> {
        let abilities = Abilities::NONE
            .with(Ability::Delay)
            .with(Ability::TimedLeases)
            .with(Ability::Sharing);
        let guarantees = Guarantees {
            durability: Durability::Synced,
            abilities: match self.options.aging {
                Aging::Fair => abilities.with(Ability::FairPriorities),
                Aging::Strict => abilities,
            },
        };
        Box::pin(async move { Ok(guarantees) })
    }

    fn advice(&self, _: &Unmet) -> &'static str {
        "quorum queues have no such thing: choose another broker, or a queue that does not ask for it"
    }

    fn enqueue(&self, batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
        Box::pin(async move {
            let [entry] = <[Entry; 1]>::try_from(batch)
                .map_err(|_| unsupported("take in several messages at once"))?;
            Ok(vec![self.enqueue_one(entry).await?])
        })
    }

    fn lease(&self, count_max: usize, wait: Duration) -> Answer<'_, Vec<Leased>> {
        Box::pin(self.lease_some(count_max, wait))
    }

    fn settle(&self, token: Token, settlement: Settlement) -> Answer<'_, Settled> {
        Box::pin(async move {
            let work = move |link: Arc<Link>| async move { link.settle(token, settlement).await };
            let settled = self.call(work, Error::Unknown).await?;
            if settled == Settled::Returned {
                self.fetch.stir();
            }
            Ok(settled)
        })
    }

    fn abandon(&self, token: Token) {
        self.abandoned.push(token);
    }

    fn peek(&self, _: usize) -> Answer<'_, Vec<Peeked>> {
        refuse("show messages without taking them")
    }

    fn purge(&self) -> Answer<'_, usize> {
        let work = |link: Arc<Link>| async move {
            let mut count = 0;
            for rung in RUNGS {
                count += link.purge(link.names.wait(rung)).await?;
            }
            for priority in Priority::ALL {
                count += link.purge(link.names.lane(priority)).await?;
            }
            Ok(count)
        };
        Box::pin(self.call(work, Error::Unknown))
    }

    fn set_paused(&self, _: bool) -> Answer<'_, ()> {
        refuse("pause a queue")
    }

    fn stats(&self) -> Answer<'_, Stats> {
        Box::pin(self.call(Self::count, Error::Disconnected))
    }

    fn dead_letters(&self, _: Filter, _: Option<Cursor>, _: usize) -> Answer<'_, Vec<DeadLetter>> {
        refuse("show its dead letters")
    }

    fn redrive(&self, selection: Selection) -> Answer<'_, usize> {
        Box::pin(async move {
            let count_max = oldest(&selection)?;
            let work = move |link: Arc<Link>| async move { redrive(&link, count_max).await };
            let redriven = self.call(work, Error::Unknown).await?;
            self.fetch.stir();
            Ok(redriven)
        })
    }

    fn discard(&self, selection: Selection) -> Answer<'_, usize> {
        Box::pin(async move {
            let count_max = oldest(&selection)?;
            let work = move |link: Arc<Link>| async move { discard(&link, count_max).await };
            self.call(work, Error::Unknown).await
        })
    }
}

/// How many of the oldest are meant: a queue can only be taken from at its head.
fn oldest(selection: &Selection) -> Result<usize, Error> {
    match selection {
        Selection::Oldest { filter, count_max } if *filter == Filter::default() => Ok(*count_max),
        _ => Err(unsupported("choose among its dead letters")),
    }
}
