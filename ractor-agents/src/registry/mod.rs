//! Who is in the swarm, what each can do, and how each is doing.
//!
//! An agent is entered when it is spawned and taken out when it has ended for good; restarts change nothing. Whoever looks somebody
//! up waits for nobody: maps in parts, each part locked for as long as one entry is read or written.

mod breaker;
mod capability;
mod checker;
mod entry;
mod host;
mod index;
mod outliers;
mod shards;
mod stats;
mod traits;
mod vitals;
mod watch;

use std::fmt;
use std::sync::Arc;

pub use breaker::{Breaker, Circuit, Trip};
pub use capability::{Capability, CapabilityError, Requirement};
pub(crate) use checker::{Checks, Checkup};
pub use entry::Entry;
pub(crate) use entry::{memory_share, share};
pub(crate) use host::name as host_name;
pub(crate) use index::{Change, Facet, Index, Obstacle};
pub use outliers::Outliers;
pub use stats::RegistryStats;
pub(crate) use traits::Traits;
pub(crate) use vitals::Vitals;
pub use watch::{Filter, Seen, Watch};

use crate::agent::{Agent, AgentId, AgentRef};
use crate::swarm::Inner;

/// Who is in the swarm, what each can do, and how each is doing. Made by [`Swarm::registry`](crate::swarm::Swarm::registry).
///
/// Cheap to clone. It does not keep the swarm alive; of one that has ended it knows nobody.
///
/// # Examples
/// ```
/// # use ractor_agents::prelude::*;
/// # async fn digest(text: String) -> String { text }
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let swarm = Swarm::local();
/// swarm.spawn(digest).name("anna").capability("summarise@2.1").tag("eu").await?;
///
/// let able = swarm.registry().able(&"summarise@^2".parse()?);
/// assert_eq!(able.len(), 1);
/// assert_eq!(able[0].name().map(|name| &**name), Some("anna"));
/// assert_eq!(able[0].load(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Registry {
    swarm: Arc<Inner>,
}

impl Registry {
    pub(crate) fn new(swarm: Arc<Inner>) -> Self {
        Self { swarm }
    }

    fn index(&self) -> &Index {
        &self.swarm.index
    }

    /// The agent of this id, until it has ended.
    pub fn get(&self, id: AgentId) -> Option<Entry> {
        self.index().get(id.number()).map(Entry::new)
    }

    /// The agent of this [name](crate::swarm::Spawn::name), until it has ended.
    pub fn named(&self, name: &str) -> Option<Entry> {
        self.index().by_name(name).map(Entry::new)
    }

    /// The agents of this type, in the order of their spawns.
    pub fn of<A: Agent>(&self) -> Vec<AgentRef<A>> {
        let id = AgentId::new(0, A::kind());
        let kin = self.group(Facet::Kind, id.kind());
        // Two types may have the same short name.
        kin.iter().filter_map(Entry::agent).collect()
    }

    /// The agents of this [kind](AgentId::kind), in the order of their spawns.
    pub fn of_kind(&self, kind: &str) -> Vec<Entry> {
        self.group(Facet::Kind, kind)
    }

    /// The agents marked with this [tag](crate::swarm::Spawn::tag), in the order of their spawns.
    pub fn tagged(&self, tag: &str) -> Vec<Entry> {
        self.group(Facet::Tag, tag)
    }

    /// The agents that can do what is asked for, in the order of their spawns.
    pub fn able(&self, requirement: &Requirement) -> Vec<Entry> {
        let mut able = self.group(Facet::Capability, requirement.name());
        able.retain(|entry| {
            let mut offered = entry.capabilities().iter();
            offered.any(|offered| requirement.accepts(offered))
        });
        able
    }

    /// Everybody, in the order of their spawns.
    pub fn all(&self) -> Vec<Entry> {
        let mut all: Vec<_> = self.index().all().into_iter().map(Entry::new).collect();
        all.sort_unstable_by_key(|entry| entry.id().number());
        all
    }

    /// How many agents there are.
    pub fn len(&self) -> usize {
        self.index().len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Follows who comes and goes, from a snapshot on, without a gap.
    ///
    /// # Examples
    /// ```
    /// # use ractor_agents::prelude::*;
    /// use ractor_agents::registry::{Filter, Seen};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<()> {
    /// let swarm = Swarm::local();
    /// let mut watch = swarm.registry().watch(Filter::all().tag("eu"));
    /// assert!(watch.snapshot().is_empty());
    /// let agent = swarm.spawn(async |text: String| text).tag("eu").await?;
    /// assert!(matches!(watch.next().await, Some(Seen::Registered(entry)) if entry.id() == agent.id()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn watch(&self, filter: Filter) -> Watch {
        Watch::new(&self.swarm, filter)
    }

    /// How the registry and those in it are doing.
    pub fn stats(&self) -> RegistryStats {
        RegistryStats::of(self.index())
    }

    fn group(&self, facet: Facet, name: &str) -> Vec<Entry> {
        let members = self.index().group(facet, name);
        members.into_iter().map(Entry::new).collect()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry")
            .field("agents", &self.len())
            .finish_non_exhaustive()
    }
}
