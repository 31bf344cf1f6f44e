//! What operators do with dead letters.

use super::enqueue::{Refused, Wanted};
use super::message::{Handle, Stage};
use super::record::Record;
use super::{Cursor, Filter, History, Id, Ledger, Place, Selection};
use crate::message::Priority;
use crate::queue::time;

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeadLetter {
    /// Its name.
    pub(crate) id: Id,
    /// Where its payload is.
    pub(crate) place: Place,
    /// What it counted for, in bytes.
    pub(crate) size: u32,
    /// Which line it was in.
    pub(crate) priority: Priority,
    /// Its group.
    pub(crate) group: Option<Box<str>>,
    /// When it came.
    pub(crate) enqueued_at: u64,
    /// Why and when it died, what went wrong before, and earlier deaths.
    pub(crate) history: History,
    /// The page that begins behind it.
    pub(crate) cursor: Cursor,
}

impl Ledger {
    /// Up to `count_max` dead letters that `filter` means, in the order of their deaths, from behind `after`.
    pub(crate) fn dead_letters(
        &self,
        filter: &Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Vec<DeadLetter> {
        let page = self.dead.page(filter, after, count_max);
        page.into_iter()
            .filter_map(|handle| self.letter(handle))
            .collect()
    }

    /// Puts dead letters back at the end of the line; how many there were. Names and histories are kept, attempts are counted
    /// anew, there is no time to live any more, and fingerprints are not looked at.
    ///
    /// # Errors
    /// [`Refused`] when they would take the queue over one of its bounds. Nothing has changed then.
    pub(crate) fn redrive(
        &mut self,
        selection: &Selection,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Result<usize, Refused> {
        self.advance(now, out);
        let selected = self.selected(selection);
        let mut wanted = Wanted::default();
        for message in selected
            .iter()
            .filter_map(|(_, handle)| self.messages.get(*handle))
        {
            wanted.count += 1;
            wanted.bytes += u64::from(message.size);
        }
        self.make_sure_of_room(&wanted)?;
        for (id, _) in &selected {
            let redriven = Record::Redriven {
                id: *id,
                order: self.next_order,
            };
            self.commit(redriven, out);
        }
        Ok(selected.len())
    }

    /// Drops dead letters for good; how many there were.
    pub(crate) fn discard(
        &mut self,
        selection: &Selection,
        now: u64,
        out: &mut Vec<Record>,
    ) -> usize {
        self.advance(now, out);
        let selected = self.selected(selection);
        for (id, _) in &selected {
            self.commit(Record::Discarded { id: *id }, out);
        }
        selected.len()
    }

    /// Each of them once.
    fn selected(&self, selection: &Selection) -> Vec<(Id, Handle)> {
        let mut seen = std::collections::HashSet::new();
        let handles = match selection {
            Selection::Ids(ids) => ids
                .iter()
                .filter(|id| seen.insert(**id))
                .filter_map(|id| self.messages.find(*id))
                .collect(),
            Selection::Oldest { filter, count_max } => self.dead.page(filter, None, *count_max),
        };
        handles
            .into_iter()
            .filter_map(|handle| Some((handle, self.messages.get(handle)?)))
            .filter(|(_, message)| message.stage == Stage::Dead)
            .map(|(handle, message)| (message.id, handle))
            .collect()
    }

    fn letter(&self, handle: Handle) -> Option<DeadLetter> {
        let message = self.messages.get(handle)?;
        let history = message.history.as_deref()?.clone();
        let at = time::millis(history.dead.as_ref()?.at);
        let group = message.group.and_then(|group| self.groups.key(group));
        Some(DeadLetter {
            id: message.id,
            place: message.place,
            size: message.size,
            priority: message.priority,
            group: group.map(Into::into),
            enqueued_at: message.enqueued_at,
            history,
            cursor: Cursor {
                at,
                order: message.order,
            },
        })
    }
}
