//! A journal and the reference side by side: every step is taken by both, and both must say the same.

use std::time::Duration;

use super::super::journal::{Error, Journal};
use super::super::ledger::tests::model::Model;
use super::super::ledger::tests::steps::{Choice, Pick, Spec, Step};
use super::super::ledger::{
    Dedup, Ledger, NewMessage, Outcome, Place, Record, Refused, Settings, Snapshot,
};
use super::super::log;
use super::super::log::simulate::Simulated;
use super::Id;
use crate::message::Priority;
use crate::queue::broker::Entry;
use crate::queue::{Cause, Filter, Fingerprint, Payload, Selection, Token, time};

/// Why a step was not taken, or was not taken as the reference takes it.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The disk failed, or the power is off.
    Disk(Error),
    /// The journal is wrong.
    Wrong(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Disk(error)
    }
}

impl From<String> for Trouble {
    fn from(wrong: String) -> Self {
        Self::Wrong(wrong)
    }
}

macro_rules! same {
    ($left:expr, $right:expr, $what:expr) => {
        let (left, right) = (&$left, &$right);
        if left != right {
            return Err(Trouble::Wrong(format!(
                "{}: {left:?} instead of {right:?}",
                $what
            )));
        }
    };
}

/// The journal, and the reference with all that was decided.
pub(super) struct Pair {
    pub(super) journal: Journal,
    pub(super) model: Model,
    pub(super) now: u64,
    settings: Settings,
}

impl Pair {
    /// Opens what is on the disk. It must be what one of `models` says, opened as many times.
    pub(super) fn open(
        disk: &Simulated,
        settings: Settings,
        models: &[Model],
        now: u64,
    ) -> Result<Self, Trouble> {
        let journal = super::open_with(disk, settings, now)?;
        let shown = without_places(journal.ledger().snapshot(now));
        let mut all = Vec::new();
        for before in models {
            let mut model = before.clone();
            model.restart(now, &[])?;
            let expected = without_places(model.snapshot());
            if shown == expected {
                let pair = Self {
                    journal,
                    model,
                    now,
                    settings,
                };
                pair.read_all()?;
                return Ok(pair);
            }
            all.push(format!("{expected:?}"));
        }
        let all = all.join("\nor ");
        Err(Trouble::Wrong(format!("{shown:?}\ninstead of {all}")))
    }

    pub(super) fn settings(&self) -> Settings {
        self.settings
    }

    /// What is in the messages is what was sent.
    fn read_all(&self) -> Result<(), Trouble> {
        for entry in &self.model.messages {
            let saved = &entry.saved;
            let view = self.journal.ledger().find(saved.id);
            let place = view
                .ok_or_else(|| format!("{} is nowhere", saved.id))?
                .place;
            let group = saved.group.as_ref().map_or(0, |group| group.len());
            let read = self.journal.read(place)?;
            same!(
                read,
                payload(saved.id, saved.size as usize - group),
                saved.id
            );
        }
        Ok(())
    }

    /// One step of both. What is decided is not on disk yet.
    pub(super) fn step(&mut self, step: &Step) -> Result<(), Trouble> {
        match step {
            Step::Wait(millis) => {
                self.now += millis;
                self.both(Ledger::advance, |_, _| ())
            }
            Step::Enqueue(specs) => self.enqueue(specs),
            Step::Lease { count, length } => self.both(
                |ledger, now, out| {
                    let leased = ledger.lease(*count, *length, now, out);
                    let leased = leased.iter().map(|leased| (leased.token, leased.attempts));
                    leased.collect::<Vec<_>>()
                },
                |model, _| model.lease(*count, *length),
            ),
            Step::Start(pick) => {
                let token = self.token(*pick);
                self.both(
                    |ledger, now, out| ledger.start(token, now, out),
                    |model, _| model.start(token),
                )
            }
            Step::Ack(pick) => {
                let token = self.token(*pick);
                self.both(
                    |ledger, now, out| ledger.ack(token, now, out),
                    |model, _| model.ack(token),
                )
            }
            Step::Nack(pick, delay) => self.nack(*pick, *delay),
            Step::Extend(pick, length) => {
                let (token, until) = (self.token(*pick), self.now + length);
                self.both(
                    |ledger, now, out| ledger.extend(token, until, now, out),
                    |model, _| model.extend(token, until),
                )
            }
            Step::Release(pick) => {
                let token = self.token(*pick);
                self.both(
                    |ledger, now, out| ledger.release(token, now, out),
                    |model, _| model.release(token),
                )
            }
            Step::Reject(pick) => {
                let token = self.token(*pick);
                self.both(
                    |ledger, now, out| ledger.dead_letter(token, "no such customer", now, out),
                    |model, _| model.reject(token),
                )
            }
            Step::Pause => self.pause(true),
            Step::Resume => self.pause(false),
            Step::Purge => self.both(Ledger::purge, |model, _| model.purge()),
            Step::Redrive(choice) => {
                let selection = self.selection(choice);
                self.both(
                    |ledger, now, out| ledger.redrive(&selection, now, out),
                    |model, _| model.redrive(&selection),
                )
            }
            Step::Discard(choice) => {
                let selection = self.selection(choice);
                self.both(
                    |ledger, now, out| ledger.discard(&selection, now, out),
                    |model, _| model.discard(&selection),
                )
            }
            // These are made by whoever cuts the power, and by the journal itself.
            Step::Restart | Step::Roll | Step::Retire(_) => Ok(()),
        }
    }

    /// What the ledger and the reference say to the same.
    fn both<T: std::fmt::Debug + PartialEq>(
        &mut self,
        real: impl FnOnce(&mut Ledger, u64, &mut Vec<Record>) -> T,
        expected: impl FnOnce(&mut Model, &[Record]) -> T,
    ) -> Result<(), Trouble> {
        let now = self.now;
        let mut records = Vec::new();
        let said = self.journal.change(|ledger, out| {
            let said = real(ledger, now, out);
            records.clone_from(out);
            said
        })?;
        self.model.begin(now, &records)?;
        same!(said, expected(&mut self.model, &records), "said");
        Ok(())
    }

    fn nack(&mut self, pick: Pick, delay: Option<u64>) -> Result<(), Trouble> {
        let token = self.token(pick);
        let cause = Cause::failed("no luck");
        let wrap = |fate| -> Result<_, String> { Ok(fate) };
        self.both(
            |ledger, now, out| wrap(ledger.nack(token, delay, cause, now, out)),
            |model, records| model.nack(token, delay, records),
        )
    }

    fn pause(&mut self, paused: bool) -> Result<(), Trouble> {
        self.both(
            |ledger, now, out| {
                ledger.advance(now, out);
                if paused {
                    ledger.pause(out);
                } else {
                    ledger.resume(out);
                }
            },
            |model, _| model.paused = paused,
        )
    }

    fn enqueue(&mut self, specs: &[Spec]) -> Result<(), Trouble> {
        // So that what the time brings is seen by the reference too.
        self.both(Ledger::advance, |_, _| ())?;
        let window = specs.iter().find_map(|spec| spec.dedup);
        let window = window.map_or(0, |(_, window)| window);
        let batch = specs.iter().map(entry).collect();
        let said = match self.journal.enqueue(batch, window, self.now) {
            Ok(outcomes) => Ok(outcomes),
            Err(Error::Refused(refused)) => Err(refused),
            Err(error) => return Err(error.into()),
        };
        let now = self.now;
        let batch: Vec<_> = specs
            .iter()
            .map(|spec| message(spec, window, now))
            .collect();
        let expected: Result<Vec<Outcome>, Refused> = self.model.enqueue(&batch);
        same!(said, expected, "enqueue");
        Ok(())
    }

    fn token(&self, pick: Pick) -> Token {
        let given = &self.model.given;
        let good: Vec<Token> = self
            .model
            .messages
            .iter()
            .filter_map(|entry| Some(given[entry.lease?].token))
            .collect();
        match pick {
            Pick::Good(at) if !good.is_empty() => good[at % good.len()],
            Pick::Good(at) | Pick::Any(at) if !given.is_empty() => given[at % given.len()].token,
            _ => Token {
                epoch: self.model.epoch,
                number: self.model.leases + 1,
                id: Id(1),
            },
        }
    }

    fn selection(&self, choice: &Choice) -> Selection {
        match choice {
            Choice::Ids(ids) => Selection::Ids(ids.iter().copied().map(Id).collect()),
            Choice::Oldest { kind, age, count } => Selection::Oldest {
                filter: Filter {
                    reason: *kind,
                    since: Some(time::at(self.now.saturating_sub(*age))),
                    before: None,
                },
                count_max: *count,
            },
        }
    }

    /// From here on, all that was said may be answered.
    pub(super) fn commit(&mut self) -> Result<(), Trouble> {
        Ok(self.journal.commit()?)
    }

    pub(super) fn tend(&mut self) -> Result<(), Trouble> {
        match self.journal.tend() {
            Err(Error::Log(log::Error::NoSpace(_))) | Ok(_) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Long enough for segments to be crossed and retired.
fn payload(id: Id, length: usize) -> Vec<u8> {
    vec![id.0.to_le_bytes()[0]; length]
}

fn length(spec: &Spec) -> usize {
    spec.size as usize * 60
}

fn print(print: u8) -> Fingerprint {
    Fingerprint([print; 16])
}

fn entry(spec: &Spec) -> Entry {
    Entry {
        id: Id(spec.id),
        priority: Priority::ALL[spec.priority],
        group: spec.group.map(|key| key.to_string().into()),
        delay: Duration::from_millis(spec.delay.unwrap_or(0)),
        ttl: spec.ttl.map(Duration::from_millis),
        attempts_max: spec.attempts_max,
        print: spec.dedup.map(|(number, _)| print(number)),
        payload: Payload::from_bytes(payload(Id(spec.id), length(spec))),
    }
}

/// What the reference is told of it.
fn message(spec: &Spec, window: u64, now: u64) -> NewMessage {
    let group = spec.group.map(|key| key.to_string());
    let size = length(spec) + group.as_ref().map_or(0, String::len);
    let place = Place {
        segment: 0,
        offset: 0,
        length: 0,
    };
    NewMessage {
        size: u32::try_from(size).expect("it is small"),
        priority: Priority::ALL[spec.priority],
        group: group.map(Into::into),
        due: spec
            .delay
            .filter(|delay| *delay > 0)
            .map(|delay| now + delay),
        expires: spec.ttl.map(|ttl| now + ttl),
        attempts_max: spec.attempts_max,
        dedup: spec.dedup.map(|(number, _)| Dedup {
            print: print(number),
            until: now + window,
        }),
        ..NewMessage::new(Id(spec.id), place)
    }
}

/// Where a payload is does not matter, as long as it can be read.
fn without_places(mut snapshot: Snapshot) -> Snapshot {
    for message in &mut snapshot.messages {
        message.place = Place {
            segment: 0,
            offset: 0,
            length: 0,
        };
    }
    snapshot
}
