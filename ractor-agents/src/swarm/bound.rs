//! Agents whose messages go through a durable queue.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Spawn, Swarm};
use crate::agent::Agent;
use crate::queue::{self, Binding, Line};

/// The durable queue that an agent is bound to.
pub(super) struct Bound<M> {
    // In a lock that nobody ever waits for, so that a spawn is `Sync`.
    open: Mutex<Box<dyn FnOnce(Swarm) -> Opening<M> + Send>>,
    pub(super) prefetch: usize,
}

impl<M> Bound<M> {
    /// Opens the queue, unless it is open.
    pub(super) async fn open(self, swarm: &Swarm) -> Result<Arc<dyn Line<M>>, queue::Error> {
        self.open.into_inner()(swarm.clone()).await
    }
}

type Opening<M> = BoxFuture<'static, Result<Arc<dyn Line<M>>, queue::Error>>;

impl<A, L, Count, W> Spawn<A, L, Count, W>
where
    A: Agent<Message: Serialize + DeserializeOwned>,
{
    /// Has its messages go through a durable queue: that of this name at the swarm's [broker](super::Builder::broker), a
    /// [`Queue`](queue::Queue), or a [`Binding`] with more ahead. Default: none.
    ///
    /// A `tell` is done when the message is on disk. Messages are leased for the agent, acknowledged when its handler has returned, and retried
    /// and dead-lettered by the rules of the queue: 20 attempts, unless [chosen](Self::attempts) otherwise; after a failure
    /// [`without_retry`](crate::agent::Failure::without_retry) none. An `ask` is refused, and so is `try_tell`, since nobody waits. Where several agents have one queue they share its
    /// messages: spawn as many as are to work at a time.
    ///
    /// [Layers](Self::layer) in front of the mailbox cannot be had together with it; the queue has its own dedup, bounds and times to live. A
    /// [budget](crate::budget) does not travel through a queue.
    pub fn queue(mut self, queue: impl Into<Binding<A::Message>>) -> Self {
        let binding = queue.into();
        self.queue = Some(Bound {
            prefetch: binding.ahead(),
            open: Mutex::new(Box::new(|swarm| {
                async move { binding.open(&swarm).await }.boxed()
            })),
        });
        self
    }
}
