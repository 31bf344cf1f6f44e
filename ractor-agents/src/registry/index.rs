//! Who is in the swarm, and by what each is found.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, OnceLock};

use hashbrown::Equivalent;
use parking_lot::{Mutex, RwLock};
use tokio::sync::broadcast;

use super::shards::{SHARDS, Shards};
use crate::agent::AgentId;
use crate::swarm::Member;

/// Who is in the swarm. Readers wait for nobody who writes, apart from one entry being written at the time.
pub(crate) struct Index {
    members: Shards<u64, Arc<dyn Member>>,
    names: Shards<Arc<str>, u64>,
    groups: Shards<Key, Arc<Group>>,
    /// Held by whoever changes anything.
    writing: Mutex<Writing>,
    /// Made when somebody listens.
    changes: OnceLock<broadcast::Sender<Change>>,
    /// The numbers of those who started, ended an incarnation, or whose gate was moved. Apart from the changes: routers, who listen to
    /// those, are not woken by every restart. Made when somebody listens.
    standings: OnceLock<broadcast::Sender<u64>>,
}

/// Somebody came or went.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Entered(u64),
    Left(u64),
}

/// How many changes one who listens may be behind. Beyond that, it has to look at everybody again. Source: a guess.
const CHANGES_MAX: usize = 1_024;

#[derive(Default)]
struct Writing {
    is_closed: bool,
}

/// By what agents are found in groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Facet {
    Kind,
    Tag,
    /// By name; the versions are the members' own.
    Capability,
}

/// What several agents may have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key(Facet, Arc<str>);

/// The same, borrowed.
#[derive(Hash)]
struct KeyRef<'a>(Facet, &'a str);

impl Equivalent<Key> for KeyRef<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        self.0 == key.0 && *self.1 == *key.1
    }
}

/// The numbers of those that have it in common. A set, since a swarm that ends takes them out one by one.
type Group = RwLock<BTreeSet<u64>>;

/// Why an agent cannot be entered.
pub(crate) enum Obstacle {
    NameTaken(Arc<str>),
    Closed,
}

impl Index {
    /// How many [parts](Self::part) it has.
    pub(super) const PARTS: usize = SHARDS;

    pub(crate) fn new() -> Self {
        Self {
            members: Shards::new(),
            names: Shards::new(),
            groups: Shards::new(),
            writing: Mutex::default(),
            changes: OnceLock::new(),
            standings: OnceLock::new(),
        }
    }

    /// Enters all of `newcomers`, whose numbers ascend, or none.
    pub(crate) fn enter(&self, newcomers: &[Arc<dyn Member>]) -> Result<(), Obstacle> {
        let writing = self.writing.lock();
        if writing.is_closed {
            return Err(Obstacle::Closed);
        }
        let names = || newcomers.iter().filter_map(|newcomer| newcomer.name());
        if let Some(taken) = names().find(|name| self.names.contains(&***name)) {
            return Err(Obstacle::NameTaken(Arc::clone(taken)));
        }
        if newcomers.len() > 1
            && let Some(name) = names().next()
        {
            return Err(Obstacle::NameTaken(Arc::clone(name)));
        }
        for newcomer in newcomers {
            let number = newcomer.id().number();
            self.members.insert(number, Arc::clone(newcomer));
            if let Some(name) = newcomer.name() {
                self.names.insert(Arc::clone(name), number);
            }
        }
        // Those of one spawn have the same in common.
        if let Some(newcomer) = newcomers.first() {
            let numbers = newcomers.iter().map(|newcomer| newcomer.id().number());
            for key in keys(&**newcomer) {
                self.join(key, numbers.clone());
            }
            numbers.for_each(|number| self.tell(Change::Entered(number)));
        }
        Ok(())
    }

    fn join(&self, key: Key, numbers: impl Iterator<Item = u64>) {
        let group = self.groups.get(&key).unwrap_or_else(|| {
            let group = Arc::<Group>::default();
            self.groups.insert(key, Arc::clone(&group));
            group
        });
        group.write().extend(numbers);
    }

    pub(crate) fn remove(&self, id: AgentId) -> Option<Arc<dyn Member>> {
        let _writing = self.writing.lock();
        let number = id.number();
        let member = self.members.remove(&number)?;
        if let Some(name) = member.name()
            && self.names.get(&**name) == Some(number)
        {
            self.names.remove(&**name);
        }
        for key in keys(&*member) {
            let Some(group) = self.groups.get(&key) else {
                continue;
            };
            let mut numbers = group.write();
            numbers.remove(&number);
            if numbers.is_empty() {
                self.groups.remove(&key);
            }
        }
        self.tell(Change::Left(number));
        Some(member)
    }

    /// Makes the name of one that of another, unless that has one. Never is there a moment without somebody of that name.
    pub(crate) fn pass_name(&self, from: AgentId, to: AgentId) {
        let _writing = self.writing.lock();
        let (Some(from), Some(to)) = (self.get(from.number()), self.get(to.number())) else {
            return;
        };
        if let Some(name) = from.name()
            && to.take_name(Arc::clone(name))
        {
            self.names.insert(Arc::clone(name), to.id().number());
        }
    }

    /// Changes from now on, in their order.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Change> {
        let _writing = self.writing.lock();
        let changes = || broadcast::Sender::new(CHANGES_MAX);
        self.changes.get_or_init(changes).subscribe()
    }

    /// The numbers of those who are in another state, from now on.
    pub(super) fn standings(&self) -> broadcast::Receiver<u64> {
        let standings = || broadcast::Sender::new(CHANGES_MAX);
        self.standings.get_or_init(standings).subscribe()
    }

    /// Tells those who listen that somebody is in another state.
    pub(crate) fn note_standing(&self, number: u64) {
        if let Some(standings) = self.standings.get() {
            // Nobody may be listening any more.
            let _ = standings.send(number);
        }
    }

    fn tell(&self, change: Change) {
        if let Some(changes) = self.changes.get() {
            // Nobody may be listening any more.
            let _ = changes.send(change);
        }
    }

    pub(crate) fn get(&self, number: u64) -> Option<Arc<dyn Member>> {
        self.members.get(&number)
    }

    pub(crate) fn has(&self, number: u64) -> bool {
        self.members.contains(&number)
    }

    pub(crate) fn by_name(&self, name: &str) -> Option<Arc<dyn Member>> {
        self.members.get(&self.names.get(name)?)
    }

    /// Those who have `name` in common, in the order of their spawns.
    pub(crate) fn group(&self, facet: Facet, name: &str) -> Vec<Arc<dyn Member>> {
        let Some(group) = self.groups.get(&KeyRef(facet, name)) else {
            return Vec::new();
        };
        // Copied, so that the group is not held up while its members are looked up.
        let numbers: Vec<u64> = group.read().iter().copied().collect();
        let members = numbers.iter().filter_map(|number| self.members.get(number));
        members.collect()
    }

    /// By which names there is anybody.
    pub(crate) fn names_of(&self, facet: Facet) -> Vec<String> {
        let groups = self.groups.entries().into_iter();
        let of_facet = groups.filter(|(key, _)| key.0 == facet);
        of_facet.map(|(key, _)| key.1.as_ref().to_owned()).collect()
    }

    /// How many have each capability.
    pub(super) fn capabilities(&self) -> BTreeMap<Arc<str>, usize> {
        let groups = self.groups.entries().into_iter();
        groups
            .filter(|(key, _)| key.0 == Facet::Capability)
            .map(|(key, group)| (key.1, group.read().len()))
            .collect()
    }

    /// In the order of their spawns.
    pub(crate) fn ids(&self) -> Vec<AgentId> {
        let mut ids: Vec<_> = self.all().iter().map(|member| member.id()).collect();
        ids.sort_unstable_by_key(AgentId::number);
        ids
    }

    /// In no order.
    pub(crate) fn all(&self) -> Vec<Arc<dyn Member>> {
        self.members.values()
    }

    /// Those of one part, in no order.
    pub(super) fn part(&self, part: usize) -> Vec<Arc<dyn Member>> {
        self.members.part(part)
    }

    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Nobody can be entered any more.
    pub(crate) fn close(&self) {
        self.writing.lock().is_closed = true;
    }
}

/// What `member` is found by besides its number and its name.
fn keys(member: &dyn Member) -> HashSet<Key> {
    let traits = member.traits();
    let tags = traits
        .tags
        .iter()
        .map(|tag| Key(Facet::Tag, Arc::clone(tag)));
    // Several versions of one capability are one key.
    let names = traits.capabilities.iter().map(|one| Arc::clone(one.name()));
    std::iter::once(Key(Facet::Kind, member.id().kind().into()))
        .chain(tags)
        .chain(names.map(|name| Key(Facet::Capability, name)))
        .collect()
}
