//! What stays of an agent over its restarts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use ractor::ActorCell;
use supervisors::{
    Alarm, ExitReason, Look, Start, StartContext, StartError, Watch, spawn_now, spawn_now_on,
};
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cell::{Body, Cell};
use super::own_thread::OwnThread;
use super::{Agent, AgentId, AnyHandler, Current, Gathering};
use crate::mailbox::{Gate, Identity, Inbound, Left, Mailbox, Offer, Refusal};
use crate::message::{Envelope, Priority, Stamp};
use crate::queue::Line;
use crate::registry::{Traits, Vitals};
use crate::routing::Lost;
use crate::swarm::Inner;
use crate::waits::Seat;

/// What a restart begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRestart {
    /// The pristine state that was spawned.
    #[default]
    Fresh,
    /// The state as it was, where the agent was killed between or inside handlers; it may be half changed. After a panic
    /// or a failure there is none, and the restart is fresh.
    Resume,
}

/// What messages get that do not say otherwise.
#[derive(Clone, Debug)]
pub(crate) struct Defaults {
    /// What the swarm calls the host.
    pub(crate) node: Arc<str>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) traits: Traits,
    pub(crate) priority: Priority,
    pub(crate) ttl: Option<Duration>,
    /// How long an `ask` waits over all.
    pub(crate) patience: Duration,
    pub(crate) on_restart: OnRestart,
    /// How long the start hook may take.
    pub(crate) start_within: Duration,
}

impl Defaults {
    /// How long an `ask` waits by default. Source: the handler's default deadline.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

    pub(crate) fn new(node: Arc<str>) -> Self {
        Self {
            node,
            name: None,
            traits: Traits::default(),
            priority: Priority::Normal,
            ttl: None,
            patience: Self::PATIENCE,
            on_restart: OnRestart::Fresh,
            start_within: supervisors::START_DEADLINE,
        }
    }
}

/// What makes one agent different from another of its type.
pub(crate) struct Plan<A: Agent> {
    pub(crate) defaults: Arc<Defaults>,
    pub(crate) inbound: Option<Box<dyn Inbound<A>>>,
    pub(crate) around: Option<Box<dyn AnyHandler<A>>>,
    pub(crate) batch: Option<Batch>,
    pub(crate) factory: Box<dyn Fn() -> A + Send + Sync>,
    pub(crate) thread: Option<OwnThread>,
    pub(crate) line: Option<Arc<dyn Line<A::Message>>>,
    pub(crate) registered_at: SystemTime,
}

/// How messages are handled together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) size_max: usize,
    pub(crate) delay_max: Duration,
}

/// What stays of an agent over its restarts: mailbox, factory, settings. Addresses point here.
pub(crate) struct Record<A: Agent> {
    pub(crate) mailbox: Mailbox<A>,
    /// Weak, since the swarm's supervisors hold the record.
    pub(crate) swarm: Weak<Inner>,
    pub(crate) registered_at: SystemTime,
    /// Set at the spawn, or once when it takes the name of another over.
    pub(crate) name: OnceLock<Arc<str>>,
    pub(crate) vitals: OnceLock<Box<Vitals>>,
    /// Whether messages carry trace context.
    pub(crate) traces: bool,
    /// Whether it is found out for whom the agent waits.
    pub(super) is_watched: bool,
    /// For whom it waits.
    pub(crate) seat: Seat,
    /// Whether messages get anything from the agent that they would not have otherwise.
    prepares: bool,
    pub(crate) defaults: Arc<Defaults>,
    /// The durable queue that its messages go through, if they do.
    pub(crate) line: Option<Arc<dyn Line<A::Message>>>,
    /// The layers in front of the mailbox, if any.
    inbound: Option<Box<dyn Inbound<A>>>,
    /// The layers around the handler, if any.
    pub(super) around: Option<Box<dyn AnyHandler<A>>>,
    pub(super) batch: Option<Batch>,
    pub(super) factory: Box<dyn Fn() -> A + Send + Sync>,
    /// The agent's own thread, if it has one.
    thread: Mutex<Option<OwnThread>>,
    /// Who waits for the first start.
    pub(super) gathering: Mutex<Option<Arc<Gathering>>>,
    cancellation: OnceLock<CancellationToken>,
    restarts: AtomicU64,
    /// The actor of the current incarnation.
    actor: Mutex<Option<ActorCell>>,
}

impl<A: Agent> Record<A> {
    pub(crate) fn new(
        mailbox: Mailbox<A>,
        swarm: &Arc<Inner>,
        gathering: Arc<Gathering>,
        plan: Plan<A>,
    ) -> Self {
        let Plan {
            defaults,
            inbound,
            around,
            batch,
            factory,
            thread,
            line,
            registered_at,
        } = plan;
        Self {
            mailbox,
            traces: swarm.traces,
            is_watched: swarm.is_watched,
            seat: Seat::default(),
            prepares: swarm.traces || defaults.ttl.is_some() || line.is_some(),
            swarm: Arc::downgrade(swarm),
            registered_at,
            name: defaults
                .name
                .clone()
                .map(OnceLock::from)
                .unwrap_or_default(),
            vitals: OnceLock::new(),
            defaults,
            line,
            inbound,
            around,
            batch,
            factory,
            thread: Mutex::new(thread),
            gathering: Mutex::new(Some(gathering)),
            cancellation: OnceLock::new(),
            restarts: AtomicU64::new(0),
            actor: Mutex::new(None),
        }
    }

    pub(crate) fn id(&self) -> AgentId {
        self.mailbox.agent()
    }

    /// Tells swarms apart, for as long as they live.
    pub(crate) fn swarm_address(&self) -> usize {
        self.swarm.as_ptr() as usize
    }

    pub(crate) fn restarts(&self) -> u64 {
        self.restarts.load(Ordering::Relaxed)
    }

    /// Gives a message what the agent gives to all of its messages that have none of their own.
    #[cold]
    pub(crate) fn prepare<B: Agent>(&self, envelope: &mut Envelope<B>) {
        if let Some(ttl) = self.defaults.ttl
            && !envelope.has_ttl()
        {
            envelope.set_ttl(ttl);
        }
        if self.traces && envelope.trace().is_none() {
            envelope.trace_from(Current::trace());
        }
    }

    /// Offers what is in `slot`, if there is anything, through the layers, if there are any. The slot is empty afterwards
    /// unless the message is refused.
    pub(crate) fn offer(&self, slot: &mut Option<Envelope<A>>) -> Result<(), Refusal> {
        if self.prepares
            && let Some(envelope) = slot
        {
            if self.line.is_some() {
                return Err(Refusal::OnQueue);
            }
            self.prepare(envelope);
        }
        let mut ended = None;
        let clock = self.mailbox.settings().clock;
        if let Some(envelope) = slot {
            envelope.check_budget(clock).map_err(Refusal::budget)?;
        }
        let Some(offer) = Offer::new(slot, &mut ended, clock) else {
            return Ok(());
        };
        let offered = match &self.inbound {
            None => Identity.offer(offer, &self.mailbox),
            Some(layers) => layers.offer(offer, &self.mailbox),
        };
        if let Some(ended) = ended {
            self.mailbox.bury_ended(ended);
        }
        // Not handed on as it is: a copy right after it was written in parts would have to wait for that.
        offered?;
        Ok(())
    }

    /// Puts what is in `slot` in line, which is from the agent's durable queue: past the layers, which are for senders.
    pub(super) fn admit(&self, slot: &mut Option<Envelope<A>>) -> Result<(), Refusal> {
        let mut ended = None;
        let clock = self.mailbox.settings().clock;
        match Offer::new(slot, &mut ended, clock) {
            Some(offer) => Identity.offer(offer, &self.mailbox),
            None => Ok(()),
        }
    }

    pub(crate) fn cancellation(&self) -> CancellationToken {
        let token = self.cancellation.get_or_init(CancellationToken::new);
        // The other way round in `cancel`: whoever comes second sees the first.
        if self.mailbox.is_ending() {
            token.cancel();
        }
        token.clone()
    }

    fn cancel(&self) {
        if let Some(cancellation) = self.cancellation.get() {
            cancellation.cancel();
        }
    }

    /// Ends what is left in the mailbox: nobody will come for it. Returns how many that were.
    pub(crate) fn close(&self) -> usize {
        self.close_but(|_| false).failed
    }

    fn close_but(&self, may_move: impl Fn(&Stamp) -> bool) -> Left<A> {
        let left = self.mailbox.close(may_move);
        self.cancel();
        *self.actor.lock() = None;
        left
    }

    /// The agent has ended for good, or will never start: whoever waits for its start is told why. May be called again.
    pub(crate) fn give_up(&self, why: &str) {
        let gathering = self.gathering.lock().take();
        if let Some(gathering) = gathering {
            gathering.fail(self.id(), why.to_owned());
        }
        let swarm = self.swarm.upgrade();
        let left = self.close_but(|stamp| {
            let swarm = swarm.as_ref();
            swarm.is_some_and(|swarm| swarm.lost_and_found.has(stamp.router))
        });
        self.thread.lock().take();
        if let Some(swarm) = swarm {
            swarm.forget(self.id());
            for envelope in left.moved {
                let lost = Lost::new(envelope, self.id(), &swarm);
                swarm.lost_and_found.hand_in(lost);
            }
        }
    }

    /// Tells those who watch the registry that the agent is in another state.
    pub(super) fn note_standing(&self) {
        if let Some(swarm) = self.swarm.upgrade() {
            swarm.index.note_standing(self.id().number());
        }
    }

    /// Takes the agent out of service, or puts it back.
    pub(super) fn set_gate(&self, gate: Gate) {
        self.mailbox.set_gate(gate);
        self.note_standing();
    }

    /// Begins an orderly stop: nothing new is taken, what is in line is handled.
    pub(crate) fn drain(&self) {
        self.set_gate(Gate::Draining);
        self.cancel();
    }

    /// Has the current incarnation end after what it has in hand, on its supervisor's behalf. The rest stays in line: the
    /// supervisor may start another.
    pub(crate) fn leave(&self) {
        self.mailbox.leave();
    }

    pub(crate) fn kill(&self) -> bool {
        let actor = self.actor.lock().clone();
        actor.as_ref().inspect(|actor| actor.kill()).is_some()
    }

    /// Kills the current incarnation and has none follow: what is left ends with the agent.
    pub(crate) fn end(&self) {
        self.mailbox.set_gate(Gate::Closed);
        self.kill();
    }

    /// The runtime of the agent's own thread, if it has one: a new one if the old one is taken by a handler that was cut
    /// off.
    fn own_thread(&self, is_taken: bool) -> Result<Option<Handle>, StartError> {
        let mut thread = self.thread.lock();
        if thread.is_some() && is_taken {
            let fresh = OwnThread::new().map_err(|error| StartError::Failed(error.to_string()))?;
            *thread = Some(fresh);
        }
        Ok(thread.as_ref().map(OwnThread::handle))
    }

    pub(super) fn set_actor(&self, actor: ActorCell) {
        *self.actor.lock() = Some(actor);
    }

    pub(crate) fn actor(&self) -> Option<ActorCell> {
        self.actor.lock().clone()
    }
}

/// Starts the incarnations of an agent.
pub(crate) struct Launch<A: Agent>(pub(crate) Arc<Record<A>>);

impl<A: Agent> Start for Launch<A> {
    fn start(&self, cx: &StartContext<'_>) -> Result<ActorCell, StartError> {
        let record = &self.0;
        if record.mailbox.is_closed() {
            return Err(StartError::Ignore);
        }
        let resumed = match record.defaults.on_restart {
            OnRestart::Fresh => None,
            OnRestart::Resume => cx
                .take_state()
                .and_then(|mut state| state.take::<Body<A>>().ok()),
        };
        let restarted =
            (cx.incarnation() > 0).then(|| cx.reason().cloned().unwrap_or(ExitReason::Killed));
        if restarted.is_some() {
            record.restarts.fetch_add(1, Ordering::Relaxed);
        }
        let body = Body::new(resumed.and_then(Body::into_agent), restarted);
        let cell = Cell {
            record: Arc::clone(record),
            epoch: record.mailbox.hand_over(),
        };
        match record.own_thread(cx.on_relief())? {
            Some(thread) => spawn_now_on(cell, body, cx, &thread),
            None => spawn_now(cell, body, cx),
        }
    }
}

impl<A: Agent> Watch for Record<A> {
    fn attach(&self, alarm: Alarm) {
        self.mailbox.attach(alarm);
    }

    fn look(&self, now: Instant) -> Look {
        self.mailbox.look(now.into())
    }

    fn fence(&self) {
        self.mailbox.fence();
    }

    fn ended(&self) {
        self.give_up("it ended before it had started");
    }
}
