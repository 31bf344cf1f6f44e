//! A message about to be published.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Sleep;

use super::hub::{Hub, Listener};
use super::subscriber::Manner;
use super::{NameError, PublishError, Subject};
use crate::budget::Purse;
use crate::message::{Clock, Priority};
use crate::routing::offering::exhausted;
use crate::swarm::Inner;

/// What became of the copies of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// How many agents took theirs.
    pub delivered: usize,
    /// How many did not: the lane was full, a layer refused it, or they are paused, stopping or have just ended.
    pub skipped: usize,
}

impl Published {
    pub(super) fn count(&mut self, is_taken: bool) {
        if is_taken {
            self.delivered += 1;
        } else {
            self.skipped += 1;
        }
    }
}

/// What is done about subscribers whose lane is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// They miss the message, and are counted.
    #[default]
    Skip,
    /// They are waited for, all at the same time and so long over all; the others have theirs meanwhile. [`Duration::MAX`] is no
    /// limit. Lanes that drop or reject do so.
    Wait(Duration),
}

/// A message about to be published: set options, then await it. Made by [`Topics::publish`](super::Topics::publish).
///
/// # Cancel safety
/// Dropped before it is polled, nobody has got the message. Dropped while it waits for room, those who are waited for do not get it;
/// the others have theirs.
#[must_use = "a message is published when this is awaited"]
pub struct Publish<'a, M> {
    hub: &'a Hub<M>,
    subject: Result<Subject, NameError>,
    message: M,
    manner: Manner,
    when_full: WhenFull,
}

impl<'a, M: Clone + Send + Sync + 'static> Publish<'a, M> {
    pub(super) fn new(hub: &'a Hub<M>, subject: Result<Subject, NameError>, message: M) -> Self {
        Self {
            hub,
            subject,
            message,
            manner: Manner {
                budget: Purse::inherited(),
                ..Manner::default()
            },
            when_full: hub.when_full,
        }
    }

    /// The lane in which it travels. Default: each subscriber's own.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.manner.priority = Some(priority);
        self
    }

    /// Makes it worthless `ttl` from now on, for each subscriber whose handler has not begun by then. Default: each subscriber's own.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.manner.ttl = Some(ttl);
        self
    }

    /// How much the copies may take, all of them together with all that is sent on their behalf: a [`Budget`](crate::budget::Budget) of
    /// their own, or a [`Purse`] that they share. Never more than what is left to the message that is being handled. Default: that, if
    /// it has a budget, or no limit.
    pub fn budget(mut self, budget: impl Into<Purse>) -> Self {
        self.manner.budget = Some(budget.into().limited());
        self
    }

    /// What is done about subscribers whose lane is full. Default: what the topics were made with.
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    /// Publishes it now and waits for nobody, whatever the policy.
    ///
    /// # Errors
    /// As for [`Topics::publish`](super::Topics::publish).
    pub fn now(self) -> Result<Published, PublishError<M>> {
        let manner = self.manner.clone();
        let (hub, subject, message) = self.ready()?;
        let (published, _) = hub.offer(&subject, message, &manner, None);
        Ok(published)
    }

    fn ready(self) -> Result<(&'a Hub<M>, Subject, M), PublishError<M>> {
        let exhausted = exhausted(self.manner.budget.as_ref(), Clock::Tokio);
        match (self.subject, exhausted) {
            (Ok(_), _) if self.hub.swarm.strong_count() == 0 => {
                Err(PublishError::Ended(Box::new(self.message)))
            }
            (Ok(_), Some(exhausted)) => Err(PublishError::BudgetExhausted {
                exhausted,
                message: Box::new(self.message),
            }),
            (Ok(subject), None) => Ok((self.hub, subject, self.message)),
            (Err(error), _) => Err(PublishError::Subject {
                error,
                message: Box::new(self.message),
            }),
        }
    }

    async fn run(self) -> Result<Published, PublishError<M>> {
        let WhenFull::Wait(limit) = self.when_full else {
            return self.now();
        };
        let manner = self.manner.clone();
        let (hub, subject, message) = self.ready()?;
        let mut full = Vec::new();
        let (published, message) = hub.offer(&subject, message, &manner, Some(&mut full));
        // Nothing here keeps the swarm alive while it waits.
        let timer = hub.swarm.upgrade().map(|swarm| timer(&swarm, limit));
        match (message, timer) {
            (Some(message), Some(timer)) if !full.is_empty() => {
                Ok(wait(full, &message, &manner, timer, published).await)
            }
            _ => Ok(published),
        }
    }
}

/// By the supervisors' timers: those of the agents can be stopped by handlers that never await.
fn timer(swarm: &Inner, limit: Duration) -> Pin<Box<Sleep>> {
    let _entered = swarm.timers().enter();
    Box::pin(tokio::time::sleep(limit))
}

/// Waits for those who are full.
async fn wait<M: Clone>(
    full: Vec<Listener<M>>,
    message: &M,
    manner: &Manner,
    mut timer: Pin<Box<Sleep>>,
    mut published: Published,
) -> Published {
    let tell = |listener: Listener<M>| listener.tell(message.clone(), manner.clone());
    let mut telling: FuturesUnordered<_> = full.into_iter().map(tell).collect();
    loop {
        tokio::select! {
            told = telling.next() => match told {
                Some(is_taken) => published.count(is_taken),
                None => return published,
            },
            () = &mut timer => {
                published.skipped += telling.len();
                return published;
            }
        }
    }
}

impl<'a, M: Clone + Send + Sync + 'static> IntoFuture for Publish<'a, M> {
    type Output = Result<Published, PublishError<M>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M> fmt::Debug for Publish<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("subject", &self.subject)
            .field("manner", &self.manner)
            .field("when_full", &self.when_full)
            .finish_non_exhaustive()
    }
}
