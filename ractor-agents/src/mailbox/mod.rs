//! The lane mailbox: where an agent's messages wait, and the layers in front of it.
//!
//! ```text
//! tell/ask ──> layers ──> inlet: five lanes, bounded      one short lock, shared by senders
//!                           │ a lane at a time
//!                         outlet: what was taken ahead,   one lock that senders never take
//!                           │     work in flight
//!                         handler
//! ```
//!
//! The mailbox outlives the agent: it belongs to the address, not to the actor. A kill, a panic or a restart loses
//! nothing that waits, and the envelope in flight is given back by a guard. See `docs/semantics.md`.

mod accounting;
mod closing;
mod consume;
pub mod deadline;
pub mod dedup;
mod delayed;
mod gate;
mod hand;
mod in_flight;
mod incarnation;
mod inlet;
mod lanes;
mod layer;
pub mod load_shed;
mod offer;
mod outlet;
mod pick;
mod pulse;
pub mod quarantine;
pub mod rate_limit;
mod refusal;
pub mod retry;
mod settings;
mod standing;
mod tally;
pub mod trace;
pub mod ttl;
mod waiting;
mod watch;

use std::any::Any;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::SystemTime;

use parking_lot::Mutex;
use supervisors::Alarm;

pub use accounting::Accounting;
pub(crate) use closing::Left;
pub(crate) use consume::{Next, Unparked};
pub(crate) use gate::Gate;
pub(crate) use hand::Hand;
use inlet::Inlet;
pub(crate) use inlet::Room;
pub use layer::{Identity, Inbound, Layer, Stack};
pub(crate) use offer::Ended;
pub use offer::Offer;
use outlet::Outlet;
pub(crate) use outlet::Phase;
pub(crate) use pulse::Pulse;
pub use refusal::Refusal;
pub(crate) use settings::Settings;
pub use settings::{Aging, LaneLimit, Overflow};
pub(crate) use standing::Standing;
use standing::Standings;
pub(crate) use waiting::Ticket;

use tally::{Arrivals, Ends};

use crate::agent::{Agent, AgentId, ReplyTo, Status};
use crate::dead_letter::{DeadLetter, DeadLetters, Reason};
use crate::message::{Envelope, Extras, MessageId, Moment, Payload, Stamp};

/// Where one agent's messages wait.
///
/// [Layers](Layer) stand in front of it; the innermost offers to it.
// In this order, so that senders and the consumer do not write to each other's cache lines, nor to those that both read.
#[repr(C)]
pub struct Mailbox<A: Agent> {
    arrivals: Arrivals,
    inlet: Mutex<Inlet<A>>,
    /// One bit per lane that holds something. Written under the inlet's lock, when it changes; the consumer's look at it
    /// before each envelope is only a hint.
    hint: AtomicU32,
    /// After how many envelopes the consumer tells the senders that room came free.
    settle_after: u32,
    standings: Standings,
    settings: Arc<Settings>,
    id: AgentId,
    alarm: OnceLock<Alarm>,
    dead_letters: DeadLetters,
    /// Its first half, which is seldom written, keeps senders and the consumer apart.
    pulse: Pulse,
    ends: Ends,
    /// Locked before the inlet where both are needed. Senders never take it.
    outlet: Mutex<Outlet<A>>,
}

impl<A: Agent> Mailbox<A> {
    pub(crate) fn new(id: AgentId, settings: Arc<Settings>, dead_letters: DeadLetters) -> Self {
        Self {
            arrivals: Arrivals::default(),
            inlet: Mutex::new(Inlet::new()),
            hint: AtomicU32::new(0),
            alarm: OnceLock::new(),
            pulse: Pulse::default(),
            ends: Ends::default(),
            outlet: Mutex::new(Outlet::new()),
            standings: Standings::default(),
            settle_after: pick::settle_after(settings.depth_min()),
            id,
            settings,
            dead_letters,
        }
    }

    /// The agent that it belongs to.
    pub fn agent(&self) -> AgentId {
        self.id
    }

    /// How many messages wait, in all lanes. Advisory: stale when it returns.
    pub fn depth(&self) -> usize {
        let outlet = self.outlet.lock();
        outlet.waiting() + self.inlet.lock().lanes.len()
    }

    /// How many messages are in it or in hand. Takes no lock: as old as the look, and never less than when it began.
    pub(crate) fn load(&self) -> u64 {
        tally::load(&self.arrivals, &self.ends)
    }

    /// The consumer's signs of life.
    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// A heartbeat, of the incarnation of this epoch, whose task it is. True if it had not been responsive.
    #[cold]
    pub(crate) fn beat(&self, epoch: u32, task: &Waker) -> bool {
        self.pulse.beat(epoch, task);
        self.standings.note_unresponsive(false)
    }

    /// Notes what the consumer used, and asks it for a heartbeat. True if it is unresponsive for that reason from now on.
    pub(crate) fn check(&self, now: Moment, missed_max: u32) -> bool {
        self.pulse.check(now) >= missed_max && !self.standings.note_unresponsive(true)
    }

    pub(crate) fn is_responsive(&self) -> bool {
        self.standings.is_responsive()
    }

    /// Whether it takes work and somebody is at it. Takes no lock.
    pub(crate) fn standing(&self) -> Standing {
        self.standings.get()
    }

    /// Whether the gate is closed for good.
    pub(crate) fn is_ending(&self) -> bool {
        matches!(self.inlet.lock().gate, Gate::Draining | Gate::Closed)
    }

    /// Whether nobody will come for what is in line.
    pub(crate) fn is_closed(&self) -> bool {
        self.inlet.lock().gate == Gate::Closed
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A snapshot that balances: both locks are held.
    pub(crate) fn accounting(&self) -> Accounting {
        let outlet = self.outlet.lock();
        let inlet = self.inlet.lock();
        let queued = outlet.waiting() + inlet.lanes.len();
        let waiting = Accounting {
            queued: queued as u64,
            in_flight: outlet.in_flight.len() as u64,
            ..Accounting::default()
        };
        self.ends.accounting() + self.arrivals.accounting() + waiting
    }

    pub(crate) fn status(&self) -> Status {
        let outlet = self.outlet.lock();
        let inlet = self.inlet.lock();
        match (outlet.phase(), inlet.gate) {
            (_, Gate::Closed) => Status::Offline,
            (_, Gate::Draining) => Status::Stopping,
            (_, Gate::Maintenance) => Status::Maintenance,
            (Phase::New | Phase::Starting(_), Gate::Open) => Status::Starting,
            (Phase::Down, Gate::Open) => Status::Error,
            (Phase::Running, Gate::Open) if inlet.is_overloaded(&self.settings) => {
                Status::Overloaded
            }
            (Phase::Running, Gate::Open) if outlet.is_idle() && inlet.lanes.mask() == 0 => {
                Status::Idle
            }
            (Phase::Running, Gate::Open) => Status::Busy,
        }
    }

    fn hint(&self) -> u32 {
        self.hint.load(Ordering::Relaxed)
    }

    /// Only under the inlet's lock.
    fn set_hint(&self, lanes: u32) {
        if self.hint() != lanes {
            self.hint.store(lanes, Ordering::Relaxed);
        }
    }

    /// Asks the supervisors' clock for a look at `due`.
    fn arm(&self, due: Moment) {
        if !due.is_never()
            && let Some(alarm) = self.alarm.get()
        {
            alarm.at(due.instant());
        }
    }

    /// Tells the dead letters and the asker what became of an envelope that the accounting has already let go.
    fn bury(&self, envelope: Buried<A>, reason: Reason) {
        envelope.bury(Some(self.id), &self.dead_letters, reason);
    }

    /// Buries what ended while a message was offered.
    #[cold]
    pub(crate) fn bury_ended(&self, ended: Ended<A>) {
        let Ended(envelope, reason) = ended;
        self.bury(Buried::from(envelope), reason);
    }
}

/// What is left of an envelope at its end. The message is missing where a handler that was cut off still has it.
pub(crate) struct Buried<A: Agent> {
    stamp: Stamp,
    reply: Option<ReplyTo<A::Reply>>,
    extras: Option<Arc<Extras>>,
    message: Option<Payload<A::Message>>,
}

impl<A: Agent> Buried<A> {
    /// Whether it is from a durable queue, where it goes back to.
    fn is_claimed(&self) -> bool {
        let extras = self.extras.as_ref();
        extras.is_some_and(|extras| extras.claim.is_some())
    }

    /// Tells the dead letters and the asker what became of it; `agent` is whose it was, if it was in a mailbox.
    pub(crate) fn bury(self, agent: Option<AgentId>, dead_letters: &DeadLetters, reason: Reason) {
        let end = Extras::end(self.extras.as_ref(), &reason, self.stamp.attempt > 0);
        let Self {
            stamp,
            reply,
            extras,
            message,
        } = self;
        let answer = (reason.clone(), stamp.attempt);
        if end.is_dead_lettered() {
            let extras = extras.map(Arc::unwrap_or_clone).unwrap_or_default();
            let message = message.and_then(Payload::into_inner);
            let boxed = |message| Box::new(message) as Box<dyn Any + Send + Sync>;
            dead_letters.take_in(DeadLetter {
                id: agent.map(|agent| MessageId {
                    agent,
                    number: stamp.number,
                }),
                message_type: std::any::type_name::<A::Message>(),
                priority: stamp.lane,
                reason,
                attempts: stamp.attempt,
                was_ask: stamp.is_ask,
                headers: extras.headers,
                trace: extras.trace,
                at: SystemTime::now(),
                message: Mutex::new(message.map(boxed)),
            });
        }
        // Last: whoever hears that a message failed finds its dead letter.
        if let Some(reply) = reply {
            reply.send(Err(answer));
        }
    }
}

impl<A: Agent> From<Envelope<A>> for Buried<A> {
    fn from(envelope: Envelope<A>) -> Self {
        let Envelope {
            message,
            reply,
            stamp,
            extras,
        } = envelope;
        Self {
            stamp,
            reply,
            extras,
            message: Some(message),
        }
    }
}

impl<A: Agent> fmt::Debug for Mailbox<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox")
            .field("agent", &self.id)
            .field("accounting", &self.accounting())
            .finish_non_exhaustive()
    }
}
