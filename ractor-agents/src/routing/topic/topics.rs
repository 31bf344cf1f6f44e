//! Topics' handle, and how it is made.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::hub::{Hub, Listener};
use super::past::Past;
use super::subscriber::Manner;
use super::subscriber::Offered;
use super::{NameError, Pattern, Publish, Published, Subject, SubscribeError, WhenFull};
use crate::agent::{Agent, AgentId, AgentRef};
use crate::routing::clerk::start;
use crate::swarm::{SpawnError, Swarm};

/// Where messages of type `M` are published, and given to everybody who wants to hear of them. Made by [`Swarm::topics`].
///
/// Cheap to clone; the last clone's drop ends it. It does not keep the swarm alive.
///
/// # Order
/// Messages of one publisher that awaits each before the next stay in their order for each subscriber, as those of
/// [`tell`](AgentRef::tell) do.
///
/// # Examples
/// ```
/// # use ractor_agents::prelude::*;
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// # async fn bill(order: String) {}
/// # async fn audit(order: String) -> usize { order.len() }
/// let swarm = Swarm::local();
/// let orders = swarm.topics::<String>().retain().await?;
///
/// // Agents of any type that take the message, whatever they answer.
/// let bill = swarm.spawn(bill).await?;
/// orders.subscribe(&bill, "orders.*.created")?;
/// let published = orders.publish("orders.eu.created", "42".into()).await?;
/// assert_eq!(published.delivered, 1);
///
/// // Who comes later hears of the last message of each subject.
/// let audit = swarm.spawn(audit).await?;
/// assert_eq!(orders.subscribe(&audit, "orders.#")?.delivered, 1);
///
/// orders.unsubscribe(bill.id(), "orders.*.created")?;
/// let published = orders.publish("orders.eu.created", "43".into()).await?;
/// assert_eq!(published.delivered, 1);
/// # Ok(())
/// # }
/// ```
pub struct Topics<M: Send + Sync + 'static> {
    handle: Arc<Handle<M>>,
}

/// Ends the topics' actor when the last clone is dropped.
struct Handle<M: Send + Sync + 'static>(Arc<Hub<M>>);

impl<M: Send + Sync + 'static> Drop for Handle<M> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<M: Clone + Send + Sync + 'static> Topics<M> {
    /// Gives an agent a copy of each message from now on that is about something that `pattern` matches, until it is
    /// [unsubscribed](Self::unsubscribe) or has ended. Restarts change nothing. An agent with several patterns gets one copy of each
    /// message, and one that has this pattern already gets nothing new.
    ///
    /// What is [retained](TopicsBuilder::retain) or [replayed](TopicsBuilder::replay) it is given at once, as far as there is room for it, in
    /// the order in which it was published; what is published meanwhile may come before. Returns what became of that.
    ///
    /// # Errors
    /// [`SubscribeError`] if the pattern is none, the agent has ended or is of another swarm, or the swarm has ended.
    pub fn subscribe<A, P>(
        &self,
        agent: &AgentRef<A>,
        pattern: P,
    ) -> Result<Published, SubscribeError>
    where
        A: Agent<Message = M>,
        P: TryInto<Pattern>,
        P::Error: Into<NameError>,
    {
        let pattern = pattern.try_into().map_err(Into::into)?;
        let record = agent.share();
        if record.swarm_address() != self.hub().swarm.as_ptr() as usize {
            return Err(SubscribeError::OtherSwarm { agent: agent.id() });
        }
        let listener: Listener<M> = record;
        let past = self.hub().subscribe(&listener, pattern)?;
        let mut published = Published::default();
        for message in past {
            let offered = listener.offer_copy(&message, &Manner::default());
            published.count(offered == Offered::Taken);
        }
        Ok(published)
    }

    /// Publishes a message: a copy for each agent with a pattern that matches, once.
    ///
    /// The returned [`Publish`] is a future that publishes when it is awaited; before that, options can be set. It waits for nobody
    /// unless that is [asked for](Publish::when_full). To whom it goes is decided in the publisher's task, by the last table.
    ///
    /// # Errors
    /// [`PublishError`](super::PublishError) if the subject is none, or the swarm has ended; the message is in it. That nobody wants
    /// to hear of it is no error.
    ///
    /// # Cancel safety
    /// As told at [`Publish`].
    pub fn publish<S>(&self, subject: S, message: M) -> Publish<'_, M>
    where
        S: TryInto<Subject>,
        S::Error: Into<NameError>,
    {
        let subject = subject.try_into().map_err(Into::into);
        Publish::new(self.hub(), subject, message)
    }
}

impl<M: Send + Sync + 'static> Topics<M> {
    /// Gives the agent nothing more because of this pattern; it keeps what it has. False if it was not subscribed with it.
    ///
    /// # Errors
    /// [`NameError`] if the pattern is none.
    pub fn unsubscribe<P>(&self, agent: AgentId, pattern: P) -> Result<bool, NameError>
    where
        P: TryInto<Pattern>,
        P::Error: Into<NameError>,
    {
        let pattern = pattern.try_into().map_err(Into::into)?;
        Ok(self.hub().unsubscribe(agent.number(), &pattern))
    }

    /// Gives the agent nothing more; it keeps what it has. Returns how many patterns it was subscribed with.
    pub fn unsubscribe_all(&self, agent: AgentId) -> usize {
        self.hub().forget(&[agent.number()])
    }

    /// Retains nothing of `subject` any more, until something is published to it. False if nothing was retained.
    pub fn unretain(&self, subject: &Subject) -> bool {
        self.hub().unretain(subject)
    }

    /// How many subscriptions there are: agents, times their patterns.
    pub fn subscriptions(&self) -> usize {
        self.hub().counts().0
    }

    /// How many agents are subscribed to anything.
    pub fn subscribers(&self) -> usize {
        self.hub().counts().1
    }

    fn hub(&self) -> &Arc<Hub<M>> {
        &self.handle.0
    }
}

impl<M: Send + Sync + 'static> Clone for Topics<M> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
        }
    }
}

impl<M: Send + Sync + 'static> fmt::Debug for Topics<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (subscriptions, subscribers) = self.hub().counts();
        f.debug_struct("Topics")
            .field("subscriptions", &subscriptions)
            .field("subscribers", &subscribers)
            .finish_non_exhaustive()
    }
}

/// Topics about to be made: set options, then await it. Made by [`Swarm::topics`].
///
/// # Cancel safety
/// Dropped before it is done, there are no topics.
#[must_use = "topics are made when this is awaited"]
pub struct TopicsBuilder<M> {
    swarm: Swarm,
    when_full: WhenFull,
    retain_max: usize,
    replay_max: usize,
    types: PhantomData<fn(M)>,
}

impl<M: Send + Sync + 'static> TopicsBuilder<M> {
    /// How many subjects are retained by default. Source: a guess.
    pub const RETAIN_DEFAULT: usize = 1_024;

    pub(crate) fn new(swarm: Swarm) -> Self {
        Self {
            swarm,
            when_full: WhenFull::default(),
            retain_max: 0,
            replay_max: 0,
            types: PhantomData,
        }
    }

    /// Keeps the last message of each of the 1,024 subjects that were published to last, for those who subscribe later. Default: none.
    pub fn retain(self) -> Self {
        self.retain_max(Self::RETAIN_DEFAULT)
    }

    /// Keeps the last message of each of so many subjects, for those who subscribe later; one more, and the subject that was not
    /// published to for the longest time is forgotten. A subscription costs a look at each.
    pub fn retain_max(mut self, subjects: usize) -> Self {
        self.retain_max = subjects;
        self
    }

    /// Keeps the last so many messages over all subjects, for those who subscribe later: they are given those that match. A subscription
    /// costs a look at each. Default: none.
    pub fn replay(mut self, messages: usize) -> Self {
        self.replay_max = messages;
        self
    }

    /// What is done about subscribers whose lane is full, unless a [publication](Publish::when_full) says otherwise. Default:
    /// [`WhenFull::Skip`].
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.when_full = when_full;
        self
    }

    async fn run(self) -> Result<Topics<M>, SpawnError> {
        let inner = self.swarm.inner();
        let past = Past::new(self.retain_max, self.replay_max);
        let hub = Hub::new(inner, self.when_full, past);
        let topics = Topics {
            handle: Arc::new(Handle(Arc::clone(&hub))),
        };
        start(inner, hub).await?;
        Ok(topics)
    }
}

impl<M: Send + Sync + 'static> IntoFuture for TopicsBuilder<M> {
    type Output = Result<Topics<M>, SpawnError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M> fmt::Debug for TopicsBuilder<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TopicsBuilder")
            .field("when_full", &self.when_full)
            .field("retain_max", &self.retain_max)
            .field("replay_max", &self.replay_max)
            .finish_non_exhaustive()
    }
}
