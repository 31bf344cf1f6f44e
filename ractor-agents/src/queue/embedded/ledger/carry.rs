//! What makes an old segment of the log needless.

use super::record::Record;
use super::{Id, Ledger, Place};

impl Ledger {
    /// How many messages, dead letters and fingerprints are of a segment.
    pub(crate) fn live_in(&self, segment: u64) -> usize {
        self.segments.live_in(segment) + self.remembered.live_in(segment)
    }

    /// The oldest segment that anything is of.
    #[cfg(test)]
    pub(crate) fn oldest_segment(&self) -> Option<u64> {
        let oldest = [self.segments.oldest(), self.remembered.oldest_segment()];
        oldest.into_iter().flatten().min()
    }

    /// Up to `count_max` messages and dead letters of a segment, whose payloads are to be copied.
    pub(crate) fn payloads_in(&self, segment: u64, count_max: usize) -> Vec<(Id, Place)> {
        self.segments
            .iter(segment)
            .filter_map(|handle| self.messages.get(handle))
            .map(|message| (message.id, message.place))
            .take(count_max)
            .collect()
    }

    /// Writes what is still needed of `segment` anew, so that it can be retired: the messages of `moves`, each with the place
    /// that its payload has been copied to, and up to `count_max` fingerprints. The records are in segment `into`, as are the
    /// copies. Whether nothing is left; otherwise call it again, also if nothing was left before.
    ///
    /// Other operations may come in between. Only the oldest segment of the log may be retired, only after this has said so for
    /// it, and only when the records are on disk: a younger segment may hold the end of what an older one began, and the last
    /// record written here says again whether the queue is paused, which epoch it is and where the line ends.
    pub(crate) fn carry(
        &mut self,
        segment: u64,
        into: u64,
        moves: &[(Id, Place)],
        count_max: usize,
        out: &mut Vec<Record>,
    ) -> bool {
        for (id, place) in moves {
            if let Some(handle) = self.messages.find(*id)
                && let Some(mut saved) = self.saved(handle)
                && saved.place.segment == segment
            {
                saved.place = *place;
                let message = Box::new(saved);
                self.commit(Record::Carried { message }, out);
            }
        }
        let entries = self.remembered.oldest_in(segment, count_max);
        if !entries.is_empty() {
            let segment = into;
            self.commit(Record::Remembered { segment, entries }, out);
        }
        if self.live_in(segment) > 0 {
            return false;
        }
        let header = Record::Header {
            epoch: self.epoch,
            at: self.now,
            next_order: self.next_order,
            paused: self.paused,
        };
        self.commit(header, out);
        true
    }
}
