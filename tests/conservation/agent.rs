//! The agent that everything happens to, and its messages.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ractor_agents::prelude::*;
use tests::{Random, panic_quietly};

use crate::tally::Tally;

/// What a message does to its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Note,
    Yield,
    Sleep,
    Panic,
    Fail,
    FailSoftly,
    FailForGood,
    Hang,
    TellItself,
    TellLater,
}

impl Deed {
    pub(crate) fn random(random: &mut Random) -> Self {
        match random.below(2_000) {
            0..=2 => Self::Panic,
            3..=5 => Self::Fail,
            6..=9 => Self::FailSoftly,
            10..=11 => Self::FailForGood,
            12 => Self::Hang,
            13..=20 => Self::TellItself,
            21..=24 => Self::TellLater,
            25..=60 => Self::Sleep,
            61..=200 => Self::Yield,
            _ => Self::Note,
        }
    }
}

/// A message that is counted for as long as it exists.
pub(crate) struct Parcel {
    /// Equal contents are duplicates.
    content: u64,
    deed: Deed,
    tally: Arc<Tally>,
}

impl Parcel {
    pub(crate) fn new(content: u64, deed: Deed, tally: &Arc<Tally>) -> Self {
        tally.alive.fetch_add(1, Ordering::Relaxed);
        Self {
            content,
            deed,
            tally: Arc::clone(tally),
        }
    }
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.tally.alive.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Hash for Parcel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.content.hash(state);
    }
}

/// The agent that everything happens to.
#[derive(Clone)]
pub(crate) struct Rogue(pub(crate) Arc<Tally>);

impl Agent for Rogue {
    type Message = Parcel;
    type Reply = u64;

    async fn handle(&mut self, parcel: &Parcel, ctx: &Context<Self>) -> Result<u64, Failure> {
        let tally = &self.0;
        tally.begun.fetch_add(1, Ordering::Relaxed);
        // Most deeds are done once, so that attempts help.
        let is_first = ctx.attempt() == Some(1);
        match parcel.deed {
            Deed::Note => {}
            Deed::Yield => tokio::task::yield_now().await,
            Deed::Sleep => tokio::time::sleep(tests::ms(1)).await,
            Deed::Panic if is_first => panic_quietly("on purpose"),
            Deed::Fail if is_first => return Err(Failure::new("on purpose")),
            Deed::FailSoftly => return Err(Failure::new("softly").without_restart()),
            Deed::FailForGood => return Err(Failure::new("for good").without_retry()),
            Deed::Hang if is_first => std::future::pending().await,
            Deed::TellItself => {
                let parcel = Parcel::new(parcel.content, Deed::Note, tally);
                let told = ctx.agent().tell(parcel).await;
                tally
                    .own
                    .fetch_add(u64::from(told.is_ok()), Ordering::Relaxed);
            }
            Deed::TellLater => {
                let parcel = Parcel::new(parcel.content, Deed::Note, tally);
                let told = ctx.later(parcel, tests::ms(parcel_wait(ctx)));
                tally
                    .own
                    .fetch_add(u64::from(told.is_ok()), Ordering::Relaxed);
            }
            Deed::Panic | Deed::Fail | Deed::Hang => {}
        }
        tally.finished.fetch_add(1, Ordering::Relaxed);
        Ok(parcel.content)
    }
}

/// From nothing to beyond the end of the round.
fn parcel_wait(ctx: &Context<Rogue>) -> u64 {
    ctx.message_id()
        .map_or(0, |id| [0, 1, 5, 60_000][(id.number % 4) as usize])
}
