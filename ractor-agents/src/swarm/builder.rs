//! A swarm with other defaults.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::{BuildError, Inner, Swarm};
use crate::dead_letter::DeadLetters;
use crate::queue::Broker;
use crate::registry::{Checkup, Outliers};

/// The least time between heartbeats. Source: a guess, a few ticks of the coarse clock.
const HEARTBEAT_MIN: Duration = Duration::from_millis(10);

/// From how many missed heartbeats on an agent may be taken for unresponsive, at most. Source: a guess.
const MISSED_MAX: u32 = 1_000;

/// Builds a [`Swarm`] with other defaults. Made by [`Swarm::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    pub(super) runtime: Option<Handle>,
    pub(super) is_test: bool,
    pub(super) partitions: usize,
    pub(super) dead_letters_kept: usize,
    pub(super) abandoned_max: usize,
    pub(super) traces: bool,
    pub(super) deadlock_detection: bool,
    pub(super) checkup: Checkup,
    pub(super) node: Option<Arc<str>>,
    pub(super) broker: Option<Arc<dyn Broker>>,
}

impl Builder {
    /// Runs agents on `runtime`. Default: the current one, or, outside of any, one of the swarm's own. A swarm for
    /// [tests](Self::test) is on the current one in any case.
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// For tests: everything, supervisors and their clock included, runs on the current runtime, so that its time can be
    /// paused. A handler that never awaits then stops everything, unless it is on a thread of its own. Outside of any
    /// runtime, [`build`](Self::build) fails. Default: off.
    pub fn test(mut self) -> Self {
        self.is_test = true;
        self
    }

    /// How many dynamic supervisors share the agents, 1 to 64. Default: 4. Source: a guess; one does for 100,000 agents,
    /// and a killed one takes its agents through a restart.
    pub fn partitions(mut self, partitions: usize) -> Self {
        self.partitions = partitions;
        self
    }

    /// How many dead letters are kept, the newest; older ones stay counted. 0 keeps none. Default: 1,024.
    pub fn dead_letters_kept(mut self, kept: usize) -> Self {
        self.dead_letters_kept = kept;
        self
    }

    /// How many handlers that cannot be killed are borne per partition. One more, and the partition's supervisor escalates:
    /// it stops all of its agents and is restarted with them, their mailboxes kept. Default: 8.
    pub fn abandoned_max(mut self, max: usize) -> Self {
        self.abandoned_max = max;
        self
    }

    /// Sends W3C trace context along with every message: an `ask` is a child of its asker's span, a `tell` starts a
    /// trace of its own. Costs an allocation per message. Default: off.
    pub fn traces(mut self, traces: bool) -> Self {
        self.traces = traces;
        self
    }

    /// Has an agent that asks another fail with [`Deadlock`](crate::agent::AskError::Deadlock) at once if that one waits for it,
    /// directly or by way of others; otherwise both wait until their patience ends. Costs a few dozen nanoseconds per `ask` of an
    /// agent. Default: on.
    pub fn deadlock_detection(mut self, is_on: bool) -> Self {
        self.deadlock_detection = is_on;
        self
    }

    /// Asks each agent for a heartbeat so `often`, at least every 10 ms, and takes it for unresponsive when it missed so many in a row,
    /// 1 to 1,000. [`Duration::MAX`] is never. Default: every 10 s, and 3.
    ///
    /// A heartbeat is a poll of the agent's work, in whatever state that is: whoever cannot be polled sits on its thread, or others sit
    /// on all threads of the runtime. Routers give one that is unresponsive work only if nobody else is left, until it is polled again. It
    /// is not restarted for that: its [deadline](super::Spawn::deadline) sees to it.
    pub fn heartbeat(mut self, often: Duration, missed_max: u32) -> Self {
        self.checkup.every = often;
        self.checkup.missed_max = missed_max;
        self
    }

    /// When an agent does so much worse than others of its kind that routers leave it in peace for a while. They are compared at every
    /// [heartbeat](Self::heartbeat). Default: [`Outliers::default`].
    pub fn outliers(mut self, outliers: Outliers) -> Self {
        self.checkup.outliers = outliers;
        self
    }

    /// What this host is called in the [registry](crate::registry::Entry::node). Default: its host name, or `local` where there is none.
    pub fn node(mut self, name: impl Into<Arc<str>>) -> Self {
        self.node = Some(name.into());
        self
    }

    /// Where [queues](Swarm::queue) are that do not choose a broker themselves. Default: none; then each has to.
    pub fn broker(mut self, broker: impl Broker) -> Self {
        self.broker = Some(Arc::new(broker));
        self
    }

    /// Builds the swarm and starts its supervision tree.
    ///
    /// # Errors
    /// [`BuildError`] if an option is out of range, a runtime cannot be made, or one for tests is missing.
    pub fn build(self) -> Result<Swarm, BuildError> {
        if !(1..=64).contains(&self.partitions) {
            return Err(BuildError::OutOfRange {
                option: "partitions",
                range: "1 to 64",
            });
        }
        if self.checkup.every < HEARTBEAT_MIN {
            return Err(BuildError::OutOfRange {
                option: "heartbeat",
                range: "10 ms or more",
            });
        }
        if !(1..=MISSED_MAX).contains(&self.checkup.missed_max) {
            return Err(BuildError::OutOfRange {
                option: "heartbeat",
                range: "1 to 1,000 missed",
            });
        }
        let (inner, handle) = Inner::build(&self)?;
        Ok(Swarm {
            inner,
            _handle: Some(handle),
        })
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            runtime: None,
            is_test: false,
            partitions: 4,
            dead_letters_kept: DeadLetters::KEEP_DEFAULT,
            abandoned_max: supervisors::ABANDONED_MAX,
            traces: false,
            deadlock_detection: true,
            checkup: Checkup::default(),
            node: None,
            broker: None,
        }
    }
}
