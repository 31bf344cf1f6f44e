//! A router's handle, and how it is made.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::clerk::start;
use super::core::{Core, Rules, WhenFull, WhenNobody};
use super::source::{By, Source};
use super::{Explanation, PowerOfTwo, RouteError, RoutedAsk, RoutedTell, Scatter, Strategy};
use crate::agent::{Agent, AgentId, AgentRef, IntoMessage};
use crate::registry::{CapabilityError, Requirement};
use crate::swarm::{SpawnError, Swarm};

/// Stands for agents that can do the same: what it is told or asked goes to one of them. Made by [`Swarm::router`].
///
/// Cheap to clone; the last clone's drop ends it. It does not keep the swarm alive.
///
/// # Order
/// Messages with the same [key](RoutedTell::key) go to the same agent and stay in their order, whatever the strategy and however
/// often it is changed, as long as the router's candidates stay the same. Restarts change nothing. Others are in order per
/// agent only.
///
/// # Examples
/// ```
/// # use ractor_agents::prelude::*;
/// use ractor_agents::routing::{LeastConnections, Protocol};
///
/// # async fn digest(text: String) -> usize { text.len() }
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let swarm = Swarm::local();
/// swarm.spawn_many([digest; 3]).capability("summarise@2.1").await?;
///
/// let summarise = swarm
///     .router::<Protocol<String, usize>>()
///     .capability("summarise@^2")
///     .strategy(LeastConnections::default())
///     .await?;
/// assert_eq!(summarise.ask("a long story").await?, 12);
/// println!("{}", summarise.explain());
/// # Ok(())
/// # }
/// ```
pub struct Router<A: Agent> {
    handle: Arc<Handle>,
    types: PhantomData<fn(A)>,
}

/// Ends the router's actor when the last clone is dropped.
struct Handle(Arc<Core>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<A: Agent> Router<A> {
    /// Sends a message to whoever is chosen, and does not wait for an answer.
    ///
    /// The returned [`RoutedTell`] is a future that sends when it is awaited; before that, options can be set.
    ///
    /// # Errors
    /// [`RouteError`] if nobody could be given the message; it is in it, unless it is with the dead letters.
    ///
    /// # Cancel safety
    /// Dropped before it is done, the message was not sent and is lost with the future.
    pub fn tell<K, M: IntoMessage<A, K>>(&self, message: M) -> RoutedTell<'_, A> {
        RoutedTell::new(self.core(), message.into_message())
    }

    /// Sends a message to whoever is chosen, and waits for the answer.
    ///
    /// The returned [`RoutedAsk`] is a future that sends when it is awaited; before that, options can be set. It waits up to 30
    /// seconds over all, unless [`patience`](RoutedAsk::patience) says otherwise.
    ///
    /// # Errors
    /// [`RouteError`] if nobody could be given the message, or what came of it at the agent that was chosen.
    ///
    /// # Cancel safety
    /// As for [`AgentRef::ask`].
    pub fn ask<K, M: IntoMessage<A, K>>(&self, message: M) -> RoutedAsk<'_, A, M::Reply> {
        RoutedAsk::new(self.core(), message.into_message(), M::reply)
    }

    /// Sends a copy to everybody who takes it now, and says to how many.
    ///
    /// # Errors
    /// [`RouteError`] if it is nobody.
    pub fn broadcast(&self, message: A::Message) -> Result<usize, RouteError<A::Message>>
    where
        A::Message: Clone,
    {
        super::offering::broadcast::<A>(self.core(), message)
    }

    /// Sends a copy to many and gathers what they answer: all of them, the first, or a quorum.
    ///
    /// The returned [`Scatter`] is a future that sends when it is awaited; before that, options can be set. It waits up to 30 seconds,
    /// unless [`within`](Scatter::within) says otherwise, and for nobody to come or to have room.
    ///
    /// # Errors
    /// [`ScatterError`](super::ScatterError) if nobody is fit, or fewer answer than were asked for; what there is is in it.
    ///
    /// # Cancel safety
    /// As told at [`Scatter`].
    ///
    /// # Examples
    /// ```
    /// # use ractor_agents::prelude::*;
    /// use ractor_agents::routing::Protocol;
    ///
    /// # async fn digest(text: String) -> usize { text.len() }
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let swarm = Swarm::local();
    /// swarm.spawn_many([digest; 3]).capability("summarise").await?;
    ///
    /// let summarise = swarm.router::<Protocol<String, usize>>().capability("summarise").await?;
    /// let gathered = summarise.scatter("a long story").quorum(2).within(Duration::from_secs(5)).await?;
    /// assert_eq!(gathered.answers.len(), 2);
    /// assert_eq!(gathered.answers[0].1, 12);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "gather")]
    pub fn scatter<K, M: IntoMessage<A, K>>(&self, message: M) -> Scatter<'_, A, M::Reply>
    where
        A::Message: Clone,
    {
        Scatter::new(self.core(), message.into_message(), M::reply)
    }

    /// Whom a message would go to now, and why not to the others. Looks at every candidate.
    pub fn explain(&self) -> Explanation {
        self.core().explain(None)
    }

    /// Whom a message with this key would go to now.
    pub fn explain_key(&self, key: &str) -> Explanation {
        self.core().explain(Some(key))
    }

    /// Chooses by another strategy from now on. Messages that are on their way are not touched; those with a key keep their agent.
    pub fn set_strategy(&self, strategy: impl Strategy) {
        self.core().set_strategy(Box::new(strategy));
    }

    /// The name of the strategy.
    pub fn strategy(&self) -> &'static str {
        self.core().strategy_name()
    }

    /// Adds an agent. False, and nothing happens, unless the router is one [over members](RouterBuilder::members).
    pub fn add<B>(&self, agent: &AgentRef<B>) -> bool
    where
        B: Agent<Message = A::Message, Reply = A::Reply>,
    {
        self.core().add(agent.member())
    }

    /// Takes an agent away: it is given nothing more, and handles what it has. False, and nothing happens, unless the router is one
    /// [over members](RouterBuilder::members) and it is one of them.
    pub fn remove(&self, agent: AgentId) -> bool {
        self.core().remove(agent.number())
    }

    /// How many candidates there are, fit or not.
    pub fn len(&self) -> usize {
        self.core().len()
    }

    /// Whether there is no candidate.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The candidates, in no order.
    pub fn candidates(&self) -> Vec<AgentId> {
        self.core().ids()
    }

    /// Whom the next message would go to, without sending any: for benchmarks.
    #[doc(hidden)]
    pub fn choose(&self) -> Option<AgentId> {
        self.core()
            .choose(None, &[])
            .map(|candidate| candidate.id())
    }

    fn core(&self) -> &Arc<Core> {
        &self.handle.0
    }
}

impl<A: Agent> Clone for Router<A> {
    fn clone(&self) -> Self {
        Self {
            handle: Arc::clone(&self.handle),
            types: PhantomData,
        }
    }
}

impl<A: Agent> fmt::Debug for Router<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router")
            .field("source", &self.core().source.to_string())
            .field("strategy", &self.strategy())
            .field("candidates", &self.len())
            .finish_non_exhaustive()
    }
}

/// A router about to be made: set options, then await it. Made by [`Swarm::router`].
///
/// # Cancel safety
/// Dropped before it is done, there is no router.
#[must_use = "a router is made when this is awaited"]
pub struct RouterBuilder<A: Agent> {
    swarm: Swarm,
    source: Source,
    members: Vec<AgentRef<A>>,
    rules: Rules,
    strategy: Box<dyn Strategy>,
    error: Option<CapabilityError>,
}

impl<A: Agent> RouterBuilder<A> {
    pub(crate) fn new(swarm: Swarm) -> Self {
        Self {
            swarm,
            source: Source::of_type::<A>(),
            members: Vec::new(),
            rules: Rules {
                when_full: WhenFull::default(),
                when_nobody: WhenNobody::Wait(Self::WAIT),
            },
            strategy: Box::new(PowerOfTwo::default()),
            error: None,
        }
    }

    /// How long a message waits for a candidate by default. Source: a guess; longer than a restart with a few pauses takes.
    const WAIT: std::time::Duration = std::time::Duration::from_secs(1);

    /// Chooses among all agents with this capability that take and answer what `A` does, whatever their type. Default: all agents
    /// of type `A`.
    pub fn capability<R>(mut self, requirement: R) -> Self
    where
        R: TryInto<Requirement>,
        R::Error: Into<CapabilityError>,
    {
        match requirement.try_into() {
            Ok(requirement) => self.source.by = By::Capability(requirement),
            Err(error) => self.error = Some(error.into()),
        }
        self
    }

    /// Chooses among all agents with this tag that take and answer what `A` does, whatever their type. Default: all agents of
    /// type `A`.
    pub fn tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.source.by = By::Tag(tag.into());
        self
    }

    /// Chooses among these, and those who are [added](Router::add) later. Default: all agents of type `A`.
    pub fn members<'a>(mut self, members: impl IntoIterator<Item = &'a AgentRef<A>>) -> Self {
        self.source.by = By::Members;
        self.members.extend(members.into_iter().cloned());
        self
    }

    /// How it chooses. Default: [`PowerOfTwo`].
    pub fn strategy(mut self, strategy: impl Strategy) -> Self {
        self.strategy = Box::new(strategy);
        self
    }

    /// What it does about a full lane. Default: [`WhenFull::Skip`].
    pub fn when_full(mut self, when_full: WhenFull) -> Self {
        self.rules.when_full = when_full;
        self
    }

    /// What it does where nobody can be given a message. Default: it waits for 1 s. An ask waits no longer than its patience. A
    /// [broadcast](Router::broadcast) and a [scatter](Router::scatter) wait for nobody in any case, and give the message back.
    pub fn when_nobody(mut self, when_nobody: WhenNobody) -> Self {
        self.rules.when_nobody = when_nobody;
        self
    }

    async fn run(self) -> Result<Router<A>, SpawnError> {
        if let Some(error) = self.error {
            return Err(error.into());
        }
        let inner = self.swarm.inner();
        let core = Core::new(inner, self.source, self.rules, self.strategy);
        let router = Router {
            handle: Arc::new(Handle(Arc::clone(&core))),
            types: PhantomData,
        };
        for member in &self.members {
            router.add(member);
        }
        // By the time it is there it knows everybody who was there before.
        core.look_round();
        inner.lost_and_found.enter(core.number, &core);
        start(inner, core).await?;
        Ok(router)
    }
}

impl<A: Agent> IntoFuture for RouterBuilder<A> {
    type Output = Result<Router<A>, SpawnError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<A: Agent> fmt::Debug for RouterBuilder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterBuilder")
            .field("source", &self.source.to_string())
            .field("strategy", &self.strategy.name())
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
