//! What the test itself counts, to compare it with the accounting.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ractor_agents::agent::AskError;
use ractor_agents::mailbox::Accounting;

/// What the senders and the handlers of one round count.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Parcels that exist.
    pub(crate) alive: AtomicI64,
    /// Tells that came back with success.
    pub(crate) told: AtomicU64,
    /// Agents' messages to themselves that were taken.
    pub(crate) own: AtomicU64,
    /// Asks that were answered, or failed with anything else than a refusal: they were accepted.
    pub(crate) asked: AtomicU64,
    /// Asks that were dropped: accepted or not.
    pub(crate) dropped: AtomicU64,
    pub(crate) answered: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) begun: AtomicU64,
    pub(crate) finished: AtomicU64,
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn get(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Tally {
    pub(crate) fn tell<E>(&self, told: &Result<(), E>) {
        add(if told.is_ok() {
            &self.told
        } else {
            &self.refused
        });
    }

    pub(crate) fn ask<M>(&self, answer: &Result<u64, AskError<M>>) {
        match answer {
            Ok(_) => {
                add(&self.asked);
                add(&self.answered);
            }
            Err(AskError::Refused(_)) => add(&self.refused),
            Err(_) => add(&self.asked),
        }
    }

    /// Compares what was counted here with the accounting of a swarm that has ended.
    pub(crate) fn assert_agrees(&self, messages: &Accounting) {
        let text = format!("{self:?}\n{messages:?}");
        assert!(messages.balances(), "{text}");
        assert_eq!((messages.queued, messages.in_flight), (0, 0), "{text}");
        let least = get(&self.told) + get(&self.own) + get(&self.asked);
        let most = least + get(&self.dropped);
        assert!((least..=most).contains(&messages.accepted), "{text}");
        // A handler that was done may have been cut off before it could say so.
        assert!(messages.handled <= get(&self.finished), "{text}");
        assert!(messages.handled >= get(&self.answered), "{text}");
        let ends_in_a_letter = messages.failed + messages.expired + messages.shed;
        assert_eq!(messages.dead_lettered, ends_in_a_letter, "{text}");
    }
}

/// What came of all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) messages: Accounting,
    pub(crate) restarts: u64,
    pub(crate) looks: u64,
    pub(crate) answered: u64,
    pub(crate) refused: u64,
}

impl Totals {
    pub(crate) fn new(messages: Accounting, restarts: u64, looks: u64, tally: &Tally) -> Self {
        Self {
            messages,
            restarts,
            looks,
            answered: get(&tally.answered),
            refused: get(&tally.refused),
        }
    }

    /// A test that never comes to an end of some kind would prove nothing about it.
    pub(crate) fn assert_covers_everything(&self) {
        let messages = self.messages;
        let seen = [
            messages.handled,
            messages.failed,
            messages.expired,
            messages.deduplicated,
            messages.shed,
            messages.cancelled,
            messages.retried,
            self.restarts,
            self.looks,
            self.answered,
            self.refused,
        ];
        assert!(seen.iter().all(|count| *count > 0), "{self:?}");
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.messages = self.messages + other.messages;
        self.restarts += other.restarts;
        self.looks += other.looks;
        self.answered += other.answered;
        self.refused += other.refused;
    }
}
