//! A queue as its users see it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::broker::Leased;
use super::lease::{Lease, Many, One};
use super::open::Open;
use super::{
    Claim, Cursor, DeadLetter, Delivery, Enqueue, Error, Filter, Guarantees, Name, Options,
    Payload, Peeked, Receipt, Selection, Stats,
};
use crate::codec::{Codec, CodecError, Frame};
use crate::message::Headers;
use crate::queue::enqueue::send_all;

/// A durable queue of messages of type `M`. Made by [`Swarm::queue`](crate::swarm::Swarm::queue). Cheap to clone.
///
/// Delivery is at least once: no message whose enqueueing was answered is lost, and one may be delivered again after a crash, a lost lease
/// or a lost connection. Within the dedup window the same message is enqueued once.
///
/// It is open until it is [closed](Self::close) or its swarm ends, also when nobody has a handle.
///
/// # Cancel safety
/// A call that is dropped may be done or not, unless it says more.
pub struct Queue<M> {
    open: Arc<Open>,
    typed: Arc<Typed<M>>,
}

/// How messages become bytes, and bytes messages.
pub(super) struct Typed<M> {
    pub(super) codec: Codec,
    pub(super) decode: Option<Box<Decode<M>>>,
}

type Decode<M> = dyn Fn(&Frame<'_>) -> Result<M, CodecError> + Send + Sync;

/// How many messages or dead letters are shown at a time, at most. Source: a guess; a gigabyte if all are as long as they may be.
const SHOWN_MAX: usize = 1_000;

impl<M> Queue<M> {
    pub(super) fn new(open: Arc<Open>, typed: Typed<M>) -> Self {
        let typed = Arc::new(typed);
        Self { open, typed }
    }

    pub(super) fn open(&self) -> &Arc<Open> {
        &self.open
    }

    /// What it is called.
    pub fn name(&self) -> &Name {
        &self.open.name
    }

    /// Which kind of broker it is at.
    pub fn broker(&self) -> &'static str {
        self.open.broker
    }

    /// What was chosen for it.
    pub fn options(&self) -> &Options {
        &self.open.terms.options
    }

    /// What the broker gives, as its settings are now.
    ///
    /// # Errors
    /// [`Error::Disconnected`] when it cannot be asked.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn guarantees(&self) -> Result<Guarantees, Error> {
        self.look(self.open.backend.guarantees()).await
    }

    /// The queue in numbers.
    ///
    /// # Errors
    /// [`Error::Disconnected`] when the broker cannot be asked.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn stats(&self) -> Result<Stats, Error> {
        self.look(self.open.backend.stats()).await
    }

    /// The first messages of the queue without taking them, 1,000 at most: those available strictly by priority and then in line, those behind them in
    /// their groups, the delayed, and those on lease.
    ///
    /// # Errors
    /// [`Error::Disconnected`] when the broker cannot be asked, [`Error::Unsupported`] where it has no such thing.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn peek(&self, count_max: usize) -> Result<Vec<Peeked>, Error> {
        self.look(self.open.backend.peek(count_max.min(SHOWN_MAX)))
            .await
    }

    /// Removes every message in line or delayed, for good; those on lease and the dead letters stay. How many there were.
    ///
    /// # Errors
    /// [`Error::Unknown`] when the broker did not answer.
    ///
    /// # Cancel safety
    /// Dropped, it may be done or not.
    pub async fn purge(&self) -> Result<usize, Error> {
        let purged = self.act(self.open.backend.purge()).await;
        self.open.room.notify_waiters();
        purged
    }

    /// Gives no leases until it is [resumed](Self::resume), over restarts too. Those given stay good, and messages are taken in.
    ///
    /// # Errors
    /// [`Error::Unknown`] when the broker did not answer, [`Error::Unsupported`] where it has no such thing.
    ///
    /// # Cancel safety
    /// Dropped, it may be done or not.
    pub async fn pause(&self) -> Result<(), Error> {
        self.act(self.open.backend.set_paused(true)).await
    }

    /// Gives leases again.
    ///
    /// # Errors
    /// As for [`pause`](Self::pause).
    ///
    /// # Cancel safety
    /// Dropped, it may be done or not.
    pub async fn resume(&self) -> Result<(), Error> {
        self.act(self.open.backend.set_paused(false)).await
    }

    /// Dead letters in the order of their deaths, from behind `after`: a page of `count_max`, 1,000 at most. The next page begins behind the
    /// [cursor](DeadLetter::cursor) of the last.
    ///
    /// # Errors
    /// [`Error::Disconnected`] when the broker cannot be asked.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn dead_letters(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Result<Vec<DeadLetter>, Error> {
        let backend = &self.open.backend;
        self.look(backend.dead_letters(filter, after, count_max.min(SHOWN_MAX)))
            .await
    }

    /// Puts dead letters back at the end of the line: all of the selection, or none. Names and histories are kept, attempts are counted anew, there is no time to
    /// live any more, and duplicates are not looked for. How many there were.
    ///
    /// # Errors
    /// [`Error::Full`] when they do not fit, [`Error::Unknown`] when the broker did not answer.
    ///
    /// # Cancel safety
    /// Dropped, it may be done or not.
    pub async fn redrive(&self, selection: Selection) -> Result<usize, Error> {
        self.act(self.open.backend.redrive(selection)).await
    }

    /// Drops dead letters for good. How many there were.
    ///
    /// # Errors
    /// [`Error::Unknown`] when the broker did not answer.
    ///
    /// # Cancel safety
    /// Dropped, it may be done or not.
    pub async fn discard(&self, selection: Selection) -> Result<usize, Error> {
        self.act(self.open.backend.discard(selection)).await
    }

    /// Closes the queue for the whole swarm: what was asked for before is done, later calls fail with [`Error::Closed`]. Leases that are held
    /// run out, or end with the process.
    ///
    /// # Cancel safety
    /// Dropped once it has been polled, the queue is closed all the same.
    pub async fn close(&self) {
        self.open.backend.close();
        self.open.closed().await;
    }

    async fn look<T>(&self, answer: super::broker::Answer<'_, T>) -> Result<T, Error> {
        let looked = self.open.ask(answer, Duration::ZERO, Error::Disconnected);
        match looked.await {
            // Nothing was to be done.
            Err(Error::Unknown(error)) => Err(Error::Disconnected(error)),
            looked => looked,
        }
    }

    async fn act<T>(&self, answer: super::broker::Answer<'_, T>) -> Result<T, Error> {
        self.open.ask(answer, Duration::ZERO, Error::Unknown).await
    }
}

impl<M: Serialize> Queue<M> {
    /// Puts a message in line. It is encoded at once, and sent when the returned [`Enqueue`] is awaited; before that, options can be set. When that answers, the
    /// message is on disk.
    ///
    /// # Errors
    /// [`Error::Full`] when there is no room for as long as it [waits](Enqueue::wait), [`Error::Disconnected`] when the broker is away for as long, [`Error::Unknown`] when
    /// it is not known whether it was done, [`Error::Encode`] or [`Error::TooLong`] when it cannot be.
    ///
    /// # Cancel safety
    /// Dropped once it has been polled, the message may be in the queue or not.
    pub fn enqueue(&self, message: &M) -> Enqueue<'_> {
        Enqueue::new(&self.open, self.typed.codec, message)
    }

    /// Puts all of them in line that are new, or none: one write to disk for all. Made of [`enqueue`](Self::enqueue)s that are not awaited; of
    /// their times to wait, the longest counts. Receipts are in the order of the batch.
    ///
    /// # Errors
    /// As for [`enqueue`](Self::enqueue); [`Error::Unsupported`] where the broker cannot take in several at once.
    ///
    /// # Cancel safety
    /// Dropped once it has been polled, all of them are in the queue, or none is.
    pub async fn enqueue_batch<'a>(
        &'a self,
        batch: impl IntoIterator<Item = Enqueue<'a>>,
    ) -> Result<Vec<Receipt>, Error> {
        let batch = batch.into_iter().map(Enqueue::into_parcel).collect();
        send_all(&self.open, batch).await
    }
}

impl<M: DeserializeOwned + Send + Sync + 'static> Queue<M> {
    /// Leases the next message, waiting for one up to 30 s unless told [otherwise](Lease::wait). None came if it gives `None`.
    ///
    /// The lease is renewed for as long as the [`Delivery`] is there. A message that cannot be decoded is a dead letter, and the next is looked for.
    ///
    /// # Errors
    /// [`Error::Disconnected`] when the broker is away, [`Error::Closed`] when the queue is closed.
    ///
    /// # Cancel safety
    /// Cancel safe: a lease that was given and not returned is given back, or runs out.
    pub fn lease(&self) -> Lease<'_, M, One> {
        Lease::one(self)
    }

    /// Leases up to `count_max` messages, as many as there are when the first comes; none, if none came.
    ///
    /// # Errors
    /// As for [`lease`](Self::lease).
    ///
    /// # Cancel safety
    /// As for [`lease`](Self::lease).
    pub fn lease_many(&self, count_max: usize) -> Lease<'_, M, Many> {
        Lease::many(self, count_max)
    }

    /// What is in a message, for instance of [`peek`](Self::peek).
    ///
    /// # Errors
    /// [`CodecError`] if it is none of an `M`.
    pub fn decode(&self, payload: &Payload) -> Result<M, CodecError> {
        match &self.typed.decode {
            None => payload.decode(&self.typed.codec),
            Some(decode) => decode(&payload.frame()?),
        }
    }

    /// A message that was leased, with what was sent along.
    pub(super) fn open_payload(&self, payload: &Payload) -> Result<(M, Headers), CodecError> {
        Ok((self.decode(payload)?, payload.headers()?))
    }

    pub(super) fn deliver(&self, (message, headers): (M, Headers), leased: Leased) -> Delivery<M> {
        Delivery::new(message, Claim::new(leased, headers, Arc::clone(&self.open)))
    }
}

impl<M> Clone for Queue<M> {
    fn clone(&self) -> Self {
        Self {
            open: Arc::clone(&self.open),
            typed: Arc::clone(&self.typed),
        }
    }
}

impl<M> fmt::Debug for Queue<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("name", &self.name().to_string())
            .field("broker", &self.broker())
            .finish_non_exhaustive()
    }
}
