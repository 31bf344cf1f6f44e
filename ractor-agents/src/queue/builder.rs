//! A queue about to be opened.

use std::any::TypeId;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::handle::{Queue, Typed};
use super::open::Terms;
use super::{Aging, Backoff, Broker, Dedup, Error, Name, NameError, Options, Requirements};
use crate::codec::{Codec, CodecError, Frame};
use crate::swarm::Swarm;

/// A queue about to be opened: set options, then await it. Made by [`Swarm::queue`].
///
/// # Cancel safety
/// Dropped once it has been polled, the queue is opened all the same.
#[must_use = "a queue is opened when this is awaited"]
pub struct QueueBuilder<M> {
    swarm: Swarm,
    name: Result<Name, NameError>,
    broker: Option<Arc<dyn Broker>>,
    options: Options,
    requirements: Requirements,
    typed: Typed<M>,
}

impl<M> QueueBuilder<M> {
    pub(crate) fn named(swarm: Swarm, name: Result<Name, NameError>) -> Self {
        Self {
            swarm,
            name,
            broker: None,
            options: Options::default(),
            requirements: Requirements::default(),
            typed: Typed {
                codec: Codec::of::<M>(),
                decode: None,
            },
        }
    }

    /// Where the queue is. Default: the [broker of the swarm](crate::swarm::Builder::broker).
    pub fn on(self, broker: impl Broker) -> Self {
        self.on_shared(Arc::new(broker))
    }

    /// The same for a broker that others have too.
    pub fn on_shared(mut self, broker: Arc<dyn Broker>) -> Self {
        self.broker = Some(broker);
        self
    }

    /// All options at once. Default: [`Options::default`].
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// How many messages it holds, at least 1, and how many bytes of them. Default: 100,000, and 256 MiB.
    pub fn bounds(mut self, count_max: usize, bytes_max: u64) -> Self {
        self.options.count_max = count_max;
        self.options.bytes_max = bytes_max;
        self
    }

    /// How many times a handler may start on a message that does not say otherwise, at least 1. Default: 20.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.options.attempts = attempts;
        self
    }

    /// The pause before another attempt. Default: up to 1 s, doubling up to 300 s.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.options.backoff = backoff;
        self
    }

    /// How long a lease lasts that nobody renews, 10 ms to 12 h. Default: 30 s.
    pub fn lease(mut self, length: Duration) -> Self {
        self.options.lease = length;
        self
    }

    /// Which messages are the same. Default: those of one [key](super::Enqueue::key), for 5 min.
    pub fn dedup(mut self, dedup: Dedup) -> Self {
        self.options.dedup = dedup;
        self
    }

    /// Whether low priorities get a share while higher ones wait. Default: [`Aging::Fair`].
    pub fn aging(mut self, aging: Aging) -> Self {
        self.options.aging = aging;
        self
    }

    /// How long a call waits for the broker, 1 ms or more, besides what it waits for room or messages. Default: 30 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.options.patience = patience;
        self
    }

    /// What the broker has to give; where it gives less, now or later, the queue refuses to work. Default: that what is acknowledged is on
    /// disk.
    pub fn require(mut self, requirements: Requirements) -> Self {
        self.requirements = requirements;
        self
    }

    /// How messages are encoded. Default: [`Codec::of`] their type.
    pub fn codec(mut self, codec: Codec) -> Self {
        self.typed.codec = codec;
        self
    }

    /// How messages are decoded, where those of former versions of their type may be in the queue. Default: as [`codec`](Self::codec) says.
    pub fn decode_with(
        mut self,
        decode: impl Fn(&Frame<'_>) -> Result<M, CodecError> + Send + Sync + 'static,
    ) -> Self {
        self.typed.decode = Some(Box::new(decode));
        self
    }
}

impl<M: Serialize + DeserializeOwned + Send + Sync + 'static> QueueBuilder<M> {
    async fn run(self) -> Result<Queue<M>, Error> {
        let name = self.name?;
        self.options.validate()?;
        let swarm = self.swarm.inner();
        let queues = swarm.queues();
        let broker = self.broker.or_else(|| queues.broker());
        let broker = broker.ok_or(Error::NoBroker)?;
        let terms = Terms {
            options: self.options,
            requirements: self.requirements,
            codec: self.typed.codec,
            messages: TypeId::of::<M>(),
        };
        let open = queues.open(swarm, &*broker, &name, terms).await?;
        Ok(Queue::new(open, self.typed))
    }
}

impl<M: Serialize + DeserializeOwned + Send + Sync + 'static> IntoFuture for QueueBuilder<M> {
    type Output = Result<Queue<M>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M> fmt::Debug for QueueBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueueBuilder")
            .field("name", &self.name)
            .field("broker", &self.broker)
            .field("options", &self.options)
            .field("requirements", &self.requirements)
            .finish_non_exhaustive()
    }
}
