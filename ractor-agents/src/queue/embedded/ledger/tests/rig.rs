//! A ledger and the reference side by side, with a log in segments.

use std::collections::BTreeSet;
use std::fmt::Debug;

use super::faults::Fault;
use super::model::Model;
use super::steps::{Choice, Pick, Spec, Step};
use super::*;

pub(super) struct Rig {
    live: Ledger,
    /// Applies the records one by one, as an opening would.
    shadow: Ledger,
    model: Model,
    /// Records and the segments they are in.
    log: Vec<(u64, Record)>,
    segment: u64,
    offset: u32,
    now: u64,
    fault: Option<Fault>,
    /// Kinds of records, and errors.
    pub(super) met: BTreeSet<String>,
}

macro_rules! same {
    ($left:expr, $right:expr, $what:expr) => {
        let (left, right) = (&$left, &$right);
        if left != right {
            return Err(format!("{}: {left:?} instead of {right:?}", $what));
        }
    };
}

impl Rig {
    pub(super) fn new(settings: Settings, fault: Option<Fault>) -> Result<Self, String> {
        let mut rig = Self {
            live: Ledger::new(settings, 7),
            shadow: Ledger::new(settings, 8),
            model: Model::new(settings),
            log: Vec::new(),
            segment: 1,
            offset: 0,
            now: 1_000,
            fault,
            met: BTreeSet::new(),
        };
        rig.live.faults.on = fault;
        rig.open()?;
        Ok(rig)
    }

    /// One step of both, and whether they agree on all that shows.
    pub(super) fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Wait(millis) => {
                self.now += millis;
                self.op(Ledger::advance, |_, ()| Ok(()))
            }
            Step::Enqueue(specs) => self.enqueue(specs),
            Step::Lease { count, length } => self.lease(*count, *length),
            Step::Start(pick) => {
                let token = self.token(*pick);
                self.op(
                    |live, now, out| live.start(token, now, out),
                    |rig, real| {
                        same!(real, rig.model.start(token), "start");
                        Ok(())
                    },
                )
            }
            Step::Ack(pick) => {
                let token = self.token(*pick);
                self.op(
                    |live, now, out| live.ack(token, now, out),
                    |rig, real| {
                        same!(real, rig.model.ack(token), "ack");
                        Ok(())
                    },
                )
            }
            Step::Nack(pick, delay) => self.nack(*pick, *delay),
            Step::Extend(pick, length) => self.extend(*pick, *length),
            Step::Release(pick) => {
                let token = self.token(*pick);
                self.op(
                    |live, now, out| live.release(token, now, out),
                    |rig, real| {
                        same!(real, rig.model.release(token), "release");
                        Ok(())
                    },
                )
            }
            Step::Reject(pick) => {
                let token = self.token(*pick);
                self.op(
                    |live, now, out| live.dead_letter(token, "no such customer", now, out),
                    |rig, real| {
                        same!(real, rig.model.reject(token), "dead_letter");
                        Ok(())
                    },
                )
            }
            Step::Pause => self.pause(true),
            Step::Resume => self.pause(false),
            Step::Purge => self.op(Ledger::purge, |rig, real| {
                same!(real, rig.model.purge(), "purge");
                Ok(())
            }),
            Step::Redrive(choice) => {
                let selection = self.selection(choice);
                self.op(
                    |live, now, out| live.redrive(&selection, now, out),
                    |rig, real| {
                        same!(real, rig.model.redrive(&selection), "redrive");
                        Ok(())
                    },
                )
            }
            Step::Discard(choice) => {
                let selection = self.selection(choice);
                self.op(
                    |live, now, out| live.discard(&selection, now, out),
                    |rig, real| {
                        same!(real, rig.model.discard(&selection), "discard");
                        Ok(())
                    },
                )
            }
            Step::Restart => self.restart(),
            Step::Roll => {
                self.segment += 1;
                self.offset = 0;
                Ok(())
            }
            Step::Retire(count_max) => self.retire(*count_max),
        }
    }

    fn op<T: Debug>(
        &mut self,
        real: impl FnOnce(&mut Ledger, u64, &mut Vec<Record>) -> T,
        expected: impl FnOnce(&mut Self, T) -> Result<(), String>,
    ) -> Result<(), String> {
        self.op_with(real, |rig, outcome, _| expected(rig, outcome))
    }

    fn op_with<T: Debug>(
        &mut self,
        real: impl FnOnce(&mut Ledger, u64, &mut Vec<Record>) -> T,
        expected: impl FnOnce(&mut Self, T, &[Record]) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut records = Vec::new();
        let outcome = real(&mut self.live, self.now, &mut records);
        let told = format!("{outcome:?}");
        if told.starts_with("Err") {
            self.met.insert(told);
        }
        self.model.begin(self.now, &records)?;
        expected(self, outcome, &records)?;
        self.write(records)?;
        self.compare()
    }

    /// Puts records into the log. Whoever is there before and after them is there after each of them.
    fn write(&mut self, records: Vec<Record>) -> Result<(), String> {
        let before = present(&self.shadow);
        let stay: Vec<Id> = before.intersection(&present(&self.live)).copied().collect();
        for record in records {
            let kind = format!("{record:?}");
            self.met.extend(kind.split(' ').next().map(String::from));
            self.shadow.apply(&record);
            let lost = stay.iter().find(|id| self.shadow.find(**id).is_none());
            if let Some(id) = lost {
                return Err(format!("{id} is nowhere after {record:?}"));
            }
            self.log.push((self.segment, record));
        }
        Ok(())
    }

    fn compare(&self) -> Result<(), String> {
        let expected = self.model.snapshot();
        same!(self.live.snapshot(self.now), expected, "live");
        same!(self.shadow.snapshot(self.now), expected, "replayed");
        let mut stats = Stats::default();
        let mut in_queue = BTreeSet::new();
        for entry in &self.model.messages {
            let saved = &entry.saved;
            let position = self.model.position(entry);
            same!(
                self.live.find(saved.id).map(|view| view.position),
                Some(position),
                saved.id
            );
            let lane = &mut stats.lanes[saved.priority.index()];
            match position {
                Position::Ready => lane.ready += 1,
                Position::Delayed { .. } => lane.delayed += 1,
                Position::Leased { .. } => lane.leased += 1,
                Position::Dead => {
                    stats.dead += 1;
                    stats.dead_bytes += u64::from(saved.size);
                    continue;
                }
            }
            in_queue.insert(saved.id);
            stats.bytes += u64::from(saved.size);
        }
        let real = self.live.stats();
        same!(
            (real.lanes, real.bytes, real.dead, real.dead_bytes),
            (stats.lanes, stats.bytes, stats.dead, stats.dead_bytes),
            "stats"
        );
        let peeked: Vec<Id> = self
            .live
            .peek(usize::MAX)
            .iter()
            .map(|view| view.id)
            .collect();
        same!(peeked.len(), in_queue.len(), "peeked");
        same!(
            peeked.into_iter().collect::<BTreeSet<_>>(),
            in_queue,
            "peeked"
        );
        let dead: Vec<Id> = self
            .live
            .dead_letters(&Filter::default(), None, usize::MAX)
            .iter()
            .map(|letter| letter.id)
            .collect();
        let expected: Vec<Id> = self.model.dead().iter().map(|saved| saved.id).collect();
        same!(dead, expected, "dead letters");
        self.compare_due()?;
        let oldest = self
            .model
            .messages
            .iter()
            .map(|entry| entry.saved.place.segment)
            .min();
        if oldest.is_some_and(|oldest| self.live.oldest_segment().is_none_or(|told| told > oldest))
        {
            return Err("a segment in use is not told".into());
        }
        Ok(())
    }

    /// Fingerprints may be freed in between, on a whole second.
    fn compare_due(&self) -> Result<(), String> {
        let (real, expected) = (self.live.next_due(), self.model.next_due());
        let is_freeing = real.is_some_and(|due| {
            due.is_multiple_of(1_000) && expected.is_none_or(|expected| due < expected)
        });
        if !is_freeing {
            same!(real, expected, "next due");
        }
        Ok(())
    }

    fn enqueue(&mut self, specs: &[Spec]) -> Result<(), String> {
        let batch: Vec<NewMessage> = specs.iter().map(|spec| self.message(spec)).collect();
        self.op(
            |live, now, out| live.enqueue(batch.clone(), now, out),
            |rig, real| {
                same!(real, rig.model.enqueue(&batch), "enqueue");
                Ok(())
            },
        )
    }

    fn message(&mut self, spec: &Spec) -> NewMessage {
        let place = Place {
            segment: self.segment,
            offset: self.offset,
            length: spec.size,
        };
        self.offset += spec.size;
        let now = self.now;
        NewMessage {
            priority: Priority::ALL[spec.priority],
            group: spec.group.map(|key| key.to_string().into()),
            due: spec.delay.map(|delay| now + delay),
            expires: spec.ttl.map(|ttl| now + ttl),
            attempts_max: spec.attempts_max,
            dedup: spec.dedup.map(|(print, window)| Dedup {
                print: Fingerprint([print; 16]),
                until: now + window,
            }),
            ..NewMessage::new(Id(spec.id), place)
        }
    }

    fn lease(&mut self, count: usize, length: u64) -> Result<(), String> {
        self.op(
            |live, now, out| live.lease(count, length, now, out),
            |rig, real| {
                let real: Vec<_> = real
                    .iter()
                    .map(|leased| (leased.token, leased.attempts))
                    .collect();
                same!(real, rig.model.lease(count, length), "lease");
                Ok(())
            },
        )
    }

    fn nack(&mut self, pick: Pick, delay: Option<u64>) -> Result<(), String> {
        let token = self.token(pick);
        let cause = Cause::failed("no luck");
        self.op_with(
            |live, now, out| live.nack(token, delay, cause, now, out),
            |rig, real, records| {
                same!(real, rig.model.nack(token, delay, records)?, "nack");
                Ok(())
            },
        )
    }

    fn extend(&mut self, pick: Pick, length: u64) -> Result<(), String> {
        let (token, until) = (self.token(pick), self.now + length);
        self.op(
            |live, now, out| live.extend(token, until, now, out),
            |rig, real| {
                same!(real, rig.model.extend(token, until), "extend");
                Ok(())
            },
        )
    }

    fn pause(&mut self, paused: bool) -> Result<(), String> {
        self.op(
            |live, now, out| {
                live.advance(now, out);
                live.set_paused(paused, out);
            },
            |rig, ()| {
                rig.model.paused = paused;
                Ok(())
            },
        )
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

    fn restart(&mut self) -> Result<(), String> {
        self.rebuild();
        same!(
            self.shadow.snapshot(self.now),
            self.live.snapshot(self.now),
            "read from the log"
        );
        let settings = self.live.settings;
        self.live = Ledger::replay(settings, self.log.iter().map(|(_, record)| record));
        self.live.faults.on = self.fault;
        self.open()
    }

    fn open(&mut self) -> Result<(), String> {
        let mut records = Vec::new();
        self.live.open(self.now, &mut records);
        self.model.restart(self.now, &records)?;
        self.write(records)?;
        self.compare()
    }

    fn rebuild(&mut self) {
        let settings = self.live.settings;
        self.shadow = Ledger::replay(settings, self.log.iter().map(|(_, record)| record));
    }

    fn retire(&mut self, count_max: usize) -> Result<(), String> {
        let Some(oldest) = self.log.first().map(|(segment, _)| *segment) else {
            return Ok(());
        };
        if oldest == self.segment {
            return Ok(());
        }
        loop {
            let mut moves = self.live.payloads_in(oldest, count_max);
            for (id, place) in &mut moves {
                *place = Place {
                    segment: self.segment,
                    offset: self.offset,
                    length: place.length,
                };
                self.offset += place.length;
                let at = self.model.index(*id).ok_or("carried from nowhere")?;
                self.model.messages[at].saved.place = *place;
            }
            let mut records = Vec::new();
            let is_done = self
                .live
                .carry(oldest, self.segment, &moves, count_max, &mut records);
            self.write(records)?;
            self.compare()?;
            if is_done {
                break;
            }
        }
        same!(self.live.live_in(oldest), 0, "left in the segment");
        self.log.retain(|(segment, _)| *segment != oldest);
        self.rebuild();
        self.compare()
    }
}

fn present(ledger: &Ledger) -> BTreeSet<Id> {
    ledger
        .messages
        .iter()
        .map(|(_, message)| message.id)
        .collect()
}
