//! An agent about to be spawned.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use supervisors::{Backoff, ChildSpec, Intensity, Restart};

use super::bound::Bound;
use super::member::Member;
use super::options::Options;
use super::{SpawnError, Swarm};
use crate::agent::{
    Agent, AgentId, AgentRef, Batch, Brood, Courier, Direct, Gathering, Handler, OnRestart,
    OwnThread, Plan, Record,
};
use crate::mailbox::{Aging, Identity, Inbound, LaneLimit, Layer, Mailbox, Overflow, Stack};
use crate::message::Priority;
use crate::queue::Line;
use crate::registry::{Breaker, Capability, CapabilityError, Obstacle, Traits};

/// Makes the agent, for its start and for each restart.
pub(super) type Factory<A> = Box<dyn Fn() -> A + Send + Sync>;

/// A factory from a pristine clone.
pub(super) fn pristine<A: Agent + Clone>(agent: A) -> Factory<A> {
    // In a lock because an agent need not be `Sync`.
    let pristine = Mutex::new(agent);
    Box::new(move || pristine.lock().clone())
}

/// One agent is spawned: awaiting it gives its [`AgentRef`].
#[derive(Debug)]
pub struct One(());

/// Many agents are spawned: awaiting it gives a `Vec` of [`AgentRef`]s.
#[derive(Debug)]
pub struct Many(());

/// An agent (or many) about to be spawned: set options, then await it. Made by [`Swarm::spawn`].
///
/// # Cancel safety
/// As told at [`Swarm::spawn`].
#[must_use = "agents are spawned when this is awaited"]
pub struct Spawn<A: Agent, L = Identity, Count = One, W = Identity> {
    swarm: Swarm,
    factories: Vec<Factory<A>>,
    options: Options,
    /// In front of the mailbox.
    layers: L,
    /// Around the handler.
    around: W,
    pub(super) queue: Option<Bound<A::Message>>,
    count: PhantomData<fn() -> Count>,
}

impl<A: Agent> Spawn<A, Identity, One> {
    pub(super) fn one(swarm: Swarm, factory: Factory<A>) -> Self {
        Self::new(swarm, vec![factory])
    }
}

impl<A: Agent> Spawn<A, Identity, Many> {
    pub(super) fn many(swarm: Swarm, factories: Vec<Factory<A>>) -> Self {
        Self::new(swarm, factories)
    }
}

impl<A: Agent, Count> Spawn<A, Identity, Count> {
    fn new(swarm: Swarm, factories: Vec<Factory<A>>) -> Self {
        Self {
            options: Options::of(&swarm),
            swarm,
            factories,
            layers: Identity,
            around: Identity,
            queue: None,
            count: PhantomData,
        }
    }
}

impl<A: Agent, L, W> Spawn<A, L, One, W> {
    /// A name to be [found](Swarm::find) by; one agent each, and free again when the agent has ended. Default: none, besides
    /// its id.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        Arc::make_mut(&mut self.options.defaults).name = Some(name.into());
        self
    }
}

impl<A: Agent, L, Count, W> Spawn<A, L, Count, W> {
    /// Something that it can do, to be found by: `summarise`, `summarise@2.1`, or a [`Capability`]. May be given several times,
    /// also in several versions. Default: nothing. What is none fails the spawn.
    ///
    /// Several agents may have the same, and keep it over restarts.
    pub fn capability<C>(mut self, capability: C) -> Self
    where
        C: TryInto<Capability>,
        C::Error: Into<CapabilityError>,
    {
        match capability.try_into() {
            Ok(capability) => self.traits().capabilities.push(capability),
            Err(error) => {
                let first = &mut self.options.capability_error;
                first.get_or_insert(error.into());
            }
        }
        self
    }

    /// A mark to be found by, such as a place or a team. May be given several times. Default: none.
    pub fn tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.traits().tags.push(tag.into());
        self
    }

    /// Its share of the work, for strategies that go by weight, 1 to 10,000: one of weight 3 gets three times as much as one of
    /// weight 1. Default: 1.
    pub fn weight(mut self, weight: u32) -> Self {
        self.traits().weight = weight;
        self
    }

    /// How many messages it works on at a time, in hand and in line, at least 1: routers pass it over while it has as many. Who
    /// sends to it directly is not held up. Default: no such limit, besides the [depth](Self::depth) of its lanes.
    pub fn capacity(mut self, messages: u64) -> Self {
        self.traits().capacity = Some(messages);
        self
    }

    /// When routers leave it in peace, and when they try it again. Default: after 5 failures in a row, or when more than half of the
    /// last 64 failed; for 5 s, see [`Breaker`].
    pub fn breaker(mut self, breaker: Breaker) -> Self {
        self.traits().breaker = breaker;
        self
    }

    fn traits(&mut self) -> &mut Traits {
        &mut Arc::make_mut(&mut self.options.defaults).traits
    }

    /// The lane of messages that do not choose one. Default: [`Priority::Normal`].
    pub fn priority(mut self, priority: Priority) -> Self {
        Arc::make_mut(&mut self.options.defaults).priority = priority;
        self
    }

    /// How long messages live that do not say so themselves. Default: for ever.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        Arc::make_mut(&mut self.options.defaults).ttl = Some(ttl);
        self
    }

    /// How long an `ask` waits that does not say so itself. Default: 30 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        Arc::make_mut(&mut self.options.defaults).patience = patience;
        self
    }

    /// How many messages each lane holds, at least 1. Default: 1,024.
    pub fn depth(mut self, depth_max: usize) -> Self {
        Arc::make_mut(&mut self.options.settings)
            .lanes
            .iter_mut()
            .for_each(|lane| lane.depth_max = depth_max);
        self
    }

    /// What happens to messages for a full lane. Default: [`Overflow::Wait`].
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        Arc::make_mut(&mut self.options.settings)
            .lanes
            .iter_mut()
            .for_each(|lane| lane.overflow = overflow);
        self
    }

    /// Depth and overflow of one lane.
    pub fn lane(mut self, lane: Priority, limit: LaneLimit) -> Self {
        *Arc::make_mut(&mut self.options.settings)
            .lanes
            .get_mut(lane) = limit;
        self
    }

    /// How lower lanes get their share. Default: [`Aging::Fair`].
    pub fn aging(mut self, aging: Aging) -> Self {
        Arc::make_mut(&mut self.options.settings).aging = aging;
        self
    }

    /// How long one attempt at a message may take; past it the handler is killed and the agent restarted. Default: 30 s;
    /// [`Duration::MAX`] is no limit.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        Arc::make_mut(&mut self.options.settings).deadline = deadline;
        self
    }

    /// How many attempts a message has that does not say so itself, 1 to 65,535. Default: 1, which is at most once; more
    /// means at least once.
    pub fn attempts(mut self, attempts: u16) -> Self {
        Arc::make_mut(&mut self.options.settings).attempts = attempts;
        self
    }

    /// The pause between attempts. Default: none.
    pub fn retry_backoff(mut self, backoff: Backoff) -> Self {
        Arc::make_mut(&mut self.options.settings).backoff = backoff;
        self
    }

    /// When the agent is restarted. Default: [`Restart::Transient`], after every failure. An agent only ever ends without
    /// a failure when it is asked to, so [`Restart::Permanent`] is the same.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.options.restart = restart;
        self
    }

    /// How often it may be restarted before it is given up. Default: 10 times in 10 s.
    pub fn intensity(mut self, intensity: Intensity) -> Self {
        self.options.intensity = Some(intensity);
        self
    }

    /// The pause before restarts: the first is immediate, later ones back off. Default: 10 ms doubling up to 5 s.
    pub fn restart_backoff(mut self, backoff: Backoff) -> Self {
        self.options.backoff = Some(backoff);
        self
    }

    /// What a restart begins with. Default: [`OnRestart::Fresh`].
    pub fn on_restart(mut self, on_restart: OnRestart) -> Self {
        Arc::make_mut(&mut self.options.defaults).on_restart = on_restart;
        self
    }

    /// How long its start hook may take. Default: 30 s.
    pub fn start_within(mut self, limit: Duration) -> Self {
        Arc::make_mut(&mut self.options.defaults).start_within = limit;
        self
    }

    /// How long it may take to finish what it has when its supervisor stops it, before it is killed. Default: 5 s.
    pub fn stop_within(mut self, limit: Duration) -> Self {
        self.options.stop_within = limit;
        self
    }

    /// Handles messages together: up to `size_max` (2 to 1,024) of those that wait, by
    /// [`Agent::handle_batch`](crate::agent::Agent::handle_batch), highest lane first; fewer when `delay_max` has
    /// passed since the agent found the first of them. Layers [around](Self::around) the handler do not see batches.
    pub fn batch(mut self, size_max: usize, delay_max: Duration) -> Self {
        self.options.batch = Some(Batch {
            size_max,
            delay_max,
        });
        self
    }

    /// Runs the agent on a thread of its own: for handlers that block or compute for long. A hang then costs that thread
    /// and no worker; the handler still cannot be killed, but it is cut off and replaced.
    pub fn blocking(mut self) -> Self {
        self.options.is_blocking = true;
        self
    }

    pub(crate) fn child_of(mut self, brood: &Arc<Brood>) -> Self {
        self.options.brood = Some(Arc::clone(brood));
        self
    }

    /// Puts a layer in front of the mailbox, behind those added before: the first added sees an envelope first.
    pub fn layer<New>(self, layer: New) -> Spawn<A, Stack<L, New>, Count, W> {
        let Self {
            swarm,
            factories,
            mut options,
            layers,
            around,
            queue,
            count,
        } = self;
        options.is_layered = true;
        Spawn {
            swarm,
            factories,
            options,
            layers: Stack::new(layers, layer),
            around,
            queue,
            count,
        }
    }

    /// Puts a layer around the handler, inside those added before: the first added is the outermost.
    pub fn around<New>(self, layer: New) -> Spawn<A, L, Count, Stack<W, New>> {
        let Self {
            swarm,
            factories,
            mut options,
            layers,
            around,
            queue,
            count,
        } = self;
        options.is_wrapped = true;
        Spawn {
            swarm,
            factories,
            options,
            layers,
            around: Stack::new(around, layer),
            queue,
            count,
        }
    }
}

impl<A, L, Count, W> Spawn<A, L, Count, W>
where
    A: Agent,
    L: Layer<Identity, Outer: Inbound<A>> + Clone,
    W: Layer<Direct, Outer: Handler<A>> + Clone,
{
    async fn run(mut self) -> Result<Vec<AgentRef<A>>, SpawnError> {
        self.options.validate()?;
        let bound = self.queue.take();
        let prefetch = bound.as_ref().map_or(0, |bound| bound.prefetch);
        let line = match bound {
            Some(bound) => {
                self.options.validate_queue(prefetch)?;
                Some(bound.open(&self.swarm).await?)
            }
            None => None,
        };
        let gathering = Arc::new(Gathering::of(self.factories.len()));
        let (swarm, options) = (self.swarm.clone(), self.options.clone());
        let inner = swarm.inner();
        let records = self.records(&gathering, line.as_ref())?;
        let members: Vec<Arc<dyn Member>> = records
            .iter()
            .map(|record| Arc::clone(record) as Arc<dyn Member>)
            .collect();
        inner.enter(&members).map_err(|obstacle| match obstacle {
            Obstacle::NameTaken(name) => SpawnError::NameTaken { name },
            Obstacle::Closed => SpawnError::Ended,
        })?;
        drop(members);
        if let Some(brood) = &options.brood {
            for record in &records {
                brood.adopt(record.id());
            }
        }
        let mut specs: Vec<(AgentId, ChildSpec)> = records
            .iter()
            .map(|record| (record.id(), options.spec(record)))
            .collect();
        if let Some(line) = &line {
            specs.extend(records.iter().map(|record| {
                let courier = Courier::new(record, Arc::clone(line), prefetch);
                (record.id(), courier.spec(options.stop_within))
            }));
        }
        // All are submitted at the first poll: dropped later, this future leaves nobody half spawned.
        inner.start(specs).await;
        if let Some((agent, reason)) = gathering.complete().await.into_iter().next() {
            for record in &records {
                inner.stop(record.id(), Duration::ZERO).await;
            }
            return Err(if inner.is_ending() {
                SpawnError::Ended
            } else {
                SpawnError::Start { agent, reason }
            });
        }
        Ok(records.into_iter().map(AgentRef::new).collect())
    }

    fn records(
        self,
        gathering: &Arc<Gathering>,
        line: Option<&Arc<dyn Line<A::Message>>>,
    ) -> Result<Vec<Arc<Record<A>>>, SpawnError> {
        let Self {
            swarm,
            factories,
            options,
            layers,
            around,
            ..
        } = self;
        let inner = swarm.inner();
        let first = inner.number(factories.len());
        let registered_at = SystemTime::now();
        let record = |(number, factory): (u64, Factory<A>)| {
            let plan = Plan {
                defaults: Arc::clone(&options.defaults),
                inbound: options
                    .is_layered
                    .then(|| Box::new(layers.clone().layer(Identity)) as _),
                around: options
                    .is_wrapped
                    .then(|| Box::new(around.clone().layer(Direct)) as _),
                batch: options.batch,
                factory,
                thread: if options.is_blocking {
                    Some(OwnThread::new().map_err(SpawnError::Thread)?)
                } else {
                    None
                },
                line: line.cloned(),
                registered_at,
            };
            let id = AgentId::new(number, A::kind());
            let mailbox = Mailbox::new(
                id,
                Arc::clone(&options.settings),
                inner.dead_letters.clone(),
            );
            Ok(Arc::new(Record::new(
                mailbox,
                inner,
                Arc::clone(gathering),
                plan,
            )))
        };
        (first..).zip(factories).map(record).collect()
    }
}

/// The future of a spawn.
type Spawning<T> = Pin<Box<dyn Future<Output = Result<T, SpawnError>> + Send>>;

impl<A, L, W> IntoFuture for Spawn<A, L, One, W>
where
    A: Agent,
    L: Layer<Identity, Outer: Inbound<A>> + Clone + Send + Sync + 'static,
    W: Layer<Direct, Outer: Handler<A>> + Clone + Send + Sync + 'static,
{
    type Output = Result<AgentRef<A>, SpawnError>;
    type IntoFuture = Spawning<AgentRef<A>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.run().await?.pop().ok_or(SpawnError::Ended) })
    }
}

impl<A, L, W> IntoFuture for Spawn<A, L, Many, W>
where
    A: Agent,
    L: Layer<Identity, Outer: Inbound<A>> + Clone + Send + Sync + 'static,
    W: Layer<Direct, Outer: Handler<A>> + Clone + Send + Sync + 'static,
{
    type Output = Result<Vec<AgentRef<A>>, SpawnError>;
    type IntoFuture = Spawning<Vec<AgentRef<A>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<A: Agent, L, Count, W> fmt::Debug for Spawn<A, L, Count, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn")
            .field("agents", &self.factories.len())
            .finish_non_exhaustive()
    }
}
