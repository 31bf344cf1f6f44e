//! Who has which message on lease from one connection.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use bytes::Bytes;
use lapin::Channel;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::wire::Head;
use crate::message::Priority;
use crate::queue::{Stale, Token, time};

/// A message that was delivered to us and not settled.
#[derive(Clone, Debug)]
pub(super) struct Lease {
    pub(super) token: Token,
    /// The channel that it came by: what is said of it goes there and nowhere else.
    pub(super) channel: Channel,
    pub(super) tag: u64,
    pub(super) head: Head,
    /// Attempts before this one.
    pub(super) attempts: u32,
    pub(super) payload: Bytes,
    pub(super) is_started: bool,
    pub(super) until: Instant,
}

/// The leases of one connection.
#[derive(Debug)]
pub(super) struct Leases {
    /// The number of the last lease, over all connections.
    numbers: Arc<AtomicU64>,
    /// Greater than the number of any lease before this connection, and smaller than those of it.
    before: u64,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    held: HashMap<u64, Lease>,
    /// What became of the latest that ended.
    ended: VecDeque<(Token, Stale)>,
}

/// How many leases that are over are remembered with what became of them; of older ones it is said that they are done with. Source: a guess; whoever says something late
/// says it soon.
const ENDED_MAX: usize = 1_024;

/// How many leases have numbers of one millisecond. Source: milliseconds since 1970 fit into the other 44 bits for centuries.
const SHIFT: u32 = 20;

impl Leases {
    pub(super) fn new(numbers: Arc<AtomicU64>) -> Self {
        Self {
            before: next(&numbers),
            numbers,
            table: Mutex::default(),
        }
    }

    /// A number that no lease of this process had.
    pub(super) fn number(&self) -> u64 {
        next(&self.numbers)
    }

    pub(super) fn insert(&self, lease: Lease) {
        self.table.lock().held.insert(lease.token.number, lease);
    }

    /// Does that to a lease that is good.
    pub(super) fn with<T>(
        &self,
        token: Token,
        change: impl FnOnce(&mut Lease) -> T,
    ) -> Result<T, Stale> {
        let mut table = self.table.lock();
        match table.held.get_mut(&token.number) {
            Some(lease) if lease.token == token && lease.until > Instant::now() => {
                Ok(change(lease))
            }
            Some(lease) if lease.token == token => Err(Stale::Expired),
            _ => Err(self.past(&table, token)),
        }
    }

    /// Takes a lease that is good: it is being settled, and nobody else can.
    pub(super) fn take(&self, token: Token) -> Result<Lease, Stale> {
        self.with(token, |_| ())?;
        let mut table = self.table.lock();
        match table.held.remove(&token.number) {
            Some(lease) => Ok(lease),
            None => Err(self.past(&table, token)),
        }
    }

    /// It is over, and taken before.
    pub(super) fn ended(&self, token: Token, how: Stale) {
        let mut table = self.table.lock();
        if table.ended.len() >= ENDED_MAX {
            table.ended.pop_front();
        }
        table.ended.push_back((token, how));
    }

    /// Takes those whose time is over.
    pub(super) fn take_expired(&self) -> Vec<Lease> {
        let now = Instant::now();
        let mut table = self.table.lock();
        let expired = table.held.extract_if(|_, lease| lease.until <= now);
        expired.map(|(_, lease)| lease).collect()
    }

    /// Takes all of them that no handler has started on.
    pub(super) fn take_idle(&self) -> Vec<Lease> {
        let mut table = self.table.lock();
        let idle = table.held.extract_if(|_, lease| !lease.is_started);
        idle.map(|(_, lease)| lease).collect()
    }

    /// How many of each priority.
    pub(super) fn counts(&self) -> [usize; Priority::COUNT] {
        let mut counts = [0; Priority::COUNT];
        for lease in self.table.lock().held.values() {
            if let Some(count) = counts.get_mut(lease.head.priority.index()) {
                *count += 1;
            }
        }
        counts
    }

    fn past(&self, table: &Table, token: Token) -> Stale {
        if token.number <= self.before {
            return Stale::Restarted;
        }
        let known = table.ended.iter().rev().find(|(ended, _)| *ended == token);
        match known {
            Some((_, how)) => *how,
            None if token.number > self.numbers.load(Ordering::Relaxed) => Stale::Unknown,
            None => Stale::Gone,
        }
    }
}

/// Greater than all before it, and than those that others have had before, as far as clocks agree.
fn next(numbers: &AtomicU64) -> u64 {
    let now = time::millis(SystemTime::now()) << SHIFT;
    let next = |last: u64| now.max(last.saturating_add(1));
    let changed = numbers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
        Some(next(last))
    });
    next(changed.unwrap_or_else(|last| last))
}
