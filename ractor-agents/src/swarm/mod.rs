//! The swarm: a supervision tree of agents, and the way in.
//!
//! ```text
//! swarm (root supervisor, one_for_one)
//! ├── queues (dynamic supervisor) ── one actor per open queue
//! ├── routers (dynamic supervisor) ── one actor per router
//! └── agents (supervisor, one_for_one)
//!     ├── agents-0 (dynamic supervisor) ── one actor per agent
//!     ├── agents-1 (dynamic supervisor) ── one actor per agent
//!     └── …                                4 of them, unless built with other partitions
//! ```
//!
//! [`Swarm::tree`] shows it as it is now, and [`Swarm::supervision_events`] what happens in it.

mod bound;
mod builder;
mod ending;
mod error;
mod inner;
mod member;
mod options;
mod shutdown;
mod spawn;
mod status;

use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

pub use builder::Builder;
pub use error::{BuildError, SpawnError};
pub(crate) use inner::Inner;
pub(crate) use member::Member;
pub use shutdown::ShutdownReport;
pub use spawn::{Many, One, Spawn};
pub use status::{AgentStatus, KindStatus, SwarmStatus};

use crate::agent::{Agent, AgentId, AgentRef, IntoAgent};
use crate::dead_letter::DeadLetters;
use crate::registry::Registry;
use crate::routing::{RouterBuilder, topic};
use crate::supervision::{Tree, TreeEvents};
use inner::Handle;

/// A swarm of supervised agents.
///
/// Cheap to clone. When the last clone is dropped, the swarm is torn down at once, without draining; use
/// [`shutdown`](Self::shutdown) for an orderly end. Addresses and contexts do not keep it alive.
#[derive(Clone)]
pub struct Swarm {
    inner: Arc<Inner>,
    /// Missing in the swarm that an agent sees: an agent does not keep its swarm alive.
    _handle: Option<Arc<Handle>>,
}

impl Swarm {
    /// A swarm in this process, with defaults throughout. Agents run on the current tokio runtime, or, outside of one, on
    /// a runtime of the swarm's own; supervisors run on a small one of their own (one thread) in any case.
    ///
    /// # Panics
    /// If the operating system refuses the supervisors' thread; [`builder`](Self::builder) returns that as an error.
    #[expect(
        clippy::expect_used,
        reason = "documented; the builder is the fallible way"
    )]
    pub fn local() -> Self {
        Self::builder()
            .build()
            .expect("a thread for the supervisors")
    }

    /// A swarm with other defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Spawns an agent: a plain `async fn` of one argument, or an [`Agent`] that is `Clone`.
    ///
    /// The returned [`Spawn`] is a future that spawns when it is awaited; before that, options can be set. It is done
    /// when the agent's start hook has succeeded; found by others and sent messages the agent can be from the first poll
    /// on. It is supervised, and restarted from a pristine clone when it fails.
    ///
    /// # Errors
    /// [`SpawnError`] tells whether an option is out of range, the name is taken, the start hook failed, or the swarm has
    /// ended.
    ///
    /// # Cancel safety
    /// Dropped while the start hook runs, the agent is spawned all the same, and can be found.
    pub fn spawn<Marker, T: IntoAgent<Marker>>(&self, agent: T) -> Spawn<T::Agent> {
        Spawn::one(self.clone(), spawn::pristine(agent.into_agent()))
    }

    /// Spawns an agent that is made anew by `factory` for the start and for each restart: for agents that are not
    /// `Clone`. Otherwise like [`spawn`](Self::spawn).
    pub fn spawn_with<A: Agent>(
        &self,
        factory: impl Fn() -> A + Send + Sync + 'static,
    ) -> Spawn<A> {
        Spawn::one(self.clone(), Box::new(factory))
    }

    /// Spawns many agents of one type at once, with the same options, at a fraction of the price of one after another.
    /// All or none: if one fails to start, the others are stopped again.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn).
    ///
    /// # Cancel safety
    /// As for [`spawn`](Self::spawn).
    pub fn spawn_many<Marker, T: IntoAgent<Marker>>(
        &self,
        agents: impl IntoIterator<Item = T>,
    ) -> Spawn<T::Agent, crate::mailbox::Identity, Many> {
        let factories = agents
            .into_iter()
            .map(|agent| spawn::pristine(agent.into_agent()))
            .collect();
        Spawn::many(self.clone(), factories)
    }

    /// The address of an agent, by its name. `None` if there is none, or if it is of another type.
    pub fn find<A: Agent>(&self, name: &str) -> Option<AgentRef<A>> {
        self.registry().named(name)?.agent()
    }

    /// The address of an agent, by its id. `None` if there is none, or if it is of another type.
    pub fn agent<A: Agent>(&self, id: AgentId) -> Option<AgentRef<A>> {
        self.registry().get(id)?.agent()
    }

    /// Puts a new agent in the place of an old one, while messages flow: spawns the new one, gives it the old one's name unless it has one
    /// of its own, and stops the old one, which takes nothing new and finishes what it has within `limit`. What is left to it then goes
    /// to another agent if it came [by a router](Self::router) and has an attempt left, and fails otherwise.
    ///
    /// Routers give new messages to the new one if it has what they ask for; spawn it with the capabilities of the old one. Who
    /// holds an [`AgentRef`] of the old one is refused from then on; [`find`](Self::find) gives the new one.
    ///
    /// # Errors
    /// [`SpawnError`] if the new one could not be spawned: then the old one goes on.
    ///
    /// # Cancel safety
    /// Dropped, there may be both, and the old one may be stopping.
    ///
    /// # Examples
    /// ```
    /// # use ractor_agents::prelude::*;
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let swarm = Swarm::local();
    /// let old = swarm.spawn(async |n: u32| n + 1).name("counter").await?;
    /// let with = swarm.spawn(async |n: u32| n + 2);
    /// let new = swarm.replace(old.id(), with, Duration::from_secs(5)).await?;
    /// assert_eq!(new.ask(1_u32).await?, 3);
    /// assert_eq!(swarm.registry().named("counter").map(|entry| entry.id()), Some(new.id()));
    /// assert!(old.ask(1_u32).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn replace<B: Agent>(
        &self,
        old: AgentId,
        with: impl IntoFuture<Output = Result<AgentRef<B>, SpawnError>>,
        limit: Duration,
    ) -> Result<AgentRef<B>, SpawnError> {
        let new = with.await?;
        self.inner.index.pass_name(old, new.id());
        self.stop(old, limit).await;
        Ok(new)
    }

    /// A router over agents that can do the same: awaiting it gives a [`Router`](crate::routing::Router). Without other options it chooses among all agents
    /// of type `A`.
    ///
    /// # Errors
    /// [`SpawnError::Capability`] if a requirement is none, [`SpawnError::Ended`] if the swarm has ended.
    pub fn router<A: Agent>(&self) -> RouterBuilder<A> {
        RouterBuilder::new(self.clone())
    }

    /// Topics to publish messages of type `M` to: awaiting it gives [`Topics`](topic::Topics), to which agents of any type that take
    /// `M` can be subscribed.
    ///
    /// # Errors
    /// [`SpawnError::Ended`] if the swarm has ended.
    pub fn topics<M: Send + Sync + 'static>(&self) -> topic::TopicsBuilder<M> {
        topic::TopicsBuilder::new(self.clone())
    }

    /// A durable queue: awaiting it opens it, or begins one, and gives a [`Queue`](crate::queue::Queue). A name is `name` or `namespace/name`.
    /// Opened again by the same name at the same broker, it is the same queue.
    ///
    /// # Errors
    /// [`queue::Error`](crate::queue::Error): there is no broker, it cannot be reached, it gives less than is
    /// [required](crate::queue::QueueBuilder::require), or the queue is in use.
    pub fn queue<M>(&self, name: &str) -> crate::queue::QueueBuilder<M> {
        crate::queue::QueueBuilder::named(self.clone(), name.parse())
    }

    /// Who is in the swarm, what each can do, and how each is doing.
    pub fn registry(&self) -> Registry {
        Registry::new(Arc::clone(&self.inner))
    }

    /// The ids of all agents that have not ended, in the order in which they were spawned.
    pub fn agents(&self) -> Vec<AgentId> {
        self.inner.index.ids()
    }

    /// What one agent is doing and where its messages went. `None` if there is no such agent, or it has ended.
    pub fn agent_status(&self, id: AgentId) -> Option<AgentStatus> {
        self.inner
            .index
            .get(id.number())
            .map(|member| AgentStatus::of(&*member))
    }

    /// What the swarm is doing and where all its messages went, those of agents that have ended included.
    ///
    /// Costs a look into each mailbox: about 100 ns per agent.
    pub fn status(&self) -> SwarmStatus {
        self.inner.status()
    }

    /// The messages that nobody handled.
    pub fn dead_letters(&self) -> &DeadLetters {
        &self.inner.dead_letters
    }

    /// Stops one agent in order: it takes nothing new, finishes what it has within `limit`, and ends. What is left then
    /// is killed with it and goes to the dead letters. False if there is no such agent.
    ///
    /// # Cancel safety
    /// Dropped once it has been polled, the agent goes on finishing what it has and ends, but the limit is void: one that
    /// hangs is not killed.
    pub async fn stop(&self, id: AgentId, limit: Duration) -> bool {
        self.inner.stop(id, limit).await
    }

    /// Kills the current incarnation of an agent, as a crash would; its supervisor restarts it. For chaos tests and for
    /// operators. False if there is no such agent or nothing to kill.
    pub fn kill(&self, id: AgentId) -> bool {
        self.inner
            .index
            .get(id.number())
            .is_some_and(|member| member.kill())
    }

    /// What the supervision tree looks like now: the swarm itself (`/`), supervisors, agents, each with its path, what it is
    /// doing and how often it was restarted. An agent is a worker below `agents/agents-…`, and its name there is the
    /// [number](AgentId::number) of its id. Its `Display` is a line for each.
    ///
    /// Asks no actor and never waits: tables are copied, each under its supervisor's lock, so that it costs time in
    /// proportion to the number of agents. [`Node::kill`](crate::supervision::Node::kill) kills one of them, also a supervisor.
    ///
    /// # Examples
    /// ```
    /// # use ractor_agents::prelude::*;
    /// use ractor_agents::supervision::{Event, Kind};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let swarm = Swarm::local();
    /// let mut events = swarm.supervision_events();
    /// swarm.spawn(async |text: String| text).await?;
    /// println!("{}", swarm.tree());
    /// // /                  supervisor  running     0 restarts
    /// // registry           worker      running     0 restarts
    /// // queues             supervisor  running     0 restarts
    /// // routers            supervisor  running     0 restarts
    /// // agents             supervisor  running     0 restarts
    /// // agents/agents-0    supervisor  running     0 restarts
    /// // agents/agents-1    supervisor  running     0 restarts
    /// // agents/agents-1/1  worker      running     0 restarts
    /// // agents/agents-2    supervisor  running     0 restarts
    /// // agents/agents-3    supervisor  running     0 restarts
    ///
    /// // For chaos tests: kill all supervisors of agents, and see them come back with their agents.
    /// let tree = swarm.tree();
    /// let of_agents = tree.supervisors().filter(|node| node.path.names().len() == 2);
    /// assert_eq!(of_agents.filter(|node| node.kill()).count(), 4);
    /// loop {
    ///     let seen = events.recv().await?;
    ///     if matches!(seen.event, Event::Restarted { .. }) && seen.path.to_string() == "agents/agents-1" {
    ///         break;
    ///     }
    /// }
    /// let workers = swarm.tree().nodes().iter().filter(|node| node.kind == Kind::Worker).count();
    /// assert_eq!(workers, 2); // The agent, and the registry's own actor.
    /// # Ok(())
    /// # }
    /// ```
    pub fn tree(&self) -> Tree {
        self.inner.tree.tree()
    }

    /// What happens in the supervision tree from now on: starts, ends, restarts, missed deadlines, agents given up, supervisors
    /// that escalate and resume. Each event comes with the path of its supervisor, as [`tree`](Self::tree) has it.
    ///
    /// A receiver that falls more than 1,024 events behind is told how many it missed, and one of a swarm that has ended that there
    /// are no more. Where nobody listens, no event is made.
    ///
    /// # Examples
    /// Whatever is no ordinary start or stop, to the log:
    ///
    /// ```
    /// # use ractor_agents::prelude::*;
    /// use ractor_agents::supervision::{Event, Missed};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let swarm = Swarm::local();
    /// let mut events = swarm.supervision_events();
    /// let log = tokio::spawn(async move {
    ///     loop {
    ///         match events.recv().await {
    ///             Ok(seen) => match seen.event {
    ///                 Event::Started { .. } | Event::Terminated { .. } => {}
    ///                 event => println!("{}: {event:?}", seen.path),
    ///             },
    ///             Err(Missed::Lagged(count)) => println!("{count} events were missed"),
    ///             Err(_) => break,
    ///         }
    ///     }
    /// });
    /// # swarm.spawn(async |text: String| text).await?;
    /// swarm.shutdown(Duration::from_secs(5)).await;
    /// log.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn supervision_events(&self) -> TreeEvents {
        self.inner.tree.tree_events()
    }

    /// Ends the swarm in order: agents take nothing new and finish what they have within `limit`; what is left then is
    /// killed and goes to the dead letters. Reports what was left.
    ///
    /// It takes `limit`, the kills of those who are left, and the grace after a kill, 50 ms; up to five graces if supervisors
    /// have to be killed too ([`SupervisorRef::shutdown`](supervisors::SupervisorRef::shutdown), with three levels of them).
    ///
    /// # Cancel safety
    /// Dropped once it has been polled, the shutdown goes on to its end, limit included. Called again, it waits for that end and
    /// gives the same report; of several limits the one that ends first counts.
    pub async fn shutdown(&self, limit: Duration) -> ShutdownReport {
        self.inner.shutdown(limit).await
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Self {
            inner,
            _handle: None,
        }
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }
}

impl fmt::Debug for Swarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Swarm")
            .field("agents", &self.inner.index.len())
            .finish_non_exhaustive()
    }
}
