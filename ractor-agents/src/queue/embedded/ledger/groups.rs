//! One at a time and in order: the groups of a queue.

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::message::Handle;
use super::ready::Ready;
use crate::message::Priority;

/// Where in the table a group is. Used anew when its last member is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GroupHandle(u32);

/// The groups that have members, dead letters included, since those may come back.
///
/// Of a group only the first in line is available, and that only while none of the group is on lease or waits for another
/// attempt. Members in line are all in one map: most groups are small, and an empty map of their own would cost each of
/// them more than all the rest.
#[derive(Debug, Default)]
pub(super) struct Groups {
    slots: Vec<Option<Group>>,
    free: Vec<GroupHandle>,
    index: HashTable<GroupHandle>,
    hasher: RandomState,
    /// Members in line.
    lines: BTreeMap<(GroupHandle, u64), Handle>,
}

#[derive(Debug)]
struct Group {
    priority: Priority,
    key: Box<str>,
    members: u32,
    /// Members on lease or between two attempts.
    busy: u32,
    /// The place in line of the member that is available.
    offered: Option<u64>,
}

impl Groups {
    /// The group of this key, with one member more.
    pub(super) fn join(&mut self, priority: Priority, key: &str) -> Option<GroupHandle> {
        let hash = self.hasher.hash_one((priority, key));
        let Self { slots, index, .. } = self;
        let found = index.find(hash, |handle| {
            get(slots, *handle).is_some_and(|group| group.is(priority, key))
        });
        if let Some(handle) = found.copied() {
            self.get_mut(handle)?.members += 1;
            return Some(handle);
        }
        let group = Group {
            priority,
            key: key.into(),
            members: 1,
            busy: 0,
            offered: None,
        };
        let handle = self.put(group)?;
        let Self {
            slots,
            index,
            hasher,
            ..
        } = self;
        index.insert_unique(hash, handle, |handle| {
            get(slots, *handle).map_or(0, |group| hasher.hash_one((group.priority, &*group.key)))
        });
        Some(handle)
    }

    /// One member less.
    pub(super) fn leave(&mut self, handle: GroupHandle) {
        let Some(group) = self.get_mut(handle) else {
            return;
        };
        group.members -= 1;
        if group.members > 0 {
            return;
        }
        let hash = self.hash(handle);
        if let Ok(entry) = self.index.find_entry(hash, |found| *found == handle) {
            entry.remove();
        }
        if let Some(slot) = self.slots.get_mut(handle.0 as usize) {
            *slot = None;
            self.free.push(handle);
        }
    }

    pub(super) fn key(&self, handle: GroupHandle) -> Option<&str> {
        Some(&get(&self.slots, handle)?.key)
    }

    /// A member is in line.
    pub(super) fn enter(
        &mut self,
        group: GroupHandle,
        order: u64,
        member: Handle,
        ready: &mut Ready,
    ) {
        self.lines.insert((group, order), member);
        self.offer(group, ready);
    }

    /// A member is not in line any more.
    pub(super) fn exit(&mut self, group: GroupHandle, order: u64, ready: &mut Ready) {
        self.lines.remove(&(group, order));
        self.offer(group, ready);
    }

    /// A member goes on lease, or waits for another attempt.
    pub(super) fn hold(&mut self, handle: GroupHandle, ready: &mut Ready) {
        if let Some(group) = self.get_mut(handle) {
            group.busy += 1;
        }
        self.offer(handle, ready);
    }

    /// It does so no more.
    pub(super) fn let_go(&mut self, handle: GroupHandle, ready: &mut Ready) {
        if let Some(group) = self.get_mut(handle) {
            group.busy -= 1;
        }
        self.offer(handle, ready);
    }

    /// Members in line that are not available, group by group.
    pub(super) fn behind(&self) -> impl Iterator<Item = Handle> {
        self.lines
            .iter()
            .filter(|((group, order), _)| {
                get(&self.slots, *group).is_some_and(|group| group.offered != Some(*order))
            })
            .map(|(_, member)| *member)
    }

    /// Makes available who should be.
    fn offer(&mut self, handle: GroupHandle, ready: &mut Ready) {
        let first = self
            .lines
            .range((handle, 0)..=(handle, u64::MAX))
            .next()
            .map(|((_, order), member)| (*order, *member));
        let Some(group) = self.get_mut(handle) else {
            return;
        };
        let first = first.filter(|_| group.busy == 0);
        let wanted = first.map(|(order, _)| order);
        if group.offered == wanted {
            return;
        }
        let priority = group.priority;
        if let Some(order) = std::mem::replace(&mut group.offered, wanted) {
            ready.remove(priority, order);
        }
        if let Some((order, member)) = first {
            ready.insert(priority, order, member);
        }
    }

    fn put(&mut self, group: Group) -> Option<GroupHandle> {
        if let Some(handle) = self.free.pop() {
            *self.slots.get_mut(handle.0 as usize)? = Some(group);
            return Some(handle);
        }
        let handle = GroupHandle(u32::try_from(self.slots.len()).ok()?);
        self.slots.push(Some(group));
        Some(handle)
    }

    fn get_mut(&mut self, handle: GroupHandle) -> Option<&mut Group> {
        self.slots.get_mut(handle.0 as usize)?.as_mut()
    }

    fn hash(&self, handle: GroupHandle) -> u64 {
        get(&self.slots, handle).map_or(0, |group| {
            self.hasher.hash_one((group.priority, &*group.key))
        })
    }
}

impl Group {
    fn is(&self, priority: Priority, key: &str) -> bool {
        self.priority == priority && *self.key == *key
    }
}

fn get(slots: &[Option<Group>], handle: GroupHandle) -> Option<&Group> {
    slots.get(handle.0 as usize)?.as_ref()
}
