//! Taking messages in.

use std::collections::HashMap;

use super::record::{NewMessage, Record};
use super::{Bound, Fingerprint, Id, Ledger};

/// What became of one message of a batch that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// It is in the queue.
    Accepted,
    /// It is not, for it is the same as `of`: one within the window of its fingerprint, gone or not, or one of the same name
    /// that is in the queue or a dead letter.
    Duplicate { of: Id },
}

/// Why nothing was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum Refused {
    /// There is no room now.
    #[error("the queue is full: {0}")]
    Full(Bound),
    /// There is no room for so much even in an empty queue.
    #[error("more than fits into the queue: {0}")]
    NeverFits(Bound),
}

impl Ledger {
    /// Takes in all messages of a batch that are new, in one record, or refuses the batch: [`judge`](Self::judge) and [`take_in`](Self::take_in) in one.
    ///
    /// The outcomes are in the order of the batch.
    ///
    /// # Errors
    /// [`Refused`] when the messages that are new would take the queue over one of its bounds. Nothing has changed then.
    #[cfg(test)]
    pub(crate) fn enqueue(
        &mut self,
        mut batch: Vec<NewMessage>,
        now: u64,
        out: &mut Vec<Record>,
    ) -> Result<Vec<Outcome>, Refused> {
        self.advance(now, out);
        let outcomes = self.judge(&batch)?;
        let mut each = outcomes.iter();
        batch.retain(|_| each.next() == Some(&Outcome::Accepted));
        self.take_in(batch, out);
        Ok(outcomes)
    }

    /// Takes in messages all of which were just [judged](Self::judge) to be acceptable, in one record.
    pub(crate) fn take_in(&mut self, messages: Vec<NewMessage>, out: &mut Vec<Record>) {
        if !messages.is_empty() {
            let enqueued = Record::Enqueued {
                at: self.now,
                first: self.next_order,
                messages,
            };
            self.commit(enqueued, out);
        }
    }

    /// Which messages of a batch can be taken in, in its order, as of the last look at the clock. Places are not looked at.
    ///
    /// # Errors
    /// [`Refused`] when those that are new would take the queue over one of its bounds.
    pub(crate) fn judge(&self, batch: &[NewMessage]) -> Result<Vec<Outcome>, Refused> {
        let mut earlier = Earlier::default();
        let mut wanted = Wanted::default();
        let mut outcomes = Vec::with_capacity(batch.len());
        for message in batch {
            let known = self.known(message).or_else(|| earlier.known(message));
            if let Some(of) = known {
                outcomes.push(Outcome::Duplicate { of });
                continue;
            }
            outcomes.push(Outcome::Accepted);
            wanted.add(message);
            if batch.len() > 1 {
                earlier.add(message);
            }
        }
        self.make_sure_of_room(&wanted)?;
        Ok(outcomes)
    }

    fn known(&self, message: &NewMessage) -> Option<Id> {
        let by_print = message
            .dedup
            .and_then(|dedup| self.remembered.find(dedup.print, self.now));
        by_print.or_else(|| self.messages.find(message.id).map(|_| message.id))
    }

    pub(super) fn make_sure_of_room(&self, wanted: &Wanted) -> Result<(), Refused> {
        let settings = &self.settings;
        let bounds = [
            (
                Bound::Count {
                    max: settings.count_max,
                },
                settings.count_max as u64,
                self.tally.count() as u64,
                wanted.count as u64,
            ),
            (
                Bound::Bytes {
                    max: settings.bytes_max,
                },
                settings.bytes_max,
                self.tally.bytes(),
                wanted.bytes,
            ),
            (
                Bound::Remembered {
                    max: settings.remembered_max,
                },
                settings.remembered_max as u64,
                self.remembered.len() as u64,
                wanted.prints as u64,
            ),
        ];
        for (bound, max, used, wanted) in bounds {
            if wanted > max {
                return Err(Refused::NeverFits(bound));
            }
            // What another opening with a larger bound let in, or one that died with leases, may be over it.
            if wanted > 0 && used.saturating_add(wanted) > max {
                return Err(Refused::Full(bound));
            }
        }
        Ok(())
    }
}

/// What room is asked for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) count: usize,
    pub(super) bytes: u64,
    pub(super) prints: usize,
}

impl Wanted {
    fn add(&mut self, message: &NewMessage) {
        self.count += 1;
        self.bytes += u64::from(message.size);
        self.prints += usize::from(message.dedup.is_some());
    }
}

/// The messages of the same batch that came before.
#[derive(Default)]
struct Earlier {
    ids: HashMap<Id, Id>,
    prints: HashMap<Fingerprint, Id>,
}

impl Earlier {
    fn known(&self, message: &NewMessage) -> Option<Id> {
        let by_print = message
            .dedup
            .and_then(|dedup| self.prints.get(&dedup.print));
        by_print.or_else(|| self.ids.get(&message.id)).copied()
    }

    fn add(&mut self, message: &NewMessage) {
        self.ids.insert(message.id, message.id);
        if let Some(dedup) = message.dedup {
            self.prints.insert(dedup.print, message.id);
        }
    }
}
