//! The table of children: who they are and what each is doing.

use std::collections::HashMap;

use tokio::time::Instant;

use crate::intensity::Window;
use crate::{Backoff, ChildId, ExitReason, Intensity, Kind, Restart, Shutdown};

/// One start of one child: its place in the table and which start it is. Stale reports carry an old epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Run {
    pub(crate) key: u32,
    pub(crate) epoch: u32,
}

/// The part of a child specification that decisions depend on.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) restart: Restart,
    pub(crate) significant: bool,
    pub(crate) kind: Kind,
    pub(crate) shutdown: Shutdown,
    /// The top of a tree: nobody restarts it once it has given up.
    pub(crate) root: bool,
    pub(crate) tuning: Option<Box<Tuning>>,
}

/// Settings few children have of their own.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tuning {
    pub(crate) backoff: Option<Backoff>,
    pub(crate) intensity: Option<Intensity>,
}

/// What a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not running, and nothing is about to change that.
    Down,
    /// Ended; what follows is decided once the current plan is done.
    Ended,
    /// Waits for its own restart.
    Backoff,
    /// Waits for its group's restart.
    Held,
    /// Its turn in a plan of starts has not come yet.
    Queued,
    /// Its start function was called; the start is not over.
    Starting,
    Running,
    /// Asked to stop, or killed.
    Stopping,
}

impl Phase {
    /// Whether there is an actor behind it.
    pub(crate) fn is_live(self) -> bool {
        matches!(self, Self::Starting | Self::Running | Self::Stopping)
    }
}

/// What happens once a stopping child is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It stays in the table; a dynamic supervisor and a temporary child forget it.
    Down,
    /// It stays in the table and comes back with the supervisor.
    Resume,
    /// It is started again with its group.
    Held,
    /// It failed, as its trouble says; restart it by the rules.
    Failed { charged: bool },
    /// Its start failed, as its trouble says.
    FailedStart,
    /// It is started again: its supervisor was restarted.
    Start,
}

/// Why a child was started, which decides what a failure of that start means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The supervisor's own start.
    Init,
    /// `start_child`.
    Added,
    /// `restart_child`.
    Command,
    /// A restart by the rules.
    Restart,
}

/// What is remembered of a child that has failed.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    pub(crate) window: Window,
    pub(crate) attempts: u32,
    pub(crate) last: Option<Instant>,
    pub(crate) reason: Option<ExitReason>,
}

#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about a child; 100,000 of them should stay small"
)]
pub(crate) struct Child {
    pub(crate) id: ChildId,
    pub(crate) policy: Policy,
    /// Start order: later children have larger numbers.
    pub(crate) seq: u64,
    pub(crate) epoch: u32,
    /// How many times it has been started so far, minus one; the number its start function sees.
    pub(crate) incarnation: u64,
    pub(crate) trouble: Option<Box<Trouble>>,
    pub(crate) phase: Phase,
    pub(crate) after: After,
    pub(crate) origin: Origin,
    pub(crate) started_once: bool,
    /// A plan waits for its end.
    pub(crate) awaited: bool,
    pub(crate) killed: bool,
    /// Down only for as long as its supervisor is.
    pub(crate) resume: bool,
    /// Part of the supervisor's own specification.
    pub(crate) initial: bool,
    pub(crate) gave_up: bool,
    /// The next start goes to the relief runtime.
    pub(crate) relief: bool,
}

impl Child {
    pub(crate) fn trouble(&mut self) -> &mut Trouble {
        self.trouble.get_or_insert_default()
    }

    pub(crate) fn run(&self, key: u32) -> Run {
        Run {
            key,
            epoch: self.epoch,
        }
    }
}

/// Children by place and by name.
#[derive(Debug, Default)]
pub(crate) struct Table {
    places: Vec<Option<Child>>,
    free: Vec<u32>,
    names: HashMap<ChildId, u32>,
    /// How many children were ever added to those of the supervisor's own specification.
    added: u64,
    next_epoch: u32,
}

impl Table {
    pub(crate) fn find(&self, id: &ChildId) -> Option<u32> {
        self.names.get(id).copied()
    }

    pub(crate) fn get(&self, key: u32) -> Option<&Child> {
        self.places.get(key as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, key: u32) -> Option<&mut Child> {
        self.places.get_mut(key as usize)?.as_mut()
    }

    pub(crate) fn run(&self, run: Run) -> Option<&Child> {
        self.get(run.key).filter(|child| child.epoch == run.epoch)
    }

    pub(crate) fn run_mut(&mut self, run: Run) -> Option<&mut Child> {
        self.get_mut(run.key)
            .filter(|child| child.epoch == run.epoch)
    }

    /// Takes a child in; `None` if the name is taken or the table is full.
    ///
    /// `initial` is the child's place in the supervisor's own specification, if it is part of it: such children come first.
    pub(crate) fn insert(
        &mut self,
        id: ChildId,
        policy: Policy,
        initial: Option<u32>,
    ) -> Option<u32> {
        if self.names.contains_key(&id) {
            return None;
        }
        let key = match self.free.pop() {
            Some(key) => key,
            None => u32::try_from(self.places.len())
                .ok()
                .filter(|key| *key < u32::MAX)?,
        };
        let seq = if let Some(place) = initial {
            u64::from(place)
        } else {
            self.added += 1;
            u64::from(u32::MAX) + self.added
        };
        let child = Child {
            id: id.clone(),
            policy,
            seq,
            epoch: self.fresh_epoch(),
            incarnation: 0,
            trouble: None,
            phase: Phase::Down,
            after: After::Down,
            origin: Origin::Init,
            started_once: false,
            awaited: false,
            killed: false,
            resume: false,
            initial: initial.is_some(),
            gave_up: false,
            relief: false,
        };
        if let Some(place) = self.places.get_mut(key as usize) {
            *place = Some(child);
        } else {
            self.places.push(Some(child));
        }
        self.names.insert(id, key);
        Some(key)
    }

    pub(crate) fn remove(&mut self, key: u32) -> Option<Child> {
        let child = self.places.get_mut(key as usize)?.take()?;
        self.names.remove(&child.id);
        self.free.push(key);
        Some(child)
    }

    /// A new epoch, different from all that may still be on their way.
    pub(crate) fn fresh_epoch(&mut self) -> u32 {
        self.next_epoch = self.next_epoch.wrapping_add(1);
        self.next_epoch
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Child)> {
        self.places
            .iter()
            .zip(0u32..)
            .filter_map(|(place, key)| place.as_ref().map(|child| (key, child)))
    }

    /// Keys of the children that `wanted` picks, in start order.
    pub(crate) fn in_order(&self, wanted: impl Fn(&Child) -> bool) -> Vec<u32> {
        let mut picked: Vec<(u64, u32)> = self
            .iter()
            .filter(|(_, child)| wanted(child))
            .map(|(key, child)| (child.seq, key))
            .collect();
        picked.sort_unstable();
        picked.into_iter().map(|(_, key)| key).collect()
    }
}
