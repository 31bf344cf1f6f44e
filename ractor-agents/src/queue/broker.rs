//! What a broker has to be able to do.
//!
//! A broker is a folder of this module: something that makes a [`Backend`] for a queue, and the backend. Whatever it can, it does as these traits say, and the
//! suite in `conformance` checks that; whatever it cannot is [`Unsupported`](Error::Unsupported), and not among its
//! [`Guarantees`].

use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use super::{
    Cursor, DeadLetter, Error, Filter, Fingerprint, Guarantees, MessageId, Name, Options, Payload,
    Peeked, Selection, Stats, Token,
};
use crate::message::Priority;

/// What a broker answers, when it does.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Where queues are kept.
pub trait Broker: fmt::Debug + Send + Sync + 'static {
    /// Which kind it is, for messages to people: `embedded`, `redis`.
    fn name(&self) -> &'static str;

    /// What tells it from others of its kind, such as a folder or an address without its password: a queue is opened once per swarm,
    /// address and name.
    fn address(&self) -> String;

    /// The queue of that name, which is not open yet. Blocks on nothing.
    ///
    /// # Errors
    /// Where the options are none for this broker.
    fn queue(&self, name: &Name, options: &Options) -> Result<Box<dyn Backend>, Error>;

    /// The same for operators, who look at what is there and put it in order: a queue that is not there is not made, and opening it gives
    /// [`NoSuchQueue`](Error::NoSuchQueue). By default, one that is opened with default options and made if it is missing.
    ///
    /// # Errors
    /// As for [`queue`](Self::queue).
    fn operate(&self, name: &Name) -> Result<Box<dyn Backend>, Error> {
        self.queue(name, &Options::default())
    }

    /// Which queues there are, sorted. By default, it is not known.
    fn queues(&self) -> Answer<'_, Vec<Name>> {
        let broker = self.name();
        let operation = "tell which queues there are";
        Box::pin(async move { Err(Error::Unsupported { broker, operation }) })
    }
}

/// One queue at a broker: bytes that come in, wait, are leased, and go.
///
/// Its calls come from many tasks at once, each of which may be dropped at any time: then what was asked for is done or not. A call
/// made while the broker is away may wait until it is back, or fail with [`Disconnected`](Error::Disconnected); whoever calls limits the time.
pub trait Backend: Send + Sync + 'static {
    /// Opens it, or finds that it is open. Called by the queue's actor: at first, and whenever that was restarted.
    fn open(&self) -> Answer<'_, ()>;

    /// What has to go on while it is open. Ends when the queue is [closed](Self::close), or with the error by which the broker was lost:
    /// then it is opened anew. Dropped and called again after an `open`, it goes on.
    fn run(&self) -> Answer<'_, ()>;

    /// Takes nothing new, and lets [`run`](Self::run) come to its end.
    fn close(&self);

    /// What the broker gives, as its settings are now.
    fn guarantees(&self) -> Answer<'_, Guarantees>;

    /// What to change at the broker so that a queue can have what is missing.
    fn advice(&self, unmet: &super::Unmet) -> &'static str;

    /// Takes in all messages of a batch that are new, or none: the answer comes when they are as safe as [`guarantees`](Self::guarantees)
    /// say. Receipts are in the order of the batch.
    fn enqueue(&self, batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>>;

    /// Leases up to `count_max` messages, waiting for the first of them up to `wait`. Empty if none came.
    ///
    /// Dropped before it has answered, nothing is lost: leases that were given are given back, or run out.
    fn lease(&self, count_max: usize, wait: Duration) -> Answer<'_, Vec<Leased>>;

    /// What whoever has a message on lease says of it.
    fn settle(&self, token: Token, settlement: Settlement) -> Answer<'_, Settled>;

    /// A lease is not needed any more, and nobody waits for the outcome: gives the message back if no handler has started on it, soon. By
    /// default, the lease runs out.
    fn abandon(&self, token: Token) {
        let _ = token;
    }

    /// The first messages of the queue, without taking them.
    fn peek(&self, count_max: usize) -> Answer<'_, Vec<Peeked>>;

    /// Removes every message in line or delayed. How many there were.
    fn purge(&self) -> Answer<'_, usize>;

    /// Gives no leases until it is resumed, over openings too. Those given stay good.
    fn set_paused(&self, is_paused: bool) -> Answer<'_, ()>;

    /// The queue in numbers.
    fn stats(&self) -> Answer<'_, Stats>;

    /// Up to `count_max` dead letters in the order of their deaths, from behind `after`.
    fn dead_letters(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Answer<'_, Vec<DeadLetter>>;

    /// Puts dead letters back at the end of the line, attempts counted anew. How many there were.
    fn redrive(&self, selection: Selection) -> Answer<'_, usize>;

    /// Drops dead letters for good. How many there were.
    fn discard(&self, selection: Selection) -> Answer<'_, usize>;
}

/// A message on its way into a queue.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name: new, unless it is sent again.
    pub id: MessageId,
    /// Which line it is for.
    pub priority: Priority,
    /// Messages of one priority and group are handled one at a time, in order.
    pub group: Option<Box<str>>,
    /// Not before so long from now.
    pub delay: Duration,
    /// Not from then on: so long from now. At that time it is a dead letter, unless a handler is at it.
    pub ttl: Option<Duration>,
    /// How many times a handler may start on it, at least 1.
    pub attempts_max: u32,
    /// What it has in common with its duplicates.
    pub print: Option<Fingerprint>,
    /// What is in it.
    pub payload: Payload,
}

/// That a message is in its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// Its name, or that of the message that it is the same as.
    pub id: MessageId,
    /// Whether it is the same as one that was enqueued before, and was not enqueued.
    pub is_duplicate: bool,
}

/// A message on lease.
#[derive(Clone, Debug)]
pub struct Leased {
    /// What the lease is shown by.
    pub token: Token,
    /// Handlers that have started on it before.
    pub attempts: u32,
    /// Handlers that may.
    pub attempts_max: u32,
    /// Which line it was in.
    pub priority: Priority,
    /// Its group.
    pub group: Option<Box<str>>,
    /// When it came.
    pub enqueued_at: SystemTime,
    /// When its time to live ends.
    pub expires_at: Option<SystemTime>,
    /// What is in it.
    pub payload: Payload,
}

/// What is said of a message on lease. All of it is refused with [`Stale`](Error::Stale) if the lease is not good any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// A handler begins: the attempt counts from here. Said again, it changes nothing.
    Start,
    /// A handler is at it still: the lease lasts for its whole length from now on.
    Extend,
    /// It is done with.
    Ack,
    /// The attempt failed. Another is due after `delay`, or after a backoff; if none is left, or the time to live is over, it is a dead
    /// letter. Counts as an attempt, started or not.
    Nack {
        /// Not before so long from now.
        delay: Option<Duration>,
        /// What went wrong, for the history: up to 256 bytes are kept.
        error: Box<str>,
    },
    /// It is given back, as if it had not been leased. [`Started`](Error::Started) if a handler has.
    Release,
    /// No attempt can succeed: it is a dead letter.
    DeadLetter {
        /// Why, for the history: up to 256 bytes are kept.
        why: Box<str>,
    },
}

/// What became of a message on lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settled {
    /// A handler is at it: which attempt it is, from 1.
    Started(u32),
    /// It is on lease still.
    Extended,
    /// It is gone.
    Done,
    /// It is back in the queue, for now or for later.
    Returned,
    /// It is a dead letter.
    Dead,
}
