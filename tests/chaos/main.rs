//! Any actor of the tree may be killed at any time.
//!
//! A swarm works while a random actor of its tree is killed every few milliseconds: agents, their supervisors, the
//! root, and the clock beside it. Only what is above the two is spared, which nobody is there to restart. Messages may be
//! retried: none of those that were accepted is lost, all asks come to an end, and nothing is left behind afterwards.
//!
//! `CHAOS_SECONDS` is how long each siege lasts (3 and 5 by default, 60 for the long form); `CHAOS_SEED` brings a run back
//! as far as threads allow it.

mod agent;
mod siege;

use std::time::Duration;

use ractor_agents::swarm::Swarm;
use tests::{Random, ms, secs};

fn lasts(default: u64) -> Duration {
    secs(match std::env::var("CHAOS_SECONDS") {
        Ok(seconds) => seconds.parse().expect("seconds are a number"),
        Err(_) => default,
    })
}

/// In real time, since kills between threads are the point.
#[test]
fn whoever_is_killed_nothing_is_lost_between_threads() {
    let seed = Random::seed("CHAOS_SEED");
    println!("figures: CHAOS_SEED={seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let siege = siege::Siege {
        swarm: Swarm::builder(),
        lasts: lasts(3),
        between_kills: ms(2),
        blocks: true,
        random: Random::new(seed),
    };
    println!("figures: {}", runtime.block_on(siege.lay()));
}

/// On one thread, with paused time: they come again with their seed.
#[test]
fn whoever_is_killed_nothing_is_lost_on_one_thread() {
    let seed = Random::seed("CHAOS_SEED");
    println!("figures: CHAOS_SEED={seed}");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    let siege = siege::Siege {
        swarm: Swarm::builder().test(),
        lasts: lasts(5),
        between_kills: ms(3),
        blocks: false,
        random: Random::new(seed),
    };
    println!("figures: {}", runtime.block_on(siege.lay()));
}
