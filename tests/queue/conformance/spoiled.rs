//! The embedded broker, spoiled on purpose: it lacks abilities, or breaks one promise.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use ractor_agents::message::Priority;
use ractor_agents::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use ractor_agents::queue::{
    Abilities, Ability, Aging, Backend, Broker, Cursor, DeadLetter, Embedded, Error, Filter,
    Guarantees, MessageId, Name, Options, Payload, Peeked, Receipt, Selection, Stats, Token, Unmet,
};

/// An embedded broker that is spoiled.
#[derive(Clone, Debug)]
pub struct Spoiled {
    pub broker: Embedded,
    /// What it refuses, and says that it does.
    pub lacking: Abilities,
    pub fault: Option<Fault>,
}

/// A promise that it breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An acknowledged message is on lease for ever.
    ForgetsAcknowledgements,
    /// Whoever had a message once may say what becomes of it.
    NoFences,
    /// Every other message goes first.
    Shuffles,
    /// All priorities are one.
    OnePriority,
    /// Low priorities starve.
    Starves,
    IgnoresDelays,
    IgnoresTimesToLive,
    IgnoresKeys,
    IgnoresGroups,
    IgnoresBounds,
    /// What does not fit pushes the others out.
    DropsToMakeRoom,
    /// Of a batch it takes in what it can.
    TearsBatches,
    /// Leases are not renewed.
    NeverRenews,
    /// A dead letter is gone.
    DropsDeadLetters,
    /// An attempt counts when the message is given out.
    CountsDeliveries,
    /// A start does not count.
    ForgetsStarts,
    RetriesAtOnce,
    NeverPauses,
    /// Dead letters are purged too.
    PurgesDeadLetters,
    /// What is looked at is taken.
    TakesByPeeking,
    NeverWaits,
    LosesHeaders,
    /// What is given back is gone.
    LosesWhatIsGivenBack,
    /// All that it was given before it was opened is gone.
    ForgetsOnOpening,
    /// Each message is enqueued twice.
    Doubles,
    /// It has abilities by its own account that it has not.
    Overstates,
    /// It refuses to pause, though it could by its own account.
    RefusesToPause,
    /// Namespaces are one.
    OneNamespace,
}

struct Queue {
    inner: Box<dyn Backend>,
    lacking: Abilities,
    fault: Option<Fault>,
    /// The last lease of each message.
    leases: Mutex<HashMap<MessageId, Token>>,
}

/// A lease that lasts as long as its opening, near enough.
const FOR_EVER: Duration = Duration::from_hours(12);

impl Broker for Spoiled {
    fn name(&self) -> &'static str {
        "spoiled"
    }

    fn address(&self) -> String {
        self.broker.address()
    }

    fn queue(&self, name: &Name, options: &Options) -> Result<Box<dyn Backend>, Error> {
        let has = |fault| self.fault == Some(fault);
        let mut options = *options;
        if self.lacking.has(Ability::Bounds) || has(Fault::IgnoresBounds) {
            (options.count_max, options.bytes_max) = (usize::MAX, u64::MAX);
        }
        if self.lacking.has(Ability::FairPriorities) || has(Fault::Starves) {
            options.aging = Aging::Strict;
        }
        if self.lacking.has(Ability::TimedLeases) {
            options.lease = FOR_EVER;
        }
        let mut name = name.clone();
        if has(Fault::OneNamespace) {
            name = name.in_namespace("one")?;
        }
        Ok(Box::new(Queue {
            inner: self.broker.queue(&name, &options)?,
            lacking: self.lacking,
            fault: self.fault,
            leases: Mutex::default(),
        }))
    }
}

impl Queue {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// What is asked for, unless it is lacking.
    fn unless<'a, T: 'a>(
        &self,
        is_used: bool,
        ability: Ability,
        answer: Answer<'a, T>,
    ) -> Answer<'a, T> {
        if is_used && self.lacking.has(ability) {
            return Box::pin(async { Err(unsupported()) });
        }
        answer
    }

    fn spoil(&self, place: usize, entry: &mut Entry) {
        match self.fault {
            Some(Fault::Shuffles) if place.is_multiple_of(2) => entry.priority = Priority::Urgent,
            Some(Fault::OnePriority) => entry.priority = Priority::Normal,
            Some(Fault::IgnoresDelays) => entry.delay = Duration::ZERO,
            Some(Fault::IgnoresTimesToLive) => entry.ttl = None,
            Some(Fault::IgnoresKeys) => entry.print = None,
            Some(Fault::IgnoresGroups) => entry.group = None,
            Some(Fault::LosesHeaders) => entry.payload = without_headers(&entry.payload),
            _ => {}
        }
    }

    fn last_lease(&self, token: Token) {
        let mut leases = self.leases.lock().expect("nobody panics");
        leases.insert(token.id, token);
    }

    async fn take_in(&self, batch: Vec<Entry>) -> Result<Vec<Receipt>, Error> {
        match self.fault {
            Some(Fault::TearsBatches) => {
                let mut receipts = Vec::new();
                for entry in batch {
                    receipts.extend(self.inner.enqueue(vec![entry]).await?);
                }
                Ok(receipts)
            }
            Some(Fault::DropsToMakeRoom) => match self.inner.enqueue(batch.clone()).await {
                Err(Error::Full(_)) => {
                    self.inner.purge().await?;
                    self.inner.enqueue(batch).await
                }
                taken_in => taken_in,
            },
            Some(Fault::Doubles) => {
                let mut again = batch.clone();
                for entry in &mut again {
                    entry.id = MessageId::random();
                }
                self.inner.enqueue(again).await?;
                self.inner.enqueue(batch).await
            }
            _ => self.inner.enqueue(batch).await,
        }
    }
}

/// Four bytes say how long the headers are.
fn without_headers(payload: &Payload) -> Payload {
    let (length, rest) = payload.as_bytes().split_at(4);
    let length = u32::from_le_bytes(length.try_into().expect("four bytes"));
    let message = &rest[usize::try_from(length).expect("headers are short")..];
    Payload::from_bytes([&[0; 4], message].concat())
}

fn unsupported() -> Error {
    Error::Unsupported {
        broker: "spoiled",
        operation: "do that",
    }
}

/// A choice among the dead letters, and not all of them.
fn is_choice(selection: &Selection) -> bool {
    *selection != Selection::all()
}

impl Backend for Queue {
    fn open(&self) -> Answer<'_, ()> {
        Box::pin(async {
            self.inner.open().await?;
            if self.has(Fault::ForgetsOnOpening) {
                self.inner.purge().await?;
            }
            Ok(())
        })
    }

    fn run(&self) -> Answer<'_, ()> {
        self.inner.run()
    }

    fn close(&self) {
        self.inner.close();
    }

    fn guarantees(&self) -> Answer<'_, Guarantees> {
        Box::pin(async {
            let mut guarantees = self.inner.guarantees().await?;
            for ability in self.lacking.iter() {
                guarantees.abilities = guarantees.abilities.without(ability);
            }
            match self.fault {
                Some(Fault::Overstates) => guarantees.abilities = Abilities::all(),
                Some(Fault::Starves) => {
                    guarantees.abilities = guarantees.abilities.with(Ability::FairPriorities);
                }
                _ => {}
            }
            Ok(guarantees)
        })
    }

    fn advice(&self, _: &Unmet) -> &'static str {
        "take the embedded broker as it is"
    }

    fn enqueue(&self, mut batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
        let uses = [
            (Ability::AtomicBatches, batch.len() > 1),
            (
                Ability::Dedup,
                batch.iter().any(|each| each.print.is_some()),
            ),
            (
                Ability::Delay,
                batch.iter().any(|each| !each.delay.is_zero()),
            ),
            (Ability::Expiry, batch.iter().any(|each| each.ttl.is_some())),
            (
                Ability::Groups,
                batch.iter().any(|each| each.group.is_some()),
            ),
        ];
        let is_lacking = |(ability, is_used): &(_, bool)| *is_used && self.lacking.has(*ability);
        if uses.iter().any(is_lacking) {
            return Box::pin(async { Err(unsupported()) });
        }
        let seed = batch
            .first()
            .map_or(0, |entry| entry.payload.as_bytes().len());
        for (place, entry) in batch.iter_mut().enumerate() {
            self.spoil(seed + place, entry);
        }
        Box::pin(self.take_in(batch))
    }

    fn lease(&self, count_max: usize, wait: Duration) -> Answer<'_, Vec<Leased>> {
        Box::pin(async move {
            let never_waits = self.has(Fault::NeverWaits);
            let wait = if never_waits { Duration::ZERO } else { wait };
            let leased = self.inner.lease(count_max, wait).await?;
            for each in &leased {
                self.last_lease(each.token);
                if self.has(Fault::CountsDeliveries) {
                    self.inner.settle(each.token, Settlement::Start).await?;
                }
            }
            Ok(leased)
        })
    }

    fn settle(&self, mut token: Token, settlement: Settlement) -> Answer<'_, Settled> {
        if self.has(Fault::NoFences) {
            let leases = self.leases.lock().expect("nobody panics");
            token = leases.get(&token.id).copied().unwrap_or(token);
        }
        let said = |settled| -> Answer<'_, Settled> { Box::pin(async move { Ok(settled) }) };
        let settlement = match (self.fault, settlement) {
            (Some(Fault::ForgetsAcknowledgements), Settlement::Ack) => return said(Settled::Done),
            (Some(Fault::NeverRenews), Settlement::Extend) => return said(Settled::Extended),
            (Some(Fault::ForgetsStarts), Settlement::Start) => return said(Settled::Started(1)),
            (Some(Fault::DropsDeadLetters), Settlement::DeadLetter { .. })
            | (Some(Fault::LosesWhatIsGivenBack), Settlement::Release) => Settlement::Ack,
            (Some(Fault::RetriesAtOnce), Settlement::Nack { error, .. }) => Settlement::Nack {
                delay: Some(Duration::ZERO),
                error,
            },
            (_, settlement) => settlement,
        };
        self.inner.settle(token, settlement)
    }

    fn abandon(&self, token: Token) {
        self.inner.abandon(token);
    }

    fn peek(&self, count_max: usize) -> Answer<'_, Vec<Peeked>> {
        let peeked = Box::pin(async move {
            let peeked = self.inner.peek(count_max).await?;
            if self.has(Fault::TakesByPeeking) {
                self.inner.lease(count_max, Duration::ZERO).await?;
            }
            Ok(peeked)
        });
        self.unless(true, Ability::Peek, peeked)
    }

    fn purge(&self) -> Answer<'_, usize> {
        Box::pin(async {
            if self.has(Fault::PurgesDeadLetters) {
                self.inner.discard(Selection::all()).await?;
            }
            self.inner.purge().await
        })
    }

    fn set_paused(&self, is_paused: bool) -> Answer<'_, ()> {
        match self.fault {
            Some(Fault::NeverPauses) => Box::pin(async { Ok(()) }),
            Some(Fault::RefusesToPause) => Box::pin(async { Err(unsupported()) }),
            _ => self.unless(true, Ability::Pause, self.inner.set_paused(is_paused)),
        }
    }

    fn stats(&self) -> Answer<'_, Stats> {
        self.inner.stats()
    }

    fn dead_letters(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Answer<'_, Vec<DeadLetter>> {
        let shown = self.inner.dead_letters(filter, after, count_max);
        self.unless(true, Ability::DeadLetterAccess, shown)
    }

    fn redrive(&self, selection: Selection) -> Answer<'_, usize> {
        let is_choice = is_choice(&selection);
        let redriven = self.inner.redrive(selection);
        self.unless(is_choice, Ability::DeadLetterAccess, redriven)
    }

    fn discard(&self, selection: Selection) -> Answer<'_, usize> {
        let is_choice = is_choice(&selection);
        let discarded = self.inner.discard(selection);
        self.unless(is_choice, Ability::DeadLetterAccess, discarded)
    }
}
