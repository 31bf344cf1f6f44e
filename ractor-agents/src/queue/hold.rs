//! Leases that are held, and kept for as long as they are.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use futures_util::StreamExt;
use futures_util::stream::iter;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::broker::Settlement;
use super::{Error, Options, Token};
use crate::queue::Backend;

/// All leases that somebody in this process holds.
#[derive(Default)]
pub(super) struct Holds {
    held: Mutex<HashMap<Token, Arc<Hold>>>,
    came: Notify,
    /// When they are renewed next. Kept here, so that whoever takes over from an actor that was killed does not begin to wait anew.
    due: Mutex<Option<Instant>>,
}

/// One of them.
pub(super) struct Hold {
    pub(super) token: Token,
    state: AtomicU8,
    ended: Notify,
}

/// How it is with a lease, as far as is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum HoldState {
    Held = 0,
    /// Another may have it by now.
    Lost = 1,
    /// What was to be said of it was said.
    Settled = 2,
}

/// How many leases are renewed at a time. Source: a guess; enough to share commits and round trips.
const AT_A_TIME: usize = 64;

/// A lease is renewed when so much of it has passed. Source: the usual rule that two renewals may fail.
const RENEWED_AT: u32 = 3;

impl Hold {
    pub(super) fn state(&self) -> HoldState {
        match self.state.load(Ordering::Acquire) {
            0 => HoldState::Held,
            1 => HoldState::Lost,
            _ => HoldState::Settled,
        }
    }

    fn end(&self, state: HoldState) {
        self.state.store(state as u8, Ordering::Release);
        self.ended.notify_waiters();
    }

    /// Waits until it is lost. For ever, if it is settled first.
    pub(super) async fn lost(&self) {
        loop {
            let ended = self.ended.notified();
            if self.state() == HoldState::Lost {
                return;
            }
            ended.await;
        }
    }
}

impl Holds {
    pub(super) fn hold(&self, token: Token) -> Arc<Hold> {
        let hold = Arc::new(Hold {
            token,
            state: AtomicU8::new(HoldState::Held as u8),
            ended: Notify::new(),
        });
        let mut all = self.held.lock();
        all.insert(token, Arc::clone(&hold));
        if all.len() == 1 {
            self.came.notify_one();
        }
        drop(all);
        hold
    }

    /// It is known what became of it.
    pub(super) fn end(&self, hold: &Hold, state: HoldState) {
        self.held.lock().remove(&hold.token);
        hold.end(state);
    }

    /// Renews all of them, every third of their length, for as long as it is polled.
    pub(super) async fn renew(&self, backend: &dyn Backend, options: &Options) {
        loop {
            if self.held.lock().is_empty() {
                self.came.notified().await;
            }
            let third = options.lease / RENEWED_AT;
            let due = *(self.due.lock()).get_or_insert_with(|| Instant::now() + third);
            sleep_until(due).await;
            let held: Vec<_> = self.held.lock().values().cloned().collect();
            let renewed = iter(held).map(|hold| async move {
                let extended = backend.settle(hold.token, Settlement::Extend).await;
                (hold, extended)
            });
            let mut renewed = renewed.buffer_unordered(AT_A_TIME);
            while let Some((hold, extended)) = renewed.next().await {
                match extended {
                    Err(Error::Stale(stale)) if hold.state() == HoldState::Held => {
                        tracing::warn!(message = %hold.token.id, %stale, "a lease was lost");
                        self.end(&hold, HoldState::Lost);
                    }
                    // Where leases last as long as the connection there is nothing to renew; what else fails is tried again.
                    _ => {}
                }
            }
            *self.due.lock() = None;
        }
    }
}
