//! Who comes and goes, as it happens.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{Change, Entry, Requirement};
use crate::agent::{AgentId, Status};
use crate::swarm::{Inner, Member};

/// Whom a [`Watch`] is about: everybody, unless narrowed down.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    kind: Option<Arc<str>>,
    tag: Option<Arc<str>>,
    requirement: Option<Requirement>,
}

impl Filter {
    /// Everybody.
    pub fn all() -> Self {
        Self::default()
    }

    /// Only those of this [kind](AgentId::kind).
    pub fn kind(mut self, kind: impl Into<Arc<str>>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// Only those with this tag.
    pub fn tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Only those that can do what is asked for.
    pub fn able(mut self, requirement: Requirement) -> Self {
        self.requirement = Some(requirement);
        self
    }

    fn admits(&self, member: &dyn Member) -> bool {
        let traits = member.traits();
        let is_kind = |kind: &Arc<str>| **kind == *member.id().kind();
        let is_able = |requirement: &Requirement| {
            let mut offered = traits.capabilities.iter();
            offered.any(|offered| requirement.accepts(offered))
        };
        self.kind.as_ref().is_none_or(is_kind)
            && self
                .tag
                .as_ref()
                .is_none_or(|tag| traits.tags.contains(tag))
            && self.requirement.as_ref().is_none_or(is_able)
    }
}

/// What a [`Watch`] sees.
#[derive(Clone, Debug)]
pub enum Seen {
    /// An agent was spawned.
    Registered(Entry),
    /// It started, was restarted, ended an incarnation, was paused or resumed, or is stopping: its status then. Also where it is no
    /// longer [responsive](Entry::is_responsive), or is again, and where it is ejected as an [outlier](super::Outliers).
    ///
    /// What it has to do changes too often to be told: of `Idle`, `Busy` and `Overloaded` it is whichever it was at that moment. Of
    /// changes in quick succession only the last may be seen.
    Status(Entry, Status),
    /// It has ended for good.
    Left(AgentId),
}

impl Seen {
    /// Whom it is about.
    pub fn agent(&self) -> AgentId {
        match self {
            Self::Registered(entry) | Self::Status(entry, _) => entry.id(),
            Self::Left(id) => *id,
        }
    }
}

/// Who comes and goes, from the [snapshot](Self::snapshot) on, without a gap. Made by
/// [`Registry::watch`](super::Registry::watch).
///
/// One that falls more than 1,024 changes behind looks at everybody again and tells what has become of them meanwhile: who came, who
/// left, and what those who stayed are doing.
pub struct Watch {
    swarm: Weak<Inner>,
    filter: Filter,
    changes: Receiver<Change>,
    standings: Receiver<u64>,
    /// Those who were told of and have not left, by number.
    known: HashMap<u64, AgentId>,
    snapshot: Vec<Entry>,
    /// Not told yet.
    seen: VecDeque<Seen>,
}

impl Watch {
    pub(super) fn new(swarm: &Arc<Inner>, filter: Filter) -> Self {
        // In this order, so that nobody who comes in between is missed.
        let changes = swarm.index.changes();
        let standings = swarm.index.standings();
        let mut members = swarm.index.all();
        members.retain(|member| filter.admits(&**member));
        members.sort_unstable_by_key(|member| member.id().number());
        let known = members.iter().map(|member| member.id());
        Self {
            swarm: Arc::downgrade(swarm),
            known: known.map(|id| (id.number(), id)).collect(),
            snapshot: members.into_iter().map(Entry::new).collect(),
            filter,
            changes,
            standings,
            seen: VecDeque::new(),
        }
    }

    /// Those who were there when the watch began, in the order of their spawns.
    pub fn snapshot(&self) -> &[Entry] {
        &self.snapshot
    }

    /// What happens next. `None` when the swarm has ended.
    ///
    /// # Cancel safety
    /// Cancel safe: what was not returned is returned by the next call.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            if let Some(seen) = self.seen.pop_front() {
                return Some(seen);
            }
            let received = tokio::select! {
                biased;
                change = self.changes.recv() => change.map(|change| self.see(change)),
                number = self.standings.recv() => number.map(|number| self.look_at(number)),
            };
            match received {
                Ok(()) => {}
                Err(RecvError::Lagged(_)) => self.look_round(),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn see(&mut self, change: Change) {
        match change {
            Change::Left(number) => {
                let left = self.known.remove(&number).map(Seen::Left);
                self.seen.extend(left);
            }
            Change::Entered(number) => self.look_at(number),
        }
    }

    fn look_at(&mut self, number: u64) {
        let swarm = self.swarm.upgrade();
        let member = swarm.and_then(|swarm| swarm.index.get(number));
        if let Some(member) = member.filter(|member| self.filter.admits(&**member)) {
            self.meet(member);
        }
    }

    /// Tells of one who is there: as new, if it is.
    fn meet(&mut self, member: Arc<dyn Member>) {
        let (id, status) = (member.id(), member.status());
        let is_new = self.known.insert(id.number(), id).is_none();
        let entry = Entry::new(member);
        self.seen.push_back(if is_new {
            Seen::Registered(entry)
        } else {
            Seen::Status(entry, status)
        });
    }

    fn look_round(&mut self) {
        let Some(swarm) = self.swarm.upgrade() else {
            return;
        };
        let mut members = swarm.index.all();
        drop(swarm);
        members.retain(|member| self.filter.admits(&**member));
        members.sort_unstable_by_key(|member| member.id().number());
        let there: HashMap<u64, AgentId> = members
            .iter()
            .map(|member| (member.id().number(), member.id()))
            .collect();
        self.known.retain(|number, id| {
            let stays = there.contains_key(number);
            if !stays {
                self.seen.push_back(Seen::Left(*id));
            }
            stays
        });
        for member in members {
            self.meet(member);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("filter", &self.filter)
            .field("known", &self.known.len())
            .finish_non_exhaustive()
    }
}
