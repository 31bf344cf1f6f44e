//! A queue as the way to an agent.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Delivery, Error, Name, NameError, Queue, Receipt};
use crate::message::{Headers, Priority};
use crate::swarm::Swarm;

/// What an agent's messages go through, however they are encoded.
pub(crate) trait Line<M>: Send + Sync {
    fn name(&self) -> &Name;

    /// Puts a message in line; it is encoded at once.
    fn enqueue(&self, message: &M, terms: Terms<'_>) -> Enqueued;

    /// Waits for up to `count_max` messages for as long as it takes, or a little less.
    fn lease(&self, count_max: usize) -> Leasing<M>;
}

/// A message on its way into a queue.
// In a lock that nobody ever waits for, so that it is `Sync` as the futures are that it is part of.
pub(crate) struct Enqueued(Mutex<BoxFuture<'static, Result<Receipt, Error>>>);

impl Enqueued {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Receipt, Error>> {
        self.0.get_mut().as_mut().poll(cx)
    }
}

/// Messages on their way out of it.
pub(crate) type Leasing<M> = BoxFuture<'static, Result<Vec<Delivery<M>>, Error>>;

/// What a sender has chosen for a message.
pub(crate) struct Terms<'a> {
    pub(crate) priority: Priority,
    pub(crate) ttl: Option<Duration>,
    pub(crate) attempts: Option<u16>,
    pub(crate) key: Option<&'a str>,
    pub(crate) headers: Headers,
}

impl<M: Serialize + DeserializeOwned + Send + Sync + 'static> Line<M> for Queue<M> {
    fn name(&self) -> &Name {
        self.name()
    }

    fn enqueue(&self, message: &M, terms: Terms<'_>) -> Enqueued {
        let mut enqueue = self.enqueue(message).priority(terms.priority);
        if let Some(ttl) = terms.ttl {
            enqueue = enqueue.ttl(ttl);
        }
        if let Some(attempts) = terms.attempts {
            enqueue = enqueue.attempts(attempts.into());
        }
        if let Some(key) = terms.key {
            enqueue = enqueue.key(key);
        }
        let (open, parcel) = (
            Arc::clone(self.open()),
            enqueue.with_headers(terms.headers).into_parcel(),
        );
        Enqueued(Mutex::new(async move { parcel.send(&open).await }.boxed()))
    }

    fn lease(&self, count_max: usize) -> Leasing<M> {
        let queue = self.clone();
        async move { queue.lease_many(count_max).await }.boxed()
    }
}

/// Which queue an agent's messages go through, and how many are taken ahead. Made of a name, for a queue at the swarm's broker with default
/// options; or of a [`Queue`].
#[derive(Debug)]
pub struct Binding<M> {
    source: Source<M>,
    prefetch: usize,
}

#[derive(Debug)]
enum Source<M> {
    Named(Result<Name, NameError>),
    Open(Queue<M>),
}

impl<M> Binding<M> {
    /// How many messages are on lease for the agent by default, the one in hand included. Source: a guess: one to work on, and one that has been
    /// fetched meanwhile.
    pub const PREFETCH_DEFAULT: usize = 2;

    /// How many messages are on lease for the agent at a time, in hand and in line, 1 to 1,024: more hide the way to the broker, fewer leave more
    /// to others. Default: 2.
    pub fn prefetch(mut self, count: usize) -> Self {
        self.prefetch = count;
        self
    }

    pub(crate) fn ahead(&self) -> usize {
        self.prefetch
    }

    fn of(source: Source<M>) -> Self {
        Self {
            source,
            prefetch: Self::PREFETCH_DEFAULT,
        }
    }
}

impl<M: Serialize + DeserializeOwned + Send + Sync + 'static> Binding<M> {
    /// Opens the queue, unless it is open.
    pub(crate) async fn open(self, swarm: &Swarm) -> Result<Arc<dyn Line<M>>, Error> {
        Ok(Arc::new(match self.source {
            Source::Open(queue) => queue,
            Source::Named(name) => super::QueueBuilder::named(swarm.clone(), name).await?,
        }))
    }
}

impl<M> From<&str> for Binding<M> {
    fn from(name: &str) -> Self {
        Self::of(Source::Named(name.parse()))
    }
}

impl<M> From<Queue<M>> for Binding<M> {
    fn from(queue: Queue<M>) -> Self {
        Self::of(Source::Open(queue))
    }
}

impl<M> From<&Queue<M>> for Binding<M> {
    fn from(queue: &Queue<M>) -> Self {
        queue.clone().into()
    }
}
