//! What a case is played on: a swarm over the broker, and names that nobody else has.

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::breach::{Breach, Verdict, equal, fails};
use crate::queue::{
    Ability, Backend, Backoff, Broker, Delivery, Durability, Enqueue, Error, MessageId, Name,
    Options, Queue, QueueBuilder, Requirements, Stats,
};
use crate::swarm::Swarm;

/// How long anything may take that has to happen. Long, since a broken promise is the only thing that waits for its end, and machines that run tests are
/// busy.
pub(super) const PATIENT: Duration = Duration::from_secs(20);

/// How long nothing may happen. A broker that is slower than this to do what it must not goes undetected now and then.
pub(super) const MOMENT: Duration = Duration::from_millis(40);

/// Not at all.
pub(super) const NOW: Duration = Duration::ZERO;

/// How long a lease lasts that is to run out: soon, and not before a busy machine has said what is to be said under it.
pub(super) const SHORT: Duration = Duration::from_millis(800);

/// How long a lease lasts that may have to run out, where the broker does not hear that nobody needs it.
pub(super) const SPARE: Duration = Duration::from_secs(5);

/// How long an orderly end may take.
const ENDING: Duration = Duration::from_secs(10);

pub(super) const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// One case's swarm, which can be another one later, over the same broker.
pub(super) struct Stage {
    broker: Arc<dyn Broker>,
    swarm: Swarm,
    namespace: String,
}

impl Stage {
    pub(super) fn new(broker: Arc<dyn Broker>) -> Verdict<Self> {
        Ok(Self {
            swarm: swarm()?,
            broker,
            // A server may have what was before, and what others do now.
            namespace: format!("case-{}", MessageId::random()),
        })
    }

    /// Which kind of broker it is.
    pub(super) fn broker_name(&self) -> &'static str {
        self.broker.name()
    }

    /// The name of the queue that most cases have.
    pub(super) fn name(&self) -> Verdict<Name> {
        self.name_of("queue")
    }

    /// Another one, of this case alone.
    pub(super) fn name_of(&self, name: &str) -> Verdict<Name> {
        Ok(format!("{}/{name}", self.namespace).parse()?)
    }

    /// The queue of the case, with the usual options.
    pub(super) async fn queue(&self) -> Verdict<Queue<String>> {
        self.queue_with(usual()).await
    }

    pub(super) async fn queue_with(&self, options: Options) -> Verdict<Queue<String>> {
        Ok(self.builder(&self.name()?).options(options).await?)
    }

    /// A queue about to be opened, on whatever the broker has.
    pub(super) fn builder<M>(&self, name: &Name) -> QueueBuilder<M> {
        let builder = self.swarm.queue(&name.to_string());
        builder
            .on_shared(Arc::clone(&self.broker))
            .options(usual())
            .require(Requirements::default().durability(Durability::Memory))
    }

    /// The swarm comes to its end in order, and another takes its place.
    pub(super) async fn reopen(&mut self) -> Verdict {
        self.swarm.shutdown(ENDING).await;
        self.swarm = swarm()?;
        Ok(())
    }

    /// Another swarm over the same broker, besides this one.
    pub(super) fn beside(&self) -> Verdict<Self> {
        Ok(Self {
            broker: Arc::clone(&self.broker),
            swarm: swarm()?,
            namespace: self.namespace.clone(),
        })
    }

    pub(super) async fn end(&self) {
        self.swarm.shutdown(ENDING).await;
    }

    /// The queue of the case as its broker's backend, which no swarm has open: nobody renews what is leased.
    pub(super) fn backend(&self, options: &Options) -> Verdict<Box<dyn Backend>> {
        Ok(self.broker.queue(&self.name()?, options)?)
    }
}

fn swarm() -> Verdict<Swarm> {
    Ok(Swarm::builder().test().build()?)
}

/// Leases that nobody has to wait for the end of, and retries that are due soon.
pub(super) fn usual() -> Options {
    Options {
        backoff: Backoff {
            base: ms(10),
            cap: ms(40),
        },
        ..Options::default()
    }
}

/// The same with leases that run out soon.
pub(super) fn short() -> Options {
    Options {
        lease: SHORT,
        ..usual()
    }
}

/// Whether the broker has it, for this queue.
pub(super) async fn has(queue: &Queue<String>, ability: Ability) -> Verdict<bool> {
    Ok(queue.guarantees().await?.has(ability))
}

/// What a broker must say that cannot do something.
#[track_caller]
pub(super) fn unsupported<T>(answer: Result<T, Error>, ability: Ability) -> Verdict {
    let is_such = |error: &Error| matches!(error, Error::Unsupported { .. });
    let what = format!("it has no {ability} and must refuse with Unsupported");
    fails(answer, is_such, &what)
}

/// A lease that is over is refused.
#[track_caller]
pub(super) fn stale<T>(answer: Result<T, Error>, what: &str) -> Verdict {
    fails(answer, |error| matches!(error, Error::Stale(_)), what)
}

/// There is no room.
#[track_caller]
pub(super) fn full<T>(answer: Result<T, Error>, what: &str) -> Verdict {
    fails(answer, |error| matches!(error, Error::Full(_)), what)
}

/// A step that is told to have failed where the case took it.
#[track_caller]
fn at_caller<T>(
    step: impl Future<Output = Verdict<T>> + Send,
) -> impl Future<Output = Verdict<T>> + Send {
    let at = Location::caller();
    async move { step.await.map_err(|breach| breach.at(at)) }
}

/// A message about to be enqueued.
pub(super) fn message<'a>(queue: &'a Queue<String>, text: &str) -> Enqueue<'a> {
    queue.enqueue(&text.to_owned())
}

/// Enqueues a message, which is no duplicate.
#[track_caller]
pub(super) fn put(
    queue: &Queue<String>,
    text: &str,
) -> impl Future<Output = Verdict<MessageId>> + Send {
    at_caller(async move { taken_in(message(queue, text)).await })
}

/// Enqueues several, one after the other.
#[track_caller]
pub(super) fn put_all(
    queue: &Queue<String>,
    texts: &[&str],
) -> impl Future<Output = Verdict<Vec<MessageId>>> + Send {
    at_caller(async move {
        let mut ids = Vec::with_capacity(texts.len());
        for text in texts {
            ids.push(put(queue, text).await?);
        }
        Ok(ids)
    })
}

/// The message is enqueued, and is no duplicate.
#[track_caller]
pub(super) fn taken_in(message: Enqueue<'_>) -> impl Future<Output = Verdict<MessageId>> + Send {
    at_caller(async move {
        let id = message.message_id();
        let receipt = message.await?;
        let found = (receipt.id, receipt.is_duplicate);
        equal(found, (id, false), "the receipt of a new message")?;
        Ok(id)
    })
}

/// Leases the next message, which has to come.
#[track_caller]
pub(super) fn take(
    queue: &Queue<String>,
) -> impl Future<Output = Verdict<Delivery<String>>> + Send {
    at_caller(async move {
        let came = queue.lease().wait(PATIENT).await?;
        came.ok_or_else(|| Breach::new("a message that has to come did not"))
    })
}

/// The same, and it has to be this one.
#[track_caller]
pub(super) fn take_this(
    queue: &Queue<String>,
    text: &str,
) -> impl Future<Output = Verdict<Delivery<String>>> + Send {
    at_caller(async move {
        let delivery = take(queue).await?;
        equal(delivery.message().as_str(), text, "the message that comes")?;
        Ok(delivery)
    })
}

/// Leases and acknowledges the next message, which has to be this one.
#[track_caller]
pub(super) fn handle(queue: &Queue<String>, text: &str) -> impl Future<Output = Verdict> + Send {
    at_caller(async move { Ok(take_this(queue, text).await?.ack().await?) })
}

/// Nothing can be leased for a moment.
#[track_caller]
pub(super) fn nothing(queue: &Queue<String>, what: &str) -> impl Future<Output = Verdict> + Send {
    at_caller(async move {
        match queue.lease().wait(MOMENT).await? {
            None => Ok(()),
            Some(delivery) => Err(Breach::new(format!(
                "{what}: {:?} came",
                delivery.message()
            ))),
        }
    })
}

/// Nothing is left but dead letters.
#[track_caller]
pub(super) fn all_gone(queue: &Queue<String>) -> impl Future<Output = Verdict> + Send {
    at_caller(async move {
        nothing(queue, "all was handled").await?;
        equal(queue.stats().await?.count(), 0, "messages that are left")
    })
}

/// Waits until the numbers are such.
#[track_caller]
pub(super) fn until(
    queue: &Queue<String>,
    what: &str,
    is_such: impl Fn(&Stats) -> bool + Send,
) -> impl Future<Output = Verdict> + Send {
    at_caller(async move {
        let begun = tokio::time::Instant::now();
        loop {
            let stats = queue.stats().await?;
            if is_such(&stats) {
                return Ok(());
            }
            if begun.elapsed() > PATIENT {
                return Err(Breach::new(format!("{what} in vain: {stats:?}")));
            }
            // A broker does what is due by itself, in its own time.
            tokio::time::sleep(ms(5)).await;
        }
    })
}
