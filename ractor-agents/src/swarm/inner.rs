//! What all handles of a swarm share.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use supervisors::{
    Backoff, ChildSpec, DynamicSupervisor, Intensity, Supervisor, SupervisorRef, System,
};
use tokio::runtime::Handle as RuntimeHandle;
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::{Instant, Timeout};

use super::ending::Ending;
use super::member::Member;
use super::status::KindStatus;
use super::{BuildError, Builder, SwarmStatus};
use crate::agent::{AgentId, Defaults};
use crate::dead_letter::DeadLetters;
use crate::mailbox::Settings;
use crate::message::Clock;
use crate::queue::Queues;
use crate::registry::{Checks, Index, Obstacle, host_name};
use crate::routing::LostAndFound;
use crate::waits::{Before, Edge, Graph, Whom};

/// What all handles of a swarm, its agents and their addresses share.
pub(crate) struct Inner {
    pub(super) system: System,
    pub(super) tree: SupervisorRef,
    partitions: Vec<SupervisorRef>,
    routers: SupervisorRef,
    routers_made: AtomicU32,
    queues: Queues,
    pub(crate) lost_and_found: LostAndFound,
    pub(crate) index: Arc<Index>,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) traces: bool,
    /// Whether it is found out for whom agents wait.
    pub(crate) is_watched: bool,
    /// Who waits for whom, as far as that is found out.
    pub(crate) waits: Graph,
    /// What agents are spawned with that choose nothing else.
    pub(super) settings: Arc<Settings>,
    pub(super) defaults: Arc<Defaults>,
    spawned: AtomicU64,
    /// What became of the messages and restarts of agents that have ended.
    past: Mutex<Kinds>,
    /// Told whenever an agent has ended for good.
    left: Notify,
    pub(super) is_ending: AtomicBool,
    /// Made by the first call of `shutdown`.
    pub(super) ending: OnceLock<Ending>,
}

/// The agents' runtime, if the swarm has one of its own, and the end of everything when the last handle is dropped.
pub(super) struct Handle {
    inner: Arc<Inner>,
    runtime: Option<Runtime>,
}

/// How often an agent may be restarted by default: 10 times in 10 s, then it is given up. Source: a guess, well above
/// OTP's 1 in 5 s, since one poisoned message must not take an agent away from all the others.
pub(super) const INTENSITY: Intensity = Intensity::new(10, Duration::from_secs(10));

/// How often the supervisors of agents may be restarted themselves, and so may couriers. They fail only if they are killed.
const INFRASTRUCTURE: Intensity = Intensity::new(10_000, Duration::from_secs(1));

impl Inner {
    pub(super) fn build(builder: &Builder) -> Result<(Arc<Self>, Arc<Handle>), BuildError> {
        let (system, runtime, own) = runtimes(builder)?;
        let partitions: Vec<SupervisorRef> = (0..builder.partitions)
            .map(|_| {
                let agents = DynamicSupervisor::new()
                    .intensity(INTENSITY)
                    .backoff(Backoff::default());
                agents
                    .abandoned_max(builder.abandoned_max)
                    .forget_given_up(true)
                    .children_on(runtime.clone())
                    .into_ref()
            })
            .collect();
        let mut agents = Supervisor::one_for_one()
            .intensity(INFRASTRUCTURE)
            .backoff(Backoff::NONE);
        for (number, partition) in partitions.iter().enumerate() {
            agents = agents.child(ChildSpec::supervisor(
                format!("agents-{number}"),
                partition.clone(),
            ));
        }
        let routers = DynamicSupervisor::new()
            .intensity(INFRASTRUCTURE)
            .backoff(Backoff::NONE)
            .into_ref();
        // A broker that is lost is not asked again at once.
        let queues = DynamicSupervisor::new()
            .intensity(INFRASTRUCTURE)
            .backoff(Backoff::default())
            .into_ref();
        let clock = if builder.is_test {
            Clock::Tokio
        } else {
            Clock::Coarse
        };
        let index = Arc::new(Index::new());
        let checks = Checks::new(Arc::clone(&index), builder.checkup, clock);
        let tree = Supervisor::one_for_one()
            .intensity(INFRASTRUCTURE)
            .backoff(Backoff::NONE)
            .child(checks.spec())
            .child(ChildSpec::supervisor("queues", queues.clone()))
            .child(ChildSpec::supervisor("routers", routers.clone()))
            .child(ChildSpec::supervisor("agents", agents))
            .into_ref();
        let tree = system
            .launch(tree)
            .map_err(|error| BuildError::Supervisors(error.to_string()))?;
        let node = builder.node.clone();
        let node = node.unwrap_or_else(|| host_name().into());
        let settings = Settings {
            clock,
            ..Settings::default()
        };
        let inner = Arc::new(Self {
            system,
            tree,
            partitions,
            routers,
            routers_made: AtomicU32::new(0),
            queues: Queues::new(queues, builder.broker.clone()),
            lost_and_found: LostAndFound::default(),
            index,
            dead_letters: DeadLetters::new(builder.dead_letters_kept),
            traces: builder.traces,
            is_watched: builder.deadlock_detection,
            waits: Graph::default(),
            settings: Arc::new(settings),
            defaults: Arc::new(Defaults::new(node)),
            spawned: AtomicU64::new(0),
            past: Mutex::default(),
            left: Notify::new(),
            is_ending: AtomicBool::new(false),
            ending: OnceLock::new(),
        });
        let handle = Arc::new(Handle {
            inner: Arc::clone(&inner),
            runtime: own,
        });
        Ok((inner, handle))
    }

    /// Where timers are kept: with the supervisors, since handlers that never await can stop those of the agents.
    pub(crate) fn timers(&self) -> &RuntimeHandle {
        self.system.runtime()
    }

    /// How time is told here.
    pub(crate) fn clock(&self) -> Clock {
        self.settings.clock
    }

    pub(crate) fn routers(&self) -> &SupervisorRef {
        &self.routers
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.queues
    }

    pub(crate) fn next_router(&self) -> u32 {
        self.routers_made.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Numbers for `count` agents; the first is returned.
    pub(super) fn number(&self, count: usize) -> u64 {
        self.spawned.fetch_add(count as u64, Ordering::Relaxed) + 1
    }

    pub(super) fn enter(&self, members: &[Arc<dyn Member>]) -> Result<(), Obstacle> {
        self.index.enter(members)
    }

    /// Starts children, each under its partition. Those that the supervisors refuse are given up at once.
    pub(super) async fn start(&self, specs: Vec<(AgentId, ChildSpec)>) {
        let mut batches: Vec<(Vec<AgentId>, Vec<ChildSpec>)> =
            vec![Default::default(); self.partitions.len()];
        for (id, spec) in specs {
            if let Some((ids, batch)) = batches.get_mut(self.partition_number(id)) {
                ids.push(id);
                batch.push(spec);
            }
        }
        let starting = self
            .partitions
            .iter()
            .zip(batches)
            .map(|(partition, (ids, batch))| async {
                ids.into_iter()
                    .zip(partition.start_children(batch).await)
                    .collect::<Vec<_>>()
            });
        for (id, started) in join_all(starting).await.into_iter().flatten() {
            if let (Err(error), Some(member)) = (started, self.index.get(id.number())) {
                member.give_up(&error.to_string());
            }
        }
    }

    fn partition_number(&self, id: AgentId) -> usize {
        usize::try_from(id.number() % self.partitions.len() as u64).unwrap_or_default()
    }

    fn partition(&self, id: AgentId) -> Option<&SupervisorRef> {
        self.partitions.get(self.partition_number(id))
    }

    /// An agent has ended for good; what became of its messages stays in the sum.
    pub(crate) fn forget(&self, id: AgentId) {
        // Under one lock with the look at everybody else, so that the sum never misses or repeats an agent.
        let mut past = self.past.lock();
        if let Some(member) = self.index.remove(id) {
            kind_of(&mut past, &*member).add_past(&*member);
        }
        drop(past);
        self.left.notify_waiters();
    }

    pub(crate) fn has(&self, id: AgentId) -> bool {
        self.index.has(id.number())
    }

    /// Has an agent finish what it has and end, without waiting for it.
    pub(crate) fn drain(&self, id: AgentId) {
        if let Some(member) = self.index.get(id.number()) {
            member.drain();
        }
    }

    pub(super) fn status(&self) -> SwarmStatus {
        let past = self.past.lock();
        let mut kinds = past.clone();
        for member in self.index.all() {
            kind_of(&mut kinds, &*member).add(&*member);
        }
        drop(past);
        SwarmStatus::of(kinds.into_values().collect())
    }

    pub(super) async fn stop(&self, id: AgentId, limit: Duration) -> bool {
        let (Some(member), Some(partition)) = (self.index.get(id.number()), self.partition(id))
        else {
            return false;
        };
        member.drain();
        let child = id.number().into();
        let begun = Instant::now();
        let drained = async {
            loop {
                let left = self.left.notified();
                if !self.has(id) {
                    return;
                }
                left.await;
            }
        };
        let _in_time = self.within(limit, drained).await;
        if self.has(id) {
            tracing::warn!(agent = %id, after = ?begun.elapsed(), "stopped with work left");
            member.end();
            // It may have ended by itself in between, which is as good.
            let _ = partition.terminate_child(&child).await;
        }
        true
    }

    /// A timeout for callers that may be outside of any runtime.
    pub(crate) fn within<F: Future>(&self, limit: Duration, work: F) -> Timeout<F> {
        let _entered = self.timers().enter();
        tokio::time::timeout(limit, work)
    }

    /// Waits until the last agent has ended.
    pub(super) async fn emptied(&self) {
        loop {
            let left = self.left.notified();
            if self.index.len() == 0 {
                return;
            }
            left.await;
        }
    }

    /// Ends all that are left; returns who they were and how many messages each left.
    pub(super) fn close_all(&self) -> Vec<(AgentId, u64)> {
        let mut unfinished = Vec::new();
        for member in self.index.all() {
            unfinished.push((member.id(), member.close() as u64));
            self.forget(member.id());
        }
        unfinished
    }

    /// Agent `who`, whose edge it is, waits for `whom` and nothing else. If it would wait for itself by that, by way of whom.
    pub(crate) fn wait(
        &self,
        who: AgentId,
        edge: (&Edge, Before),
        whom: Whom,
    ) -> Option<Vec<AgentId>> {
        let find = |number| self.index.get(number);
        self.waits.wait(find, who.number(), edge, whom)
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Acquire)
    }
}

type Kinds = BTreeMap<&'static str, KindStatus>;

fn kind_of<'a>(kinds: &'a mut Kinds, member: &dyn Member) -> &'a mut KindStatus {
    let kind = member.id().kind();
    kinds.entry(kind).or_insert_with(|| KindStatus::new(kind))
}

fn runtimes(builder: &Builder) -> Result<(System, RuntimeHandle, Option<Runtime>), BuildError> {
    let ambient = RuntimeHandle::try_current().ok();
    if builder.is_test {
        let ambient = ambient.ok_or(BuildError::NoRuntime)?;
        return Ok((System::current(), ambient, None));
    }
    let system = System::new().map_err(BuildError::Runtime)?;
    if let Some(runtime) = builder.runtime.clone().or(ambient) {
        return Ok((system, runtime, None));
    }
    let own = tokio::runtime::Builder::new_multi_thread()
        .thread_name("agents")
        .enable_all()
        .build()
        .map_err(BuildError::Runtime)?;
    Ok((system, own.handle().clone(), Some(own)))
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.inner.is_ending.store(true, Ordering::Release);
        self.inner.index.close();
        // First of all: who waits for a timer has its answer before the timers are gone.
        self.inner.close_all();
        self.inner.system.end();
        if let Some(runtime) = self.runtime.take() {
            // Never waits, so that the last handle may be dropped inside async code.
            runtime.shutdown_background();
        }
    }
}
