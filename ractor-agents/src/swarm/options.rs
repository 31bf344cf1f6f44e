//! What can be chosen at a spawn.

use std::sync::Arc;
use std::time::Duration;

use supervisors::{Backoff, ChildSpec, Intensity, Restart, Shutdown, Watch};

use super::{SpawnError, Swarm};
use crate::agent::{Agent, Batch, Brood, Defaults, Launch, Record};
use crate::mailbox::Settings;
use crate::registry::CapabilityError;

/// The largest batch. Source: the default depth of a lane.
const BATCH_MAX: usize = 1024;

/// The largest weight. Source: a guess; the sum over 100,000 agents is far from any overflow.
const WEIGHT_MAX: u32 = 10_000;

/// How many messages are on lease for one agent at most. Source: the default depth of a lane.
const PREFETCH_MAX: usize = 1024;

/// What can be chosen, whatever the agent's type.
#[derive(Clone)]
pub(super) struct Options {
    /// Shared with every agent that is spawned with the same; most are spawned with the swarm's own.
    pub(super) settings: Arc<Settings>,
    pub(super) defaults: Arc<Defaults>,
    pub(super) restart: Restart,
    pub(super) intensity: Option<Intensity>,
    pub(super) backoff: Option<Backoff>,
    pub(super) stop_within: Duration,
    pub(super) batch: Option<Batch>,
    pub(super) is_blocking: bool,
    pub(super) brood: Option<Arc<Brood>>,
    pub(super) is_layered: bool,
    pub(super) is_wrapped: bool,
    pub(super) capability_error: Option<CapabilityError>,
}

impl Options {
    pub(super) fn of(swarm: &Swarm) -> Self {
        Self {
            settings: Arc::clone(&swarm.inner().settings),
            defaults: Arc::clone(&swarm.inner().defaults),
            restart: Restart::Transient,
            intensity: None,
            backoff: None,
            stop_within: Duration::from_secs(5),
            batch: None,
            is_blocking: false,
            brood: None,
            is_layered: false,
            is_wrapped: false,
            capability_error: None,
        }
    }

    pub(super) fn validate(&self) -> Result<(), SpawnError> {
        let out_of_range = |option, range| Err(SpawnError::OutOfRange { option, range });
        if self.settings.lanes.iter().any(|lane| lane.depth_max == 0) {
            return out_of_range("depth", "at least 1");
        }
        if self.settings.attempts == 0 {
            return out_of_range("attempts", "at least 1");
        }
        if self.settings.deadline.is_zero() {
            return out_of_range("deadline", "longer than zero");
        }
        if self
            .batch
            .is_some_and(|batch| !(2..=BATCH_MAX).contains(&batch.size_max))
        {
            return out_of_range("batch", "2 to 1,024 messages");
        }
        if let Some(error) = &self.capability_error {
            return Err(SpawnError::Capability(error.clone()));
        }
        let traits = &self.defaults.traits;
        if !(1..=WEIGHT_MAX).contains(&traits.weight) {
            return out_of_range("weight", "1 to 10,000");
        }
        if traits.capacity == Some(0) {
            return out_of_range("capacity", "at least 1 message");
        }
        if self.stop_within.is_zero() {
            return out_of_range("stop_within", "longer than zero");
        }
        Ok(())
    }

    /// Of an agent whose messages go through a durable queue, so many of them ahead.
    pub(super) fn validate_queue(&self, prefetch: usize) -> Result<(), SpawnError> {
        let out_of_range = |option, range| Err(SpawnError::OutOfRange { option, range });
        if self.is_layered {
            return out_of_range("layer", "left out: the agent's messages go through a queue");
        }
        if !(1..=PREFETCH_MAX.min(self.settings.depth_min())).contains(&prefetch) {
            return out_of_range("prefetch", "1 to 1,024, and no more than a lane holds");
        }
        Ok(())
    }

    pub(super) fn spec<A: Agent>(&self, record: &Arc<Record<A>>) -> ChildSpec {
        let leaving = Arc::clone(record);
        let restart = match self.restart {
            Restart::Permanent => Restart::Transient,
            other => other,
        };
        let mut spec = ChildSpec::new(record.id().number(), Launch(Arc::clone(record)))
            .watch(Arc::clone(record) as Arc<dyn Watch>)
            .restart(restart)
            .shutdown(Shutdown::Timeout(self.stop_within))
            .stop_with(Arc::new(move |_| leaving.leave()));
        if let Some(intensity) = self.intensity {
            spec = spec.intensity(intensity);
        }
        if let Some(backoff) = self.backoff {
            spec = spec.backoff(backoff);
        }
        spec
    }
}
