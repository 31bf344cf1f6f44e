//! One message in memory, and all of them by name.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::groups::GroupHandle;
use super::{History, Id, Place};
use crate::message::Priority;

/// No time: never expires.
pub(super) const NEVER: u64 = u64::MAX;

/// A message or dead letter. 112 bytes, without what is boxed.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) id: Id,
    pub(super) place: Place,
    pub(super) order: u64,
    pub(super) enqueued_at: u64,
    /// 0 for at once.
    pub(super) due: u64,
    /// [`NEVER`] for never.
    pub(super) expires: u64,
    /// The number of the latest lease of this opening, 0 for none.
    pub(super) lease: u64,
    /// Most messages have none.
    pub(super) history: Option<Box<History>>,
    pub(super) size: u32,
    pub(super) attempts: u32,
    pub(super) attempts_max: u32,
    pub(super) group: Option<GroupHandle>,
    pub(super) priority: Priority,
    pub(super) stage: Stage,
    /// How the latest lease ended.
    pub(super) ended: Ended,
    pub(super) is_running: bool,
}

impl Message {
    pub(super) fn is_dead(&self) -> bool {
        self.history
            .as_ref()
            .is_some_and(|history| history.dead.is_some())
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.attempts >= self.attempts_max
    }

    pub(super) fn history_mut(&mut self) -> &mut History {
        self.history.get_or_insert_default()
    }
}

/// Which of the orders a message is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// In none, for a moment.
    Nowhere,
    /// In line.
    Ready,
    /// In line from `due` on.
    Delayed,
    /// On lease; or, while the log is read, with a handler of another process.
    Held,
    /// Among the dead letters.
    Dead,
}

/// How a lease ended that left the message in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// By the clock.
    Expired,
    /// By whoever had it.
    GivenBack,
}

/// Where in the table a message is. Used anew when it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Handle(u32);

impl Handle {
    /// The lowest there is.
    pub(super) const FIRST: Self = Self(0);
}

/// Messages in chunks, so that growing moves none of them, and an index by name.
#[derive(Debug, Default)]
pub(super) struct Messages {
    chunks: Vec<Vec<Slot>>,
    /// Slots that are free, chained.
    free: Option<u32>,
    /// Slots in the chunks.
    slots: u32,
    index: HashTable<Handle>,
    /// Random per table, which nothing but the time of a look-up depends on.
    hasher: RandomState,
}

#[derive(Debug)]
enum Slot {
    Free { next: Option<u32> },
    Taken(Message),
}

/// Slots of a chunk. Source: a guess; 28 KB.
const CHUNK: u32 = 256;

impl Messages {
    pub(super) fn get(&self, handle: Handle) -> Option<&Message> {
        match self.slot(handle.0)? {
            Slot::Taken(message) => Some(message),
            Slot::Free { .. } => None,
        }
    }

    pub(super) fn get_mut(&mut self, handle: Handle) -> Option<&mut Message> {
        match self.slot_mut(handle.0)? {
            Slot::Taken(message) => Some(message),
            Slot::Free { .. } => None,
        }
    }

    pub(super) fn find(&self, id: Id) -> Option<Handle> {
        self.index
            .find(self.hasher.hash_one(id), |handle| self.is(*handle, id))
            .copied()
    }

    /// Takes in a message of a name that is not in here; `None` when four billion are.
    pub(super) fn insert(&mut self, message: Message) -> Option<Handle> {
        let hash = self.hasher.hash_one(message.id);
        let handle = self.take_slot(message)?;
        let Self {
            chunks,
            index,
            hasher,
            ..
        } = self;
        index.insert_unique(hash, handle, |handle| {
            match slot(chunks, handle.0) {
                Some(Slot::Taken(message)) => hasher.hash_one(message.id),
                // No name leads to a free slot.
                _ => 0,
            }
        });
        Some(handle)
    }

    pub(super) fn remove(&mut self, handle: Handle) -> Option<Message> {
        let id = self.get(handle)?.id;
        if let Ok(entry) = self
            .index
            .find_entry(self.hasher.hash_one(id), |found| *found == handle)
        {
            entry.remove();
        }
        let next = self.free;
        let slot = self.slot_mut(handle.0)?;
        let Slot::Taken(message) = std::mem::replace(slot, Slot::Free { next }) else {
            return None;
        };
        self.free = Some(handle.0);
        Some(message)
    }

    fn is(&self, handle: Handle, id: Id) -> bool {
        self.get(handle).is_some_and(|message| message.id == id)
    }

    fn take_slot(&mut self, message: Message) -> Option<Handle> {
        if let Some(number) = self.free {
            let slot = self.slot_mut(number)?;
            let Slot::Free { next } = std::mem::replace(slot, Slot::Taken(message)) else {
                return None;
            };
            self.free = next;
            return Some(Handle(number));
        }
        let number = self.slots;
        self.slots = number.checked_add(1)?;
        if number.is_multiple_of(CHUNK) {
            self.chunks.push(Vec::new());
        }
        self.chunks.last_mut()?.push(Slot::Taken(message));
        Some(Handle(number))
    }

    fn slot(&self, number: u32) -> Option<&Slot> {
        slot(&self.chunks, number)
    }

    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot> {
        self.chunks
            .get_mut((number / CHUNK) as usize)?
            .get_mut((number % CHUNK) as usize)
    }

    #[cfg(test)]
    pub(super) const fn slot_bytes() -> usize {
        size_of::<Slot>()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = (Handle, &Message)> {
        (0..self.slots).filter_map(|number| {
            let handle = Handle(number);
            Some((handle, self.get(handle)?))
        })
    }
}

fn slot(chunks: &[Vec<Slot>], number: u32) -> Option<&Slot> {
    chunks
        .get((number / CHUNK) as usize)?
        .get((number % CHUNK) as usize)
}
