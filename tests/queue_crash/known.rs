//! What is known of a queue from outside, and whether what it shows can be so.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::child::ATTEMPTS;
use crate::line::{Deed, Held, Id, Line, Sent, Word};

/// What was promised, by all that was asked and answered so far.
#[derive(Debug, Default)]
pub struct Known {
    messages: HashMap<Id, Message>,
    /// Of the two that had the same key only one may ever be in the queue.
    keys: HashMap<String, Id>,
    /// Done with, or never taken in: not to be seen any more.
    gone: HashSet<Id>,
    batches: HashMap<u64, Vec<Sent>>,
    deeds: HashMap<u64, (Deed, Vec<Id>)>,
    /// Lines so far.
    at: usize,
    pub figures: Figures,
}

/// How much there was to go wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub enqueued: usize,
    pub duplicates: usize,
    pub leased: usize,
    pub started: usize,
    pub acked: usize,
    pub discarded: usize,
    pub stale: usize,
    /// Calls that had no answer when the process was killed.
    pub unanswered: usize,
}

impl Figures {
    pub fn add(&mut self, other: &Self) {
        self.enqueued += other.enqueued;
        self.duplicates += other.duplicates;
        self.leased += other.leased;
        self.started += other.started;
        self.acked += other.acked;
        self.discarded += other.discarded;
        self.stale += other.stale;
        self.unanswered += other.unanswered;
    }
}

#[derive(Debug)]
struct Message {
    sent: Sent,
    batch: u64,
    /// Certainly taken in.
    is_in: bool,
    /// Somebody asked for its end.
    may_be_gone: bool,
    /// And was told so; under this fence, if it was by an acknowledgement.
    is_gone: Option<Option<(u64, u64)>>,
    /// When it was last looked at from outside. `None` if it may have been redriven since.
    attempts: Option<u32>,
    /// Since then, by fence.
    leases: BTreeMap<(u64, u64), Lease>,
}

#[derive(Debug, Default)]
struct Lease {
    /// The line that said so.
    given: Option<usize>,
    /// Of each word that was not answered, the line of the question.
    asked: HashMap<Word, usize>,
    /// It was an attempt.
    is_counted: bool,
}

/// What the queue shows of a message.
#[derive(Clone, Debug)]
pub struct Found {
    pub id: Id,
    pub serial: u64,
    pub attempts: u32,
    pub is_dead: bool,
}

macro_rules! ensure {
    ($right:expr, $($wrong:tt)*) => {
        if !$right {
            return Err(format!($($wrong)*));
        }
    };
}

impl Known {
    /// One more line of a child's.
    pub fn learn(&mut self, line: Line) -> Result<(), String> {
        self.at += 1;
        match line {
            Line::Enqueue { call, batch } => {
                for sent in &batch {
                    self.messages
                        .insert(sent.id, Message::of(sent.clone(), call));
                }
                self.batches.insert(call, batch);
                self.figures.unanswered += 1;
                Ok(())
            }
            Line::Enqueued { call, receipts } => self.enqueued(call, &receipts),
            Line::Leased {
                held,
                serial,
                attempts,
            } => self.leased(held, serial, attempts),
            Line::Settle { held, word } => self.settle(held, word),
            Line::Settled { held, word, taken } => self.settled(held, word, taken),
            Line::Do { call, deed, ids } => {
                for id in &ids {
                    let message = self.message(*id)?;
                    match deed {
                        Deed::Discard => message.may_be_gone = true,
                        Deed::Redrive => message.attempts = None,
                    }
                }
                self.deeds.insert(call, (deed, ids));
                self.figures.unanswered += 1;
                Ok(())
            }
            Line::Done { call, count } => self.done(call, count),
        }
    }

    fn message(&mut self, id: Id) -> Result<&mut Message, String> {
        self.messages
            .get_mut(&id)
            .ok_or_else(|| format!("{id} is none that may be in the queue"))
    }

    fn enqueued(&mut self, call: u64, receipts: &[(Id, bool)]) -> Result<(), String> {
        let batch = self.batches.remove(&call).ok_or("an answer to nobody")?;
        self.figures.unanswered -= 1;
        ensure!(batch.len() == receipts.len(), "{receipts:?} for {batch:?}");
        for (sent, (id, is_duplicate)) in batch.into_iter().zip(receipts) {
            if *is_duplicate {
                let key = sent.key.as_deref().unwrap_or_default();
                ensure!(key.starts_with('s'), "{sent:?} is a duplicate of {id}");
                // What it is the same as was taken in, and may be gone.
                self.claim(key, *id)?;
                self.enter(*id)?;
                self.messages.remove(&sent.id);
                self.gone.insert(sent.id);
                self.figures.duplicates += 1;
            } else {
                ensure!(*id == sent.id, "a receipt of {id} for {sent:?}");
                self.enter(*id)?;
                self.figures.enqueued += 1;
            }
        }
        Ok(())
    }

    /// The message is, or was, in the queue.
    fn enter(&mut self, id: Id) -> Result<(), String> {
        if self.gone.contains(&id) {
            return Ok(());
        }
        let message = self.message(id)?;
        message.is_in = true;
        if let Some(key) = message.sent.key.clone() {
            self.claim(&key, id)?;
        }
        Ok(())
    }

    fn claim(&mut self, key: &str, id: Id) -> Result<(), String> {
        let first = *self.keys.entry(key.into()).or_insert(id);
        ensure!(
            first == id,
            "duplicated: {first} and {id} have the key {key}"
        );
        Ok(())
    }

    fn leased(&mut self, held: Held, serial: u64, attempts: u32) -> Result<(), String> {
        let Held { fence, id } = held;
        ensure!(!self.gone.contains(&id), "resurrected: {id} is leased");
        self.enter(id)?;
        let at = self.at;
        let message = self.message(id)?;
        ensure!(message.sent.serial == serial, "{id} is not what was sent");
        if let Some(Some(ended)) = message.is_gone {
            ensure!(fence < ended, "resurrected: {id} is leased again");
        }
        ensure!(
            attempts < ATTEMPTS,
            "{id} is leased without an attempt left"
        );
        let range = message.attempts_before(fence);
        ensure!(
            range.is_none_or(|(least, most)| least <= attempts && attempts <= most),
            "{id} is leased after {attempts} attempts, not {range:?}"
        );
        let lease = message.leases.entry(fence).or_default();
        ensure!(lease.given.is_none(), "a fence is given twice: {held:?}");
        lease.given = Some(at);
        self.figures.leased += 1;
        Ok(())
    }

    fn settle(&mut self, held: Held, word: Word) -> Result<(), String> {
        let at = self.at;
        let message = self.message(held.id)?;
        message.may_be_gone |= word == Word::Ack;
        let lease = message.leases.entry(held.fence).or_default();
        lease.asked.insert(word, at);
        self.figures.unanswered += 1;
        Ok(())
    }

    fn settled(&mut self, held: Held, word: Word, taken: Option<u32>) -> Result<(), String> {
        self.figures.unanswered -= 1;
        let message = self.message(held.id)?;
        let lease = message.leases.entry(held.fence).or_default();
        let asked = lease.asked.remove(&word);
        let asked = asked.ok_or("an answer to nobody")?;
        let Some(attempt) = taken else {
            self.figures.stale += 1;
            return Ok(());
        };
        lease.is_counted |= matches!(word, Word::Start | Word::Nack);
        let mut others = message.leases.iter();
        let later = others.find(|(fence, lease)| {
            **fence > held.fence && lease.given.is_some_and(|given| given < asked)
        });
        ensure!(
            later.is_none(),
            "not fenced: {word:?} of {held:?} is taken after {later:?} was given"
        );
        if word == Word::Start {
            let range = message.attempts_before(held.fence);
            ensure!(
                range.is_none_or(|(least, most)| (least + 1..=most + 1).contains(&attempt)),
                "attempt {attempt} of {held:?}, after {range:?}"
            );
            self.figures.started += 1;
        } else if word == Word::Ack {
            ensure!(message.is_gone.is_none(), "acknowledged twice: {held:?}");
            message.is_gone = Some(Some(held.fence));
            self.figures.acked += 1;
        }
        Ok(())
    }

    fn done(&mut self, call: u64, count: usize) -> Result<(), String> {
        let (deed, ids) = self.deeds.remove(&call).ok_or("an answer to nobody")?;
        self.figures.unanswered -= 1;
        ensure!(
            count == ids.len(),
            "{deed:?} of {ids:?}: only {count} were dead letters"
        );
        if deed == Deed::Discard {
            for id in ids {
                self.message(id)?.is_gone = Some(None);
                self.figures.discarded += 1;
            }
        }
        Ok(())
    }

    /// The queue shows all that is in it, and nobody uses it meanwhile. From here on that is known.
    pub fn check(&mut self, found: &[Found]) -> Result<(), String> {
        let mut present = HashSet::new();
        for Found {
            id,
            serial,
            attempts,
            is_dead,
        } in found
        {
            ensure!(present.insert(*id), "{id} is in two places");
            ensure!(!self.gone.contains(id), "resurrected: {id}");
            self.enter(*id)?;
            let message = self.message(*id)?;
            ensure!(message.sent.serial == *serial, "{id} is not what was sent");
            ensure!(message.is_gone.is_none(), "resurrected: {message:?}");
            let range = message.attempts_before((u64::MAX, u64::MAX));
            ensure!(
                range.is_none_or(|(least, most)| least <= *attempts && *attempts <= most),
                "{attempts} attempts, not {range:?}, of {message:?}"
            );
            ensure!(
                *is_dead || *attempts < ATTEMPTS,
                "used up and not dead: {message:?}"
            );
        }
        self.check_batches()?;
        for (id, message) in &self.messages {
            ensure!(
                present.contains(id) || !message.is_in || message.may_be_gone,
                "lost: {id}, {message:?}"
            );
        }
        for one in found {
            let message = self.message(one.id)?;
            message.may_be_gone = false;
            message.attempts = Some(one.attempts);
            message.leases.clear();
        }
        let absent = self.messages.extract_if(|id, _| !present.contains(id));
        self.gone.extend(absent.map(|(id, _)| id));
        self.batches.clear();
        self.deeds.clear();
        Ok(())
    }

    /// Whoever has looked at it has then emptied the queue.
    pub fn drained(&mut self) {
        for message in self.messages.values_mut() {
            message.may_be_gone = true;
        }
    }

    /// Of a batch, all were taken in or none, whether or not it was answered.
    fn check_batches(&mut self) -> Result<(), String> {
        let in_part: HashSet<u64> = self
            .messages
            .values()
            .filter(|message| message.is_in)
            .map(|message| message.batch)
            .collect();
        for message in self.messages.values_mut() {
            let key = message.sent.key.as_deref().unwrap_or_default();
            // With a key that others have it may have been a duplicate.
            if in_part.contains(&message.batch) && !key.starts_with('s') {
                message.is_in = true;
            }
        }
        Ok(())
    }

    /// Keys that are known to be taken, and by whom.
    pub fn keys(&self) -> impl Iterator<Item = (&str, Id)> {
        self.keys.iter().map(|(key, id)| (key.as_str(), *id))
    }
}

impl Message {
    fn of(sent: Sent, batch: u64) -> Self {
        Self {
            sent,
            batch,
            is_in: false,
            may_be_gone: false,
            is_gone: None,
            attempts: Some(0),
            leases: BTreeMap::new(),
        }
    }

    /// How many there were before a lease, at least and at most, if that is known.
    fn attempts_before(&self, fence: (u64, u64)) -> Option<(u32, u32)> {
        let (mut least, mut most) = (self.attempts?, self.attempts?);
        for lease in self.leases.range(..fence).map(|(_, lease)| lease) {
            let mut counting = [Word::Start, Word::Nack].iter();
            let may_count = counting.any(|word| lease.asked.contains_key(word));
            least += u32::from(lease.is_counted);
            most += u32::from(lease.is_counted || may_count);
        }
        Some((least, most))
    }
}
