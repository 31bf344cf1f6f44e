//! Senders of all kinds.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use ractor_agents::agent::AgentRef;
use ractor_agents::message::Priority;
use ractor_agents::prelude::Duration;
use tests::{Random, ms};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::agent::{Deed, Parcel, Rogue};
use crate::tally::Tally;

/// How many asks of one sender are open at most.
const ASKS_MAX: usize = 32;
/// How long anything may take that has to come to an end by itself.
const FOREVER: Duration = Duration::from_secs(60);

/// Sends `count` messages to random agents in random ways, and meddles with the agents.
pub(crate) async fn send(
    agents: Arc<[AgentRef<Rogue>]>,
    mut random: Random,
    count: u64,
    tally: Arc<Tally>,
) {
    let mut asks = JoinSet::new();
    for _ in 0..count {
        let to = random.one_of(&agents).clone();
        let content = random.below(5_000);
        let parcel = Parcel::new(content, Deed::random(&mut random), &tally);
        match random.below(100) {
            0..=19 => tally.tell(&to.try_tell(parcel)),
            20..=29 => {
                let (to, tally, mut random) = (to, Arc::clone(&tally), random.fork());
                asks.spawn(async move { ask(&to, parcel, &mut random, &tally).await });
            }
            30..=32 => drop_early(&to, parcel, &mut random, &tally).await,
            _ => tell(&to, parcel, &mut random, &tally).await,
        }
        if asks.len() >= ASKS_MAX {
            asks.join_next().await;
        }
        if random.once_in(500) {
            meddle(random.one_of(&agents), &mut random).await;
        }
    }
    asks.join_all().await;
}

async fn tell(to: &AgentRef<Rogue>, parcel: Parcel, random: &mut Random, tally: &Tally) {
    let mut tell = to.tell(parcel).priority(*random.one_of(&Priority::ALL));
    if random.once_in(20) {
        tell = tell.ttl(ms(random.below(5)));
    }
    if random.once_in(20) {
        tell = tell.key(&random.below(100).to_string());
    }
    if random.once_in(50) {
        tell = tell.attempts(3).deadline(ms(10));
    }
    let told = timeout(FOREVER, tell).await;
    tally.tell(&told.expect("a tell comes to an end"));
}

async fn ask(to: &AgentRef<Rogue>, parcel: Parcel, random: &mut Random, tally: &Tally) {
    let mut ask = to.ask(parcel).priority(*random.one_of(&Priority::ALL));
    ask = ask.patience(ms(*random.one_of(&[0, 1, 10, 1_000, 30_000])));
    if random.once_in(10) {
        ask = ask.ttl(ms(random.below(5)));
    }
    if random.once_in(10) {
        ask = ask.attempts(3);
    }
    let answer = timeout(FOREVER, ask).await;
    tally.ask(&answer.expect("an ask comes to an end"));
}

/// A sender that goes away: before it has begun, after a poll, or after a while.
async fn drop_early(to: &AgentRef<Rogue>, parcel: Parcel, random: &mut Random, tally: &Tally) {
    if random.once_in(2) {
        let mut tell = pin!(to.tell(parcel));
        let polled = match random.below(3) {
            0 => Poll::Pending,
            1 => tell.as_mut().poll(&mut Context::from_waker(Waker::noop())),
            _ => timeout(ms(1), tell)
                .await
                .map_or(Poll::Pending, Poll::Ready),
        };
        if let Poll::Ready(told) = polled {
            tally.tell(&told);
        }
    } else {
        let mut ask = pin!(to.ask(parcel));
        let polled = match random.below(3) {
            0 => Poll::Pending,
            1 => ask.as_mut().poll(&mut Context::from_waker(Waker::noop())),
            _ => timeout(ms(1), ask).await.map_or(Poll::Pending, Poll::Ready),
        };
        match polled {
            Poll::Ready(answer) => tally.ask(&answer),
            Poll::Pending => {
                tally.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

async fn meddle(agent: &AgentRef<Rogue>, random: &mut Random) {
    match random.below(20) {
        0 => agent.stop(),
        1..=5 => {
            agent.pause();
            if random.once_in(2) {
                tokio::task::yield_now().await;
            }
            agent.resume();
        }
        _ => {
            agent.kill();
        }
    }
}
