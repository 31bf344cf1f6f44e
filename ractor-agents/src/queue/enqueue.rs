//! A message on its way into a queue.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::time::Instant;

use super::broker::Entry;
use super::open::Open;
use super::{Error, Fingerprint, MessageId, Payload, Receipt};
use crate::codec::{Codec, CodecError};
use crate::message::{Headers, Priority, TooManyHeaders};

/// A message about to be enqueued: set options, then await it, or hand it to [`Queue::enqueue_batch`](super::Queue::enqueue_batch). Made by
/// [`Queue::enqueue`](super::Queue::enqueue).
///
/// # Cancel safety
/// As told at [`Queue::enqueue`](super::Queue::enqueue).
#[must_use = "a message is enqueued when this is awaited"]
pub struct Enqueue<'a> {
    open: &'a Open,
    message: Result<Vec<u8>, CodecError>,
    headers: Headers,
    entry: Draft,
    wait: Duration,
}

/// An entry without its payload.
struct Draft {
    id: MessageId,
    priority: Priority,
    group: Option<Box<str>>,
    delay: Duration,
    ttl: Option<Duration>,
    attempts_max: u32,
    key: Option<Fingerprint>,
}

/// How long a message waits for room, and for a broker that is away, by default. Source: the patience of an `ask`.
const WAIT: Duration = Duration::from_secs(30);

/// How often it is tried again in the meantime, where nobody says that there is room. Source: guesses.
const RETRY_MIN: Duration = Duration::from_millis(5);
const RETRY_MAX: Duration = Duration::from_millis(250);

/// How long the key of a group may be, in bytes. Source: a guess; it is kept in memory with each message.
const GROUP_MAX: usize = 256;

impl<'a> Enqueue<'a> {
    pub(super) fn new<M: Serialize>(open: &'a Open, codec: Codec, message: &M) -> Self {
        Self {
            open,
            message: codec.encode(message),
            headers: Headers::default(),
            entry: Draft {
                id: MessageId::random(),
                priority: Priority::Normal,
                group: None,
                delay: Duration::ZERO,
                ttl: None,
                attempts_max: open.terms.options.attempts,
                key: None,
            },
            wait: WAIT,
        }
    }

    /// Which line it is for. Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        self.entry.priority = priority;
        self
    }

    /// What makes two messages the same: within the window the second is not enqueued. Default: none; then two are the same if the
    /// [queue](super::Dedup::by_content) goes by content.
    pub fn key(mut self, key: &str) -> Self {
        self.entry.key = Some(Fingerprint::of_key(key));
        self
    }

    /// Messages of one priority and group are handled one at a time, in the order in which they came: a conversation, an account. Up to 256
    /// bytes. Default: none.
    pub fn group(mut self, group: &str) -> Self {
        self.entry.group = Some(group.into());
        self
    }

    /// Not before so long from now. Default: at once.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.entry.delay = delay;
        self
    }

    /// Not before then.
    pub fn at(self, time: SystemTime) -> Self {
        let delay = time.duration_since(SystemTime::now()).unwrap_or_default();
        self.delay(delay)
    }

    /// Makes it worthless so long from now, if no handler has begun by then: it is a dead letter. Default: never.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.entry.ttl = Some(ttl);
        self
    }

    /// Makes it worthless from then on.
    pub fn deadline(self, time: SystemTime) -> Self {
        let ttl = time.duration_since(SystemTime::now()).unwrap_or_default();
        self.ttl(ttl)
    }

    /// How many times a handler may start on it; at least 1. Default: the queue's, which is 20.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.entry.attempts_max = attempts.max(1);
        self
    }

    /// Its name, where it is sent again after an error that leaves open whether it is in the queue: as long as it is, it is one. Default: a
    /// new one.
    pub fn id(mut self, id: MessageId) -> Self {
        self.entry.id = id;
        self
    }

    /// Sends `value` along as header `name`.
    ///
    /// # Errors
    /// [`TooManyHeaders`] if it does not fit.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, TooManyHeaders> {
        self.headers.set(name, value)?;
        Ok(self)
    }

    /// How long it waits for room, and for a broker that is away. Default: 30 s; zero is not at all.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// What it will be called.
    pub fn message_id(&self) -> MessageId {
        self.entry.id
    }

    pub(super) fn with_headers(mut self, headers: Headers) -> Self {
        self.headers = headers;
        self
    }

    /// As it is sent, without a hold on its queue.
    pub(super) fn into_parcel(self) -> Parcel {
        Parcel {
            wait: self.wait,
            entry: self.into_entry(),
        }
    }

    fn into_entry(self) -> Result<Entry, Error> {
        let Draft {
            id,
            priority,
            group,
            delay,
            ttl,
            attempts_max,
            key,
        } = self.entry;
        if group.as_ref().is_some_and(|group| group.len() > GROUP_MAX) {
            return Err(Error::OutOfRange {
                option: "group",
                range: "256 bytes or less",
            });
        }
        let message = self.message?;
        let by_content = self.open.terms.options.dedup.by_content;
        let print = key.or_else(|| by_content.then(|| Fingerprint::of_content(&message)));
        Ok(Entry {
            id,
            priority,
            group,
            delay,
            ttl,
            attempts_max,
            print,
            payload: Payload::of(&self.headers, &message)?,
        })
    }
}

/// A message that is to be sent.
pub(super) struct Parcel {
    entry: Result<Entry, Error>,
    wait: Duration,
}

impl Parcel {
    pub(super) async fn send(self, open: &Open) -> Result<Receipt, Error> {
        let mut receipts = enqueue(open, vec![self.entry?], self.wait).await?;
        let lost = super::BrokerError::new("it sent no receipt");
        receipts.pop().ok_or(Error::Unknown(lost))
    }
}

/// Sends all of them or none.
pub(super) async fn send_all(open: &Open, batch: Vec<Parcel>) -> Result<Vec<Receipt>, Error> {
    if batch.is_empty() {
        return Ok(Vec::new());
    }
    let wait = batch.iter().map(|each| each.wait).max().unwrap_or_default();
    let batch: Result<Vec<Entry>, Error> = batch.into_iter().map(|each| each.entry).collect();
    enqueue(open, batch?, wait).await
}

/// Enqueues all of them or none, waiting for room and for the broker.
async fn enqueue(open: &Open, batch: Vec<Entry>, wait: Duration) -> Result<Vec<Receipt>, Error> {
    if wait.is_zero() {
        return open
            .ask(open.backend.enqueue(batch), Duration::ZERO, Error::Unknown)
            .await;
    }
    let until = Instant::now().checked_add(wait);
    let mut pause = RETRY_MIN;
    loop {
        let room = open.room.notified();
        let answer = open.backend.enqueue(batch.clone());
        let enqueued = open.ask(answer, Duration::ZERO, Error::Unknown).await;
        let may_wait = matches!(&enqueued, Err(error) if error.is_over_soon());
        if !may_wait || until.is_some_and(|until| Instant::now() >= until) {
            return enqueued;
        }
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        open.pause(pause.min(left.unwrap_or(pause)), room).await?;
        pause = (pause * 2).min(RETRY_MAX);
    }
}

impl<'a> IntoFuture for Enqueue<'a> {
    type Output = Result<Receipt, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let open = self.open;
        Box::pin(self.into_parcel().send(open))
    }
}

impl fmt::Debug for Enqueue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enqueue")
            .field("queue", &self.open.name.to_string())
            .field("id", &self.entry.id)
            .finish_non_exhaustive()
    }
}
