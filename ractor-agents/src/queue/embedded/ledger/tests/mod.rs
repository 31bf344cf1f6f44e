//! What must hold of a ledger: rule by rule, and against a reference model.

mod bounds;
mod carrying;
mod dead_letters;
mod dedup;
mod exhaustive;
mod faults;
mod leases;
mod memory;
pub(crate) mod model;
mod order;
mod properties;
mod records;
mod restarts;
mod rig;
pub(crate) mod steps;

use super::record::{Remembrance, Saved};
use super::*;
use crate::message::Priority;
use crate::queue::options::ATTEMPTS as ATTEMPTS_MAX;
use crate::queue::time;

/// The default window of a queue.
const DEDUP_WINDOW: u64 = 300_000;

/// A ledger that is open, with its log.
struct Desk {
    ledger: Ledger,
    log: Vec<Record>,
    now: u64,
    next_id: u128,
}

/// All that is on disk, in an order that depends on nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) epoch: u64,
    pub(crate) paused: bool,
    pub(crate) next_order: u64,
    pub(crate) messages: Vec<Saved>,
    pub(crate) remembered: Vec<Remembrance>,
}

impl Ledger {
    pub(crate) fn snapshot(&self, now: u64) -> Snapshot {
        let mut messages: Vec<Saved> = self
            .messages
            .iter()
            .filter_map(|(handle, _)| self.saved(handle))
            .collect();
        messages.sort_by_key(|message| message.id);
        let mut remembered: Vec<Remembrance> = self.remembered.iter(now).collect();
        remembered.sort();
        Snapshot {
            epoch: self.epoch,
            paused: self.paused,
            next_order: self.next_order,
            messages,
            remembered,
        }
    }

    fn replay<'a>(settings: Settings, log: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut ledger = Self::new(settings, 2);
        for record in log {
            ledger.apply(record);
        }
        ledger
    }
}

impl Desk {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    fn with(settings: Settings) -> Self {
        let mut desk = Self {
            ledger: Ledger::new(settings, 1),
            log: Vec::new(),
            now: 1_000_000,
            next_id: 0,
        };
        desk.ledger.open(desk.now, &mut desk.log);
        desk
    }

    /// The process dies, and another opens the queue.
    fn restart(&mut self) {
        let settings = self.ledger.settings;
        let replayed = Ledger::replay(settings, &self.log);
        assert_eq!(replayed.snapshot(self.now), self.ledger.snapshot(self.now));
        self.ledger = replayed;
        self.ledger.open(self.now, &mut self.log);
    }

    fn message(&mut self) -> NewMessage {
        self.next_id += 1;
        let place = Place {
            segment: 1,
            offset: 0,
            length: 10,
        };
        NewMessage::new(Id(self.next_id), place)
    }

    fn enqueue(&mut self, batch: Vec<NewMessage>) -> Result<Vec<Outcome>, Refused> {
        self.ledger.enqueue(batch, self.now, &mut self.log)
    }

    /// Enqueues a message with these changes.
    fn put(&mut self, with: impl FnOnce(&mut NewMessage)) -> Id {
        let mut message = self.message();
        with(&mut message);
        let id = message.id;
        assert_eq!(self.enqueue(vec![message]), Ok(vec![Outcome::Accepted]));
        id
    }

    fn put_in(&mut self, priority: Priority) -> Id {
        self.put(|message| message.priority = priority)
    }

    fn put_in_group(&mut self, key: &str) -> Id {
        self.put(|message| message.group = Some(key.into()))
    }

    fn wait(&mut self, millis: u64) {
        self.now += millis;
        self.ledger.advance(self.now, &mut self.log);
    }

    /// Leases one for 30 s.
    fn lease(&mut self) -> Option<Leased> {
        self.lease_many(1).pop()
    }

    fn lease_many(&mut self, count: usize) -> Vec<Leased> {
        self.ledger.lease(count, 30_000, self.now, &mut self.log)
    }

    fn lease_ids(&mut self, count: usize) -> Vec<Id> {
        self.lease_many(count)
            .iter()
            .map(|leased| leased.id)
            .collect()
    }

    fn start(&mut self, token: Token) -> Result<u32, Stale> {
        self.ledger.start(token, self.now, &mut self.log)
    }

    fn ack(&mut self, token: Token) -> Result<(), Stale> {
        self.ledger.ack(token, self.now, &mut self.log)
    }

    fn nack(&mut self, token: Token, delay: Option<u64>) -> Result<Fate, Stale> {
        let cause = Cause::failed("no luck");
        self.ledger
            .nack(token, delay, cause, self.now, &mut self.log)
    }

    fn release(&mut self, token: Token) -> Result<(), ReleaseError> {
        self.ledger.release(token, self.now, &mut self.log)
    }

    fn extend(&mut self, token: Token, until: u64) -> Result<u64, Stale> {
        self.ledger.extend(token, until, self.now, &mut self.log)
    }

    fn reject(&mut self, token: Token) -> Result<(), Stale> {
        self.ledger
            .dead_letter(token, "no such customer", self.now, &mut self.log)
    }

    /// Leases, starts and rejects the next.
    fn kill_next(&mut self) -> Id {
        let leased = self.lease().expect("something is available");
        self.start(leased.token).expect("just leased");
        self.reject(leased.token).expect("just leased");
        leased.id
    }

    fn view(&self, id: Id) -> View {
        self.ledger.find(id).expect("in the queue or dead")
    }

    fn position(&self, id: Id) -> Option<Position> {
        self.ledger.find(id).map(|view| view.position)
    }

    fn letters(&self) -> Vec<DeadLetter> {
        self.ledger
            .dead_letters(&Filter::default(), None, usize::MAX)
    }

    fn letter(&self) -> DeadLetter {
        let mut letters = self.letters();
        assert_eq!(letters.len(), 1, "{letters:?}");
        letters.remove(0)
    }
}
