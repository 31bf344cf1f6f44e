//! The dead letters, in the order of their deaths.

use std::collections::BTreeSet;

use super::message::Handle;
use super::{Cursor, Filter, ReasonKind};
use crate::queue::time;

/// One set per reason, so that a page by reason costs nothing more than its letters.
#[derive(Debug, Default)]
pub(super) struct Dead {
    exhausted: BTreeSet<Key>,
    expired: BTreeSet<Key>,
    rejected: BTreeSet<Key>,
}

/// When it died, its place in line, and where it is.
pub(super) type Key = (u64, u64, Handle);

impl Dead {
    pub(super) fn set_mut(&mut self, kind: ReasonKind) -> &mut BTreeSet<Key> {
        match kind {
            ReasonKind::Exhausted => &mut self.exhausted,
            ReasonKind::Expired => &mut self.expired,
            ReasonKind::Rejected => &mut self.rejected,
        }
    }

    fn set(&self, kind: ReasonKind) -> &BTreeSet<Key> {
        match kind {
            ReasonKind::Exhausted => &self.exhausted,
            ReasonKind::Expired => &self.expired,
            ReasonKind::Rejected => &self.rejected,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.exhausted.len() + self.expired.len() + self.rejected.len()
    }

    /// The first that died.
    pub(super) fn oldest(&self) -> Option<Handle> {
        let firsts = ReasonKind::ALL
            .iter()
            .filter_map(|kind| self.set(*kind).first());
        Some(firsts.min()?.2)
    }

    /// Up to `count_max` that `filter` means, oldest first, from behind `after`.
    pub(super) fn page(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Vec<Handle> {
        let after = after.map_or((0, 0), |cursor| (cursor.at, cursor.order + 1));
        let from = after.max((filter.since.map_or(0, time::millis), 0));
        let before = filter.before.map_or(u64::MAX, time::millis);
        let mut page: Vec<(u64, u64, Handle)> = ReasonKind::ALL
            .into_iter()
            .filter(|kind| filter.reason.is_none_or(|wanted| wanted == *kind))
            .flat_map(|kind| {
                self.set(kind)
                    .range((from.0, from.1, Handle::FIRST)..)
                    .take_while(|(at, ..)| *at < before)
                    .take(count_max)
                    .copied()
            })
            .collect();
        page.sort_unstable();
        page.truncate(count_max);
        page.into_iter().map(|(.., handle)| handle).collect()
    }
}
