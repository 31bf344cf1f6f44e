//! The reference: a list of messages and full scans. Written from the rules, not from the ledger.

use std::collections::HashSet;

use super::*;

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) settings: Settings,
    pub(crate) now: u64,
    pub(crate) epoch: u64,
    pub(crate) paused: bool,
    pub(crate) next_order: u64,
    pub(crate) messages: Vec<Entry>,
    pub(crate) prints: Vec<Remembrance>,
    /// Every token that was ever given.
    pub(crate) given: Vec<Given>,
    /// Leases of this opening.
    pub(crate) leases: u64,
    passed: [u32; 5],
    incarnations: u64,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) saved: Saved,
    /// Since it was enqueued or redriven.
    incarnation: u64,
    /// Index into the tokens.
    pub(crate) lease: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Given {
    pub(crate) token: Token,
    until: u64,
    incarnation: u64,
    ended: Option<Stale>,
}

impl Entry {
    pub(crate) fn is_dead(&self) -> bool {
        self.saved.history.dead.is_some()
    }

    fn is_free(&self) -> bool {
        !self.is_dead() && self.lease.is_none()
    }
}

impl Model {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: 0,
            epoch: 0,
            paused: false,
            next_order: 0,
            messages: Vec::new(),
            prints: Vec::new(),
            given: Vec::new(),
            leases: 0,
            passed: [0; 5],
            incarnations: 0,
        }
    }

    /// `records` are those of the ledger's, for the chance in them.
    pub(crate) fn advance(&mut self, now: u64, records: &[Record]) -> Result<(), String> {
        self.now = self.now.max(now);
        let mut over: Vec<(u64, u64, Id)> = self
            .messages
            .iter()
            .filter_map(|entry| {
                let given = &self.given[entry.lease?];
                (given.until <= self.now).then_some((
                    given.until,
                    given.token.number,
                    entry.saved.id,
                ))
            })
            .collect();
        over.sort_unstable();
        for (_, _, id) in over {
            let at = self.index(id).expect("leased");
            let was_running = self.messages[at].saved.is_running;
            self.end_lease(at, Stale::Expired);
            if was_running {
                self.fail(at, Cause::LeaseExpired, None, records)?;
            }
        }
        for at in 0..self.messages.len() {
            let entry = &self.messages[at];
            if !entry.is_dead()
                && !entry.saved.is_running
                && entry
                    .saved
                    .expires
                    .is_some_and(|expires| expires <= self.now)
            {
                self.bury(at, Reason::Expired);
            }
        }
        self.prints.retain(|print| print.until > self.now);
        self.trim();
        Ok(())
    }

    pub(crate) fn index(&self, id: Id) -> Option<usize> {
        self.messages.iter().position(|entry| entry.saved.id == id)
    }

    fn end_lease(&mut self, at: usize, why: Stale) {
        if let Some(lease) = self.messages[at].lease.take() {
            self.given[lease].ended = Some(why);
        }
    }

    fn fail(
        &mut self,
        at: usize,
        cause: Cause,
        delay: Option<u64>,
        records: &[Record],
    ) -> Result<Fate, String> {
        let now = self.now;
        let saved = &mut self.messages[at].saved;
        if !saved.is_running {
            saved.attempts += 1;
        }
        saved.is_running = false;
        let attempt = saved.attempts;
        keep(
            &mut saved.history.failures,
            Failure {
                at: time::at(now),
                attempt,
                cause,
            },
        );
        if saved.attempts >= saved.attempts_max {
            self.bury(at, Reason::Exhausted);
            return Ok(Fate::Dead);
        }
        if saved.expires.is_some_and(|expires| expires <= now) {
            self.bury(at, Reason::Expired);
            return Ok(Fate::Dead);
        }
        let id = saved.id;
        let due = records.iter().find_map(|record| match record {
            Record::Retried { id: of, due, .. } if *of == id => Some(*due),
            _ => None,
        });
        let due = due.ok_or("no record of a retry")?;
        let bound = (0..attempt - 1)
            .fold(self.settings.backoff_base, |bound, _| bound * 2)
            .min(self.settings.backoff_cap);
        match delay {
            Some(delay) if due != now + delay => return Err("not the delay asked for".into()),
            None if due < now || due > now + bound => return Err("backoff out of bounds".into()),
            _ => {}
        }
        saved.due = due;
        Ok(Fate::Retry { due })
    }

    fn bury(&mut self, at: usize, reason: Reason) {
        self.end_lease(at, Stale::Dead);
        let now = self.now;
        let saved = &mut self.messages[at].saved;
        saved.is_running = false;
        saved.history.dead = Some(Death {
            at: time::at(now),
            attempts: saved.attempts,
            reason,
        });
        self.trim();
    }

    fn trim(&mut self) {
        let Some(dead_max) = self.settings.dead_max else {
            return;
        };
        while self.dead().len() > dead_max {
            let id = self.dead()[0].id;
            // Only in position: the loops above go by index.
            let at = self.index(id).expect("dead");
            self.messages[at].saved.id = Id(u128::MAX);
            self.messages[at].saved.history.dead = None;
            self.messages[at].saved.expires = None;
            self.messages[at].saved.is_running = true;
        }
    }

    /// Drops what [`trim`](Self::trim) has marked.
    fn sweep(&mut self) {
        self.messages
            .retain(|entry| entry.saved.id != Id(u128::MAX));
    }

    pub(crate) fn dead(&self) -> Vec<Saved> {
        let mut dead: Vec<Saved> = self
            .messages
            .iter()
            .filter(|entry| entry.is_dead())
            .map(|entry| entry.saved.clone())
            .collect();
        dead.sort_by_key(|saved| {
            (
                saved.history.dead.as_ref().map(|death| death.at),
                saved.order,
            )
        });
        dead
    }

    pub(crate) fn begin(&mut self, now: u64, records: &[Record]) -> Result<(), String> {
        let done = self.advance(now, records);
        self.sweep();
        done
    }

    pub(crate) fn enqueue(&mut self, batch: &[NewMessage]) -> Result<Vec<Outcome>, Refused> {
        let mut outcomes = Vec::new();
        let mut accepted: Vec<&NewMessage> = Vec::new();
        for message in batch {
            let print = message.dedup.map(|dedup| dedup.print);
            let remembered = self.prints.iter().find(|known| Some(known.print) == print);
            let same_print = accepted
                .iter()
                .find(|other| print.is_some() && other.dedup.map(|dedup| dedup.print) == print);
            let same_name = self.index(message.id).is_some()
                || accepted.iter().any(|other| other.id == message.id);
            // The window of what comes with this batch is longer than nothing.
            let of = remembered
                .map(|known| known.of)
                .or_else(|| self.index(message.id).map(|_| message.id))
                .or_else(|| same_print.map(|other| other.id))
                .or_else(|| same_name.then_some(message.id));
            if let Some(of) = of {
                outcomes.push(Outcome::Duplicate { of });
            } else {
                outcomes.push(Outcome::Accepted);
                accepted.push(message);
            }
        }
        let bytes = accepted.iter().map(|message| u64::from(message.size)).sum();
        self.room_for(accepted.len(), bytes)?;
        for message in accepted {
            if let Some(dedup) = message.dedup {
                self.prints.push(Remembrance {
                    print: dedup.print,
                    of: message.id,
                    until: dedup.until,
                });
            }
            self.incarnations += 1;
            self.messages.push(Entry {
                saved: Saved {
                    id: message.id,
                    place: message.place,
                    size: message.size,
                    priority: message.priority,
                    group: message.group.clone(),
                    order: self.next_order,
                    enqueued_at: self.now,
                    due: message.due.unwrap_or(0),
                    expires: message.expires,
                    attempts: 0,
                    attempts_max: message.attempts_max,
                    is_running: false,
                    history: History::default(),
                },
                incarnation: self.incarnations,
                lease: None,
            });
            self.next_order += 1;
        }
        Ok(outcomes)
    }

    fn room_for(&self, count: usize, bytes: u64) -> Result<(), Refused> {
        let alive = || self.messages.iter().filter(|entry| !entry.is_dead());
        let used: u64 = alive().map(|entry| u64::from(entry.saved.size)).sum();
        let count_bound = Bound::Count {
            max: self.settings.count_max,
        };
        let bytes_bound = Bound::Bytes {
            max: self.settings.bytes_max,
        };
        if count > self.settings.count_max {
            Err(Refused::NeverFits(count_bound))
        } else if count > 0 && alive().count() + count > self.settings.count_max {
            Err(Refused::Full(count_bound))
        } else if bytes > self.settings.bytes_max {
            Err(Refused::NeverFits(bytes_bound))
        } else if bytes > 0 && used + bytes > self.settings.bytes_max {
            Err(Refused::Full(bytes_bound))
        } else {
            Ok(())
        }
    }

    pub(crate) fn lease(&mut self, count: usize, length: u64) -> Vec<(Token, u32)> {
        let mut leased = Vec::new();
        while leased.len() < count && !self.paused {
            let Some(at) = self.next() else { break };
            self.leases += 1;
            let token = Token {
                epoch: self.epoch,
                number: self.leases,
                id: self.messages[at].saved.id,
            };
            self.messages[at].lease = Some(self.given.len());
            self.given.push(Given {
                token,
                until: self.now + length,
                incarnation: self.messages[at].incarnation,
                ended: None,
            });
            leased.push((token, self.messages[at].saved.attempts));
        }
        leased
    }

    fn next(&mut self) -> Option<usize> {
        let heads: Vec<Option<usize>> = Priority::ALL.map(|lane| self.head(lane)).into();
        let available: Vec<usize> = (0..5).filter(|lane| heads[*lane].is_some()).collect();
        let highest = *available.first()?;
        let most = available.iter().map(|lane| self.passed[*lane]).max()?;
        let taken = if self.settings.aging == Aging::Fair && most >= 28 {
            *available.iter().rfind(|lane| self.passed[**lane] == most)?
        } else {
            highest
        };
        for lane in 0..5 {
            let is_passed = available.contains(&lane) && lane != taken && lane != highest;
            self.passed[lane] = if is_passed { self.passed[lane] + 1 } else { 0 };
        }
        heads[taken]
    }

    /// The first in line of what is available in a lane.
    fn head(&self, lane: Priority) -> Option<usize> {
        let of_lane = |entry: &&Entry| entry.saved.priority == lane && !entry.is_dead();
        let busy: HashSet<&str> = self
            .messages
            .iter()
            .filter(of_lane)
            .filter(|entry| {
                entry.lease.is_some() || entry.saved.attempts > 0 && entry.saved.due > self.now
            })
            .filter_map(|entry| entry.saved.group.as_deref())
            .collect();
        let ready = self
            .messages
            .iter()
            .enumerate()
            .filter(|(_, entry)| of_lane(entry) && entry.is_free() && entry.saved.due <= self.now)
            .filter(|(_, entry)| {
                !entry
                    .saved
                    .group
                    .as_deref()
                    .is_some_and(|key| busy.contains(key))
            });
        // The first of all is also the first of its group.
        Some(ready.min_by_key(|(_, entry)| entry.saved.order)?.0)
    }

    pub(crate) fn holder(&self, token: Token) -> Result<usize, Stale> {
        if token.epoch < self.epoch {
            return Err(Stale::Restarted);
        }
        let Some(given) = self.given.iter().find(|given| given.token == token) else {
            // The name in a token of this opening is no part of what was given.
            return Err(Stale::Unknown);
        };
        let Some(at) = self.index(token.id) else {
            return Err(Stale::Gone);
        };
        let entry = &self.messages[at];
        if given.ended.is_none() && entry.incarnation == given.incarnation {
            return Ok(at);
        }
        if entry.is_dead() {
            return Err(Stale::Dead);
        }
        if entry.incarnation != given.incarnation {
            return Err(
                if self.given.iter().any(|later| {
                    later.incarnation == entry.incarnation && later.token.epoch == self.epoch
                }) {
                    Stale::Replaced
                } else {
                    Stale::Gone
                },
            );
        }
        let was_replaced = self
            .given
            .iter()
            .any(|later| later.incarnation == given.incarnation && later.token > given.token);
        Err(if was_replaced {
            Stale::Replaced
        } else {
            given.ended.unwrap_or(Stale::Gone)
        })
    }

    pub(crate) fn start(&mut self, token: Token) -> Result<u32, Stale> {
        let at = self.holder(token)?;
        let saved = &mut self.messages[at].saved;
        if !saved.is_running {
            saved.is_running = true;
            saved.attempts += 1;
        }
        Ok(saved.attempts)
    }

    pub(crate) fn ack(&mut self, token: Token) -> Result<(), Stale> {
        let at = self.holder(token)?;
        self.end_lease(at, Stale::Gone);
        self.messages.remove(at);
        Ok(())
    }

    pub(crate) fn nack(
        &mut self,
        token: Token,
        delay: Option<u64>,
        records: &[Record],
    ) -> Result<Result<Fate, Stale>, String> {
        let at = match self.holder(token) {
            Ok(at) => at,
            Err(stale) => return Ok(Err(stale)),
        };
        self.end_lease(at, Stale::GivenBack);
        let fate = self.fail(at, Cause::failed("no luck"), delay, records)?;
        self.sweep();
        Ok(Ok(fate))
    }

    pub(crate) fn extend(&mut self, token: Token, until: u64) -> Result<u64, Stale> {
        let at = self.holder(token)?;
        let given = &mut self.given[self.messages[at].lease.expect("held")];
        given.until = given.until.max(until);
        Ok(given.until)
    }

    pub(crate) fn release(&mut self, token: Token) -> Result<(), ReleaseError> {
        let at = self.holder(token)?;
        if self.messages[at].saved.is_running {
            return Err(ReleaseError::Started);
        }
        self.end_lease(at, Stale::GivenBack);
        Ok(())
    }

    pub(crate) fn reject(&mut self, token: Token) -> Result<(), Stale> {
        let at = self.holder(token)?;
        self.bury(at, Reason::rejected("no such customer"));
        self.sweep();
        Ok(())
    }

    pub(crate) fn select(&self, selection: &Selection) -> Vec<Id> {
        let dead = self.dead();
        match selection {
            Selection::Ids(ids) => {
                let mut seen = HashSet::new();
                let is_dead = |id: &&Id| dead.iter().any(|saved| saved.id == **id);
                ids.iter()
                    .filter(is_dead)
                    .filter(|id| seen.insert(**id))
                    .copied()
                    .collect()
            }
            Selection::Oldest { filter, count_max } => dead
                .iter()
                .filter(|saved| {
                    let death = saved.history.dead.as_ref().expect("dead");
                    filter.since.is_none_or(|since| since <= death.at)
                        && filter.before.is_none_or(|before| death.at < before)
                        && filter.reason.is_none_or(|kind| kind == death.reason.kind())
                })
                .map(|saved| saved.id)
                .take(*count_max)
                .collect(),
        }
    }

    pub(crate) fn redrive(&mut self, selection: &Selection) -> Result<usize, Refused> {
        let ids = self.select(selection);
        let size = |id: &Id| self.messages[self.index(*id).expect("dead")].saved.size;
        self.room_for(ids.len(), ids.iter().map(|id| u64::from(size(id))).sum())?;
        for id in &ids {
            let at = self.index(*id).expect("dead");
            self.incarnations += 1;
            let entry = &mut self.messages[at];
            entry.incarnation = self.incarnations;
            let saved = &mut entry.saved;
            let death = saved.history.dead.take().expect("dead");
            keep(&mut saved.history.deaths, death);
            saved.attempts = 0;
            saved.due = 0;
            saved.expires = None;
            saved.order = self.next_order;
            self.next_order += 1;
        }
        Ok(ids.len())
    }

    pub(crate) fn discard(&mut self, selection: &Selection) -> usize {
        let ids = self.select(selection);
        self.messages.retain(|entry| !ids.contains(&entry.saved.id));
        ids.len()
    }

    pub(crate) fn purge(&mut self) -> usize {
        let before = self.messages.len();
        self.messages.retain(|entry| !entry.is_free());
        before - self.messages.len()
    }

    pub(crate) fn restart(&mut self, now: u64, records: &[Record]) -> Result<(), String> {
        self.now = self.now.max(now);
        self.epoch += 1;
        self.leases = 0;
        self.passed = [0; 5];
        for at in 0..self.messages.len() {
            self.end_lease(at, Stale::Restarted);
            let saved = &mut self.messages[at].saved;
            if saved.is_running {
                saved.is_running = false;
                saved.due = 0;
                let failure = Failure {
                    at: time::at(self.now),
                    attempt: saved.attempts,
                    cause: Cause::ProcessEnded,
                };
                keep(&mut saved.history.failures, failure);
                if saved.attempts >= saved.attempts_max {
                    // What is too many goes when the queue is open.
                    let death = Death {
                        at: time::at(self.now),
                        attempts: saved.attempts,
                        reason: Reason::Exhausted,
                    };
                    saved.history.dead = Some(death);
                }
            }
        }
        self.begin(now, records)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut messages: Vec<Saved> = self
            .messages
            .iter()
            .map(|entry| entry.saved.clone())
            .collect();
        messages.sort_by_key(|message| message.id);
        let mut remembered = self.prints.clone();
        remembered.sort();
        Snapshot {
            epoch: self.epoch,
            paused: self.paused,
            next_order: self.next_order,
            messages,
            remembered,
        }
    }

    pub(crate) fn position(&self, entry: &Entry) -> Position {
        let saved = &entry.saved;
        if entry.is_dead() {
            Position::Dead
        } else if let Some(lease) = entry.lease {
            Position::Leased {
                until: self.given[lease].until,
                is_running: saved.is_running,
            }
        } else if saved.due > self.now {
            Position::Delayed { due: saved.due }
        } else {
            Position::Ready
        }
    }

    /// When something happens next that shows.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let alive = self.messages.iter().filter(|entry| !entry.is_dead());
        let times = alive.flat_map(|entry| {
            let saved = &entry.saved;
            [
                entry.lease.map(|lease| self.given[lease].until),
                saved.expires.filter(|_| !saved.is_running),
                Some(saved.due).filter(|due| entry.lease.is_none() && *due > self.now),
            ]
        });
        times.flatten().min()
    }
}

/// The last eight.
fn keep<T>(kept: &mut Vec<T>, new: T) {
    kept.push(new);
    if kept.len() > 8 {
        kept.remove(0);
    }
}
