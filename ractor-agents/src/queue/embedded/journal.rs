//! Ledger and log of one queue: what is in memory, and what is on disk of it.

use std::sync::Arc;

use super::ledger::{Dedup, Fault, Ledger, NewMessage, Outcome, Record, Refused, Settings};
use super::log::{self, Disk, Log, Place};
use crate::codec::{CodecError, decode_bare, encode_bare};
use crate::queue::broker::Entry;
use crate::queue::{Payload, time};

/// The ledger of a queue whose changes go into a log.
///
/// What is in memory may be ahead of the disk until [`commit`](Self::commit) returns: nobody is to be answered before. After an error of the
/// disk it is good for nothing any more, and has to be opened anew.
pub(super) struct Journal {
    log: Log,
    ledger: Ledger,
    /// Decided, and not in the log yet.
    decided: Vec<Record>,
    /// Where records are encoded.
    scratch: Vec<u8>,
}

/// Why a journal cannot go on, or did not take something in.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Log(#[from] log::Error),
    /// A record that no version wrote that this one knows.
    #[error("a record of the queue cannot be read")]
    Record(#[source] CodecError),
    /// Nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What was decided could not be written: what is in memory is not what will be on disk.
    #[error("what was decided cannot be written")]
    Ahead(#[source] log::Error),
}

/// What a record of the log is, in its first byte.
const PAYLOAD: u8 = 0;
const RECORD: u8 = 1;

/// So much of the last segment is kept for what makes room, when the disk is full: acknowledgements, above all. Source: a guess, some ten
/// thousand of them.
const RESERVE: usize = 1 << 20;

/// Bytes of a change, at most, but for those of many messages. Source: two texts of 256 bytes, and as much again.
const CHANGE: usize = 1 << 10;

/// How many payloads are copied at a time, and how many fingerprints, out of a segment that is to be retired. Source: a guess, a
/// millisecond.
const CARRIED: usize = 256;

/// Bytes of a carried message besides its payload, or of a fingerprint, that room is looked for. Source: a guess; twice what a message with a short past takes.
/// Where it is not enough and the disk is full, the queue is opened anew.
const CARRIED_BYTES: usize = 300;

/// How many segments there may be beyond what the messages take, before the oldest is retired. Source: a guess; the other is that a
/// log takes up to four times what is in it.
const SPARE: u64 = 4;
const AMPLIFICATION: u64 = 4;

/// What a message takes in the log besides its payload, and what a fingerprint that outlives its message does, about.
const OVERHEAD: u64 = 150;
const REMEMBRANCE: u64 = 40;

impl Journal {
    /// Opens the queue in `disk`, or begins one there. Blocks for as long as it takes to read the log.
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        options: log::Options,
        settings: Settings,
        seed: u64,
        now: u64,
    ) -> Result<Self, Error> {
        let mut ledger = Ledger::new(settings, seed);
        let mut unreadable = None;
        let log = Log::open(disk, options, |_, bytes| {
            if let Some((&RECORD, record)) = bytes.split_first() {
                match decode_bare(record) {
                    Ok(record) => ledger.apply(&record),
                    Err(error) => unreadable = unreadable.take().or(Some(error)),
                }
            }
        })?;
        if let Some(error) = unreadable {
            return Err(Error::Record(error));
        }
        let mut journal = Self {
            log,
            ledger,
            decided: Vec::new(),
            scratch: Vec::new(),
        };
        journal.change(|ledger, out| ledger.open(now, out))?;
        journal.commit()?;
        Ok(journal)
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Takes all messages of a batch in that are new, or none. Fingerprints are remembered for `window` milliseconds.
    pub(super) fn enqueue(
        &mut self,
        batch: Vec<Entry>,
        window: u64,
        now: u64,
    ) -> Result<Vec<Outcome>, Error> {
        self.change(|ledger, out| ledger.advance(now, out))?;
        let now = self.ledger.now();
        let (messages, payloads): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|entry| split(entry, window, now))
            .unzip();
        let outcomes = self.ledger.judge(&messages)?;
        let payload_bytes = payloads
            .iter()
            .map(|payload| payload.as_bytes().len() + 1)
            .sum();
        let groups = messages.iter().filter_map(|message| message.group.as_ref());
        let groups: usize = groups.map(|group| group.len()).sum();
        let record_bytes = messages.len() * NEW_MESSAGE_MAX + groups;
        self.make_room(messages.len(), payload_bytes, record_bytes)?;
        let mut accepted = Vec::with_capacity(messages.len());
        let each = messages.into_iter().zip(&payloads).zip(&outcomes);
        for ((mut message, payload), outcome) in each {
            if *outcome == Outcome::Accepted {
                message.place = self.append_payload(payload.as_bytes())?;
                accepted.push(message);
            }
        }
        self.change(|ledger, out| ledger.take_in(accepted, out))?;
        Ok(outcomes)
    }

    /// Whatever else changes the ledger, if there is room in the log to say so: otherwise nothing has changed.
    pub(super) fn change_with_room<T>(
        &mut self,
        change: impl FnOnce(&mut Ledger, &mut Vec<Record>) -> T,
    ) -> Result<T, Error> {
        self.log.reserve(1, CHANGE)?;
        self.change(change)
    }

    /// The same for what needs no room, such as a lease, and for what cannot be refused, such as the time.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Ledger, &mut Vec<Record>) -> T,
    ) -> Result<T, Error> {
        let changed = change(&mut self.ledger, &mut self.decided);
        for record in self.decided.drain(..) {
            self.scratch.clear();
            self.scratch.push(RECORD);
            encode_bare(&record, &mut self.scratch).map_err(Error::Record)?;
            self.log.append(&self.scratch).map_err(Error::Ahead)?;
            if self.ledger.has_fault(Fault::BurialInTwoRecords) {
                self.log.commit()?;
            }
        }
        Ok(changed)
    }

    /// Whether everything that was changed is on disk.
    pub(super) fn is_on_disk(&self) -> bool {
        self.decided.is_empty() && self.log.is_on_disk()
    }

    pub(super) fn has_fault(&self, fault: Fault) -> bool {
        self.ledger.has_fault(fault)
    }

    #[cfg(test)]
    pub(super) const fn set_fault(&mut self, fault: Option<Fault>) {
        self.ledger.set_fault(fault);
    }

    /// Brings everything to disk that was changed.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        Ok(self.log.commit()?)
    }

    /// The payload of a message, once that is committed.
    pub(super) fn read(&self, place: Place) -> Result<Vec<u8>, Error> {
        let mut bytes = self.log.reader().read(place)?;
        // What says that it is a payload.
        bytes.remove(0);
        Ok(bytes)
    }

    /// Does a little of what keeps the log fast and small. Says whether there is more to do.
    pub(super) fn tend(&mut self) -> Result<bool, Error> {
        let is_busy = match self.log.tend() {
            // Tried again the next time: what is there goes on.
            Err(log::Error::NoSpace(_)) => false,
            more => more?,
        };
        Ok(self.compact()? || is_busy)
    }

    /// Makes sure that so many payloads fit, and the record that brings them.
    fn make_room(&mut self, count: usize, payloads: usize, record: usize) -> Result<(), Error> {
        let longest = self.log.record_max();
        if record > longest {
            return Err(Error::Log(log::Error::TooLong {
                length: record,
                length_max: longest,
            }));
        }
        // What makes room, acknowledgements above all, must find some when messages find none.
        let spare = RESERVE.min(longest / 4);
        self.log.reserve(count + 1, payloads + record + spare)?;
        Ok(())
    }

    fn append_payload(&mut self, payload: &[u8]) -> Result<Place, Error> {
        self.scratch.clear();
        self.scratch.push(PAYLOAD);
        self.scratch.extend_from_slice(payload);
        Ok(self.log.append(&self.scratch)?)
    }

    /// Moves some of what is still needed out of the oldest segment, if that takes too much room; retires it when nothing is left.
    fn compact(&mut self) -> Result<bool, Error> {
        let segments = self.log.segments();
        let stats = self.ledger.stats();
        let messages = (stats.count() + stats.dead) as u64;
        let remembered = stats.remembered as u64;
        let live = stats.bytes + stats.dead_bytes;
        let live = live + OVERHEAD * messages + REMEMBRANCE * remembered;
        let wanted = live * AMPLIFICATION / self.log.record_max() as u64 + SPARE;
        if segments.current - segments.oldest <= wanted {
            return Ok(false);
        }
        let payloads = self.ledger.payloads_in(segments.oldest, CARRIED);
        let bytes = payloads.iter().map(|(_, place)| place.length as usize);
        let carried = self.ledger.live_in(segments.oldest).min(2 * CARRIED);
        let bytes = bytes.sum::<usize>() + carried * CARRIED_BYTES;
        match self.log.reserve(carried + payloads.len() + 2, bytes) {
            // Tried again the next time, as above.
            Err(log::Error::NoSpace(_)) => return Ok(false),
            reserved => reserved?,
        }
        let mut moves = Vec::new();
        for (id, place) in payloads {
            let payload = self.read(place)?;
            moves.push((id, self.append_payload(&payload)?));
        }
        let into = self.log.segments().current;
        let is_done =
            self.change(|ledger, out| ledger.carry(segments.oldest, into, &moves, CARRIED, out))?;
        self.commit()?;
        if is_done {
            self.log.retire(segments.oldest + 1);
        }
        Ok(true)
    }
}

/// Bytes of a message in a record, at most, without the key of its group.
const NEW_MESSAGE_MAX: usize = 256;

fn as_u32(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// What the ledger is told, with a place that is none yet, and the payload.
fn split(entry: Entry, window: u64, now: u64) -> (NewMessage, Payload) {
    let group = entry.group.as_ref().map_or(0, |group| group.len());
    let nowhere = Place {
        segment: 0,
        offset: 0,
        length: 0,
    };
    let after = |wait| now.saturating_add(time::as_millis(wait));
    let dedup = entry.print.map(|print| Dedup {
        print,
        until: now.saturating_add(window),
    });
    let message = NewMessage {
        id: entry.id,
        place: nowhere,
        size: as_u32(entry.payload.as_bytes().len() + group),
        priority: entry.priority,
        group: entry.group,
        due: (!entry.delay.is_zero()).then(|| after(entry.delay)),
        expires: entry.ttl.map(after),
        attempts_max: entry.attempts_max,
        dedup,
    };
    (message, entry.payload)
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("log", &self.log)
            .finish_non_exhaustive()
    }
}
