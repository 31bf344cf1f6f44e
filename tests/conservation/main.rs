//! Every accepted message is somewhere, at every instant, and in the end in exactly one place.
//!
//! Rounds of a random swarm under random traffic: agents with random layers, limits and policies; messages that panic,
//! fail, hang, or tell others; senders and askers that go away; kills, pauses, stops, and a random end. Meanwhile a
//! thread of its own looks at the accounting as often as it can.
//!
//! `CONSERVATION_MESSAGES` is how many messages are sent over all (200,000 by default, 10,000,000 for the long form),
//! `CONSERVATION_SEED` brings a run back as far as threads allow it.

mod agent;
mod round;
mod sampler;
mod tally;
mod traffic;
mod zoo;

use tests::Random;

/// How many messages each round sends, to a swarm of its own.
const ROUND: u64 = 20_000;
/// The same on one thread, where ends in the middle of it all are worth more than length.
const SMALL_ROUND: u64 = 2_000;

fn messages(default: u64) -> u64 {
    match std::env::var("CONSERVATION_MESSAGES") {
        Ok(count) => count.parse().expect("a count is a number"),
        Err(_) => default,
    }
}

/// On threads, in real time: what is tested is what happens between threads.
#[test]
fn nothing_is_lost_or_counted_twice_between_threads() {
    let seed = Random::seed("CONSERVATION_SEED");
    println!("figures: CONSERVATION_SEED={seed}");
    let mut random = Random::new(seed);
    let begun = std::time::Instant::now();
    let mut total = tally::Totals::default();
    let mut sent = 0;
    while sent < messages(200_000) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let threads = round::Threads::Many;
        total += runtime.block_on(round::run(random.fork(), ROUND, threads));
        runtime.shutdown_background();
        sent += ROUND;
    }
    total.assert_covers_everything();
    println!("figures: {total:?} in {:?}", begun.elapsed());
}

/// On one thread, with paused time: every round comes again with its seed.
#[test]
fn nothing_is_lost_or_counted_twice_on_one_thread() {
    let seed = Random::seed("CONSERVATION_SEED");
    println!("figures: CONSERVATION_SEED={seed}");
    let mut random = Random::new(seed);
    let mut total = tally::Totals::default();
    let mut sent = 0;
    while sent < messages(40_000) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let threads = round::Threads::One;
        total += runtime.block_on(round::run(random.fork(), SMALL_ROUND, threads));
        sent += SMALL_ROUND;
    }
    println!("figures: {total:?}");
}
