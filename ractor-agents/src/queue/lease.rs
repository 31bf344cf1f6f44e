//! Taking messages out of a queue, on lease.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::broker::{Leased, Settlement};
use super::{Delivery, Error, Queue};

/// One message is leased: awaiting it gives an `Option` of a [`Delivery`].
#[derive(Debug)]
pub struct One(());

/// Many messages are leased: awaiting it gives a `Vec` of [`Delivery`]s.
#[derive(Debug)]
pub struct Many(());

/// A lease about to be taken. Made by [`Queue::lease`] and [`Queue::lease_many`].
///
/// # Cancel safety
/// As told at [`Queue::lease`].
#[must_use = "messages are leased when this is awaited"]
pub struct Lease<'a, M, Count> {
    queue: &'a Queue<M>,
    count_max: usize,
    wait: Duration,
    count: PhantomData<fn() -> Count>,
}

/// How long a lease is waited for by default. Source: the patience of an `ask`.
const WAIT: Duration = Duration::from_secs(30);

impl<'a, M> Lease<'a, M, One> {
    pub(super) fn one(queue: &'a Queue<M>) -> Self {
        Self::new(queue, 1)
    }
}

impl<'a, M> Lease<'a, M, Many> {
    pub(super) fn many(queue: &'a Queue<M>, count_max: usize) -> Self {
        Self::new(queue, count_max)
    }
}

impl<'a, M, Count> Lease<'a, M, Count> {
    fn new(queue: &'a Queue<M>, count_max: usize) -> Self {
        Self {
            queue,
            count_max,
            wait: WAIT,
            count: PhantomData,
        }
    }

    /// How long the first message is waited for. Default: 30 s; zero is not at all.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

impl<M: DeserializeOwned + Send + Sync + 'static, Count> Lease<'_, M, Count> {
    async fn run(self) -> Result<Vec<Delivery<M>>, Error> {
        let open = self.queue.open();
        let until = Instant::now().checked_add(self.wait);
        let mut wait = self.wait;
        loop {
            let answer = open.backend.lease(self.count_max, wait);
            let leased = open.ask(answer, wait, Error::Disconnected).await?;
            let came = !leased.is_empty();
            let delivered = self.deliver(leased).await?;
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if !came || !delivered.is_empty() {
                return Ok(delivered);
            }
            wait = left.unwrap_or(self.wait);
        }
    }

    /// Those of them that can be read. The others are dead letters.
    async fn deliver(&self, leased: Vec<Leased>) -> Result<Vec<Delivery<M>>, Error> {
        let mut delivered = Vec::with_capacity(leased.len());
        let mut unreadable = Vec::new();
        for leased in leased {
            match self.queue.open_payload(&leased.payload) {
                Ok(opened) => delivered.push(self.queue.deliver(opened, leased)),
                Err(error) => unreadable.push((leased.token, error)),
            }
        }
        let open = self.queue.open();
        for (token, error) in unreadable {
            tracing::error!(queue = %open.name, message = %token.id, %error, "cannot be decoded: a dead letter");
            let why = error.to_string().into();
            let settlement = Settlement::DeadLetter { why };
            let answer = open.backend.settle(token, settlement);
            match open.ask(answer, Duration::ZERO, Error::Unknown).await {
                // Somebody else has it by now, with whom the same will come of it.
                Ok(_) | Err(Error::Stale(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(delivered)
    }
}

impl<'a, M: DeserializeOwned + Send + Sync + 'static> IntoFuture for Lease<'a, M, One> {
    type Output = Result<Option<Delivery<M>>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.run().await?.pop()) })
    }
}

impl<'a, M: DeserializeOwned + Send + Sync + 'static> IntoFuture for Lease<'a, M, Many> {
    type Output = Result<Vec<Delivery<M>>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M, Count> fmt::Debug for Lease<'_, M, Count> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("queue", self.queue)
            .field("count_max", &self.count_max)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}
