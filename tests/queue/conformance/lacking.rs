//! A broker that can do less: whatever it lacks it refuses, and the suite asks no more of it than its guarantees say.

use std::time::Duration;

use ractor_agents::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use ractor_agents::queue::{
    Abilities, Ability, Aging, Backend, Broker, Cursor, DeadLetter, Embedded, Error, Filter,
    Guarantees, Name, Options, Peeked, Receipt, Selection, Stats, Token, Unmet,
};

/// An embedded broker without some of its abilities.
#[derive(Clone, Debug)]
pub struct Lacking {
    pub broker: Embedded,
    pub lacking: Abilities,
}

struct Queue {
    inner: Box<dyn Backend>,
    lacking: Abilities,
}

/// A lease that lasts as long as its opening, near enough.
const FOR_EVER: Duration = Duration::from_hours(12);

impl Broker for Lacking {
    fn name(&self) -> &'static str {
        "lacking"
    }

    fn address(&self) -> String {
        self.broker.address()
    }

    fn queue(&self, name: &Name, options: &Options) -> Result<Box<dyn Backend>, Error> {
        let mut options = *options;
        if self.lacking.has(Ability::Bounds) {
            (options.count_max, options.bytes_max) = (usize::MAX, u64::MAX);
        }
        if self.lacking.has(Ability::FairPriorities) {
            options.aging = Aging::Strict;
        }
        if self.lacking.has(Ability::TimedLeases) {
            options.lease = FOR_EVER;
        }
        Ok(Box::new(Queue {
            inner: self.broker.queue(name, &options)?,
            lacking: self.lacking,
        }))
    }
}

impl Queue {
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

    /// A choice among the dead letters, or all of them.
    fn is_choice(selection: &Selection) -> bool {
        *selection != Selection::all()
    }
}

fn unsupported() -> Error {
    Error::Unsupported {
        broker: "lacking",
        operation: "do that",
    }
}

impl Backend for Queue {
    fn open(&self) -> Answer<'_, ()> {
        self.inner.open()
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
            Ok(guarantees)
        })
    }

    fn advice(&self, _: &Unmet) -> &'static str {
        "take the embedded broker as it is"
    }

    fn enqueue(&self, batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
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
        if uses
            .iter()
            .any(|(ability, is_used)| *is_used && self.lacking.has(*ability))
        {
            return Box::pin(async { Err(unsupported()) });
        }
        self.inner.enqueue(batch)
    }

    fn lease(&self, count_max: usize, wait: Duration) -> Answer<'_, Vec<Leased>> {
        self.inner.lease(count_max, wait)
    }

    fn settle(&self, token: Token, settlement: Settlement) -> Answer<'_, Settled> {
        self.inner.settle(token, settlement)
    }

    fn abandon(&self, token: Token) {
        self.inner.abandon(token);
    }

    fn peek(&self, count_max: usize) -> Answer<'_, Vec<Peeked>> {
        self.unless(true, Ability::Peek, self.inner.peek(count_max))
    }

    fn purge(&self) -> Answer<'_, usize> {
        self.inner.purge()
    }

    fn set_paused(&self, is_paused: bool) -> Answer<'_, ()> {
        self.unless(true, Ability::Pause, self.inner.set_paused(is_paused))
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
        let is_choice = Self::is_choice(&selection);
        let redriven = self.inner.redrive(selection);
        self.unless(is_choice, Ability::DeadLetterAccess, redriven)
    }

    fn discard(&self, selection: Selection) -> Answer<'_, usize> {
        let is_choice = Self::is_choice(&selection);
        let discarded = self.inner.discard(selection);
        self.unless(is_choice, Ability::DeadLetterAccess, discarded)
    }
}
