//! The same message twice is handled once.
//!
//! A layer remembers a fingerprint of what was accepted within a window. A duplicate is accepted and ends at once as
//! deduplicated: its `tell` has succeeded, its `ask` gets [`AskError::Duplicate`](crate::agent::AskError::Duplicate). A
//! message that was refused is not remembered, so sending it again works.
//!
//! Fingerprints are 96 bits, of two 64-bit hashes with different random seeds. Two different messages are not taken for the
//! same by accident. The hashes are not cryptographic: where strangers choose the contents and gain by a collision, give
//! messages a key made with a cryptographic hash.

mod fingerprint;
mod index;
mod table;

use std::fmt;
use std::time::Duration;

pub use fingerprint::{By, ByContent, ByKey, Fingerprint};
use parking_lot::Mutex;
use table::Table;

use super::{Inbound, Mailbox, Offer, Refusal};
use crate::agent::Agent;

/// Deduplicates within a window. See the [module](self).
#[derive(Clone)]
pub struct Layer<F> {
    fingerprint: F,
    window: Duration,
    entries_max: usize,
}

impl<F> Layer<F> {
    /// How many fingerprints are remembered by default, at 32 bytes each. Source: as many as a lane holds by default.
    pub const ENTRIES_DEFAULT: usize = 1024;
    /// How many can be remembered at most, at 32 MiB. Source: more is a mistake.
    pub const ENTRIES_MAX: usize = 1 << 20;

    /// How many fingerprints are remembered, 1 to [`ENTRIES_MAX`](Self::ENTRIES_MAX), rounded up to a power of two.
    ///
    /// The newest are remembered, except about one in a million, and the memory for them grows as it is needed.
    pub fn entries_max(mut self, entries_max: usize) -> Self {
        self.entries_max = entries_max.clamp(1, Self::ENTRIES_MAX);
        self
    }

    fn with(fingerprint: F, window: Duration) -> Self {
        Self {
            fingerprint,
            window,
            entries_max: Self::ENTRIES_DEFAULT,
        }
    }
}

impl Layer<ByContent> {
    /// Messages are the same if their `Hash` says so.
    pub fn by_content(window: Duration) -> Self {
        Self::with(ByContent::default(), window)
    }
}

impl Layer<ByKey> {
    /// Messages are the same if their senders gave them the same key. Those without a key are never duplicates.
    pub fn by_key(window: Duration) -> Self {
        Self::with(ByKey::default(), window)
    }
}

impl<F> Layer<By<F>> {
    /// Messages are the same if `part` returns the same part of them.
    pub fn by(window: Duration, part: F) -> Self {
        Self::with(By::new(part), window)
    }
}

impl<F, Inner> super::Layer<Inner> for Layer<F> {
    type Outer = Dedup<F, Inner>;

    fn layer(self, inner: Inner) -> Self::Outer {
        Dedup {
            inner,
            fingerprint: self.fingerprint,
            table: Mutex::new(Table::new(self.window, self.entries_max)),
        }
    }
}

/// What [`Layer`] makes of an inner one.
pub struct Dedup<F, Inner> {
    inner: Inner,
    fingerprint: F,
    table: Mutex<Table>,
}

impl<F, Inner> Dedup<F, Inner> {
    /// What stands behind it.
    pub fn get_ref(&self) -> &Inner {
        &self.inner
    }
}

impl<A: Agent, F: Fingerprint<A>, Inner: Inbound<A>> Inbound<A> for Dedup<F, Inner> {
    fn offer(&self, mut offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal> {
        let Some(print) = self.fingerprint.of(offer.message(), offer.key()) else {
            return self.inner.offer(offer, mailbox);
        };
        let now = offer.now();
        // Held over the offer, so that of two duplicates at the same time the second sees whether the first was taken.
        let mut table = self.table.lock();
        if table.contains(print, now) {
            drop(table);
            return mailbox.deduplicate(offer);
        }
        self.inner.offer(offer, mailbox)?;
        table.insert(print, now);
        Ok(())
    }
}

impl<F> fmt::Debug for Layer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("dedup::Layer")
            .field("window", &self.window)
            .field("entries_max", &self.entries_max)
            .finish_non_exhaustive()
    }
}

impl<F, Inner: fmt::Debug> fmt::Debug for Dedup<F, Inner> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dedup")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
