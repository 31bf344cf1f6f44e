//! Scenarios that are measured in two ways: their mean by criterion, their percentiles by `percentiles`.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    Message, Peer, Restarts,
    role::{Backlog, Busy, Lives, Phoenix},
    take_numbers,
};

/// The mailbox has room for this many messages. Source: twice the backlog that is measured.
const DEPTH: usize = 200_000;

/// An agent that outlives so many kills cannot be killed. Source: a guess, far more than any race can waste.
const KILLS_MAX: usize = 100_000;

/// Queues `backlog` low messages of about a microsecond each, then sends a critical one each millisecond until the backlog is gone.
///
/// Returns how long each critical message waited.
///
/// # Panics
/// If a message is lost.
pub async fn urgent_latencies<P: Peer>(peer: &P, backlog: u64) -> Vec<Duration> {
    let shared = Backlog::new(usize::try_from(backlog).expect("it fits into memory"));
    let busy = peer.spawn_deep(Busy::new(&shared), DEPTH).await;
    let first = take_numbers(backlog);
    for number in first..first + backlog {
        P::tell_low(&busy, Message::numbered(number)).await;
    }
    shared.release();
    // Real time: the backlog is worked off in real time.
    let mut pace = interval(Duration::from_millis(1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shared.latch.left() > 1 {
        P::tell_critical(&busy, shared.urgent_message()).await;
        pace.tick().await;
    }
    // Behind every critical message, also where mailboxes are first-in first-out.
    P::tell_low(&busy, Message::numbered(take_numbers(1))).await;
    shared.latch.wait().await;
    peer.stop(vec![busy]).await;
    shared.latencies()
}

/// Starts an agent that comes back when it is killed; returns it and the life it is in.
pub async fn phoenix<P: Restarts>(peer: &P, lives: &Arc<Lives>) -> (P::Mortal<Phoenix>, u64) {
    let mortal = peer.mortal(Phoenix::new(lives)).await;
    P::tell_mortal(&mortal, Message::numbered(take_numbers(1))).await;
    let life = lives.handled_by().await;
    (mortal, life)
}

/// Kills an agent that is in its life `life` and waits until a later one has handled a message; returns that life.
///
/// # Panics
/// If the agent does not die.
pub async fn restart_once<P: Restarts>(
    mortal: &mut P::Mortal<Phoenix>,
    lives: &Lives,
    life: u64,
) -> u64 {
    // Again, if the life that was to end still handled a message: a kill may come too late, or hit the life before that.
    for _ in 0..KILLS_MAX {
        P::kill(mortal).await;
        P::tell_mortal(mortal, Message::numbered(take_numbers(1))).await;
        let handled_by = lives.handled_by().await;
        if handled_by > life {
            return handled_by;
        }
    }
    panic!("{} does not die", P::NAME)
}
