//! Units that are spent by whoever spends first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many units of one name.
#[derive(Debug)]
pub(super) struct Unit {
    name: Arc<str>,
    /// What there was in the beginning.
    amount: u64,
    left: AtomicU64,
}

impl Unit {
    fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// All or nothing; returns what is left.
    fn take(&self, amount: u64) -> Option<u64> {
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(amount)
            });
        taken.ok().map(|before| before - amount)
    }

    fn give_back(&self, amount: u64) {
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                Some(left.saturating_add(amount).min(self.amount))
            });
    }
}

/// Units of several names. There may be more than one of a name, where a budget was set inside another one: what is spent is taken
/// from each of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Units(Arc<[Arc<Unit>]>);

impl Units {
    pub(super) fn new(units: Vec<(Arc<str>, u64)>) -> Self {
        let unit = |(name, amount)| Unit {
            name,
            amount,
            left: AtomicU64::new(amount),
        };
        Self(units.into_iter().map(unit).map(Arc::new).collect())
    }

    /// All of both, each once.
    pub(super) fn and(&self, others: &Self) -> Self {
        let is_new = |other: &&Arc<Unit>| !self.0.iter().any(|unit| Arc::ptr_eq(unit, other));
        let more: Vec<_> = others.0.iter().filter(is_new).collect();
        if more.is_empty() {
            return self.clone();
        }
        Self(self.0.iter().chain(more).map(Arc::clone).collect())
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Unit> {
        let units = self.0.iter().map(|unit| &**unit);
        units.filter(move |unit| *unit.name == *name)
    }

    pub(super) fn left(&self, name: &str) -> Option<u64> {
        self.of(name).map(Unit::left).min()
    }

    /// Takes all or nothing. What is left, or the name of what there was too little of.
    pub(super) fn spend(&self, name: &str, amount: u64) -> Result<u64, Arc<str>> {
        let mut left = u64::MAX;
        for (place, unit) in self.of(name).enumerate() {
            let Some(rest) = unit.take(amount) else {
                // Whoever looks just now may find too little for a moment, and never too much.
                self.of(name)
                    .take(place)
                    .for_each(|unit| unit.give_back(amount));
                return Err(Arc::clone(&unit.name));
            };
            left = left.min(rest);
        }
        Ok(left)
    }

    pub(super) fn give_back(&self, name: &str, amount: u64) {
        self.of(name).for_each(|unit| unit.give_back(amount));
    }

    /// The names that there is a limit for, each once.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter().map(|unit| &*unit.name).enumerate();
        names
            .filter(|(place, name)| {
                let mut earlier = self.0.iter().take(*place);
                !earlier.any(|unit| *unit.name == **name)
            })
            .map(|(_, name)| name)
    }
}
