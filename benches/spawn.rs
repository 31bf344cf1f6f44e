//! A hundred thousand agents, started and ready when it returns.
//!
//! What each of them weighs is printed by `memory`.

use std::{sync::Arc, time::Duration};

use benches::{
    Latch, Peer,
    bench::{self, Group, on_worker, scaled},
    each_peer,
    role::Sink,
    stopwatch::Stopwatch,
};
use criterion::Criterion;

fn main() {
    bench::run(&[spawn]);
}

fn spawn(criterion: &mut Criterion) {
    let agents = scaled(100_000, 1_000);
    let mut group = bench::group(criterion, "spawn", agents as u64);
    each_peer!(measure(&mut group, agents));
    group.finish();
}

fn measure<P: Peer>(group: &mut Group<'_>, agents: usize) {
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|iterations| on_worker(batches::<P>(iterations, agents)));
    });
}

async fn batches<P: Peer>(iterations: u64, agents: usize) -> Duration {
    let peer = P::start().await;
    let latch = Arc::new(Latch::default());
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        let watch = Stopwatch::start();
        let sinks = peer.spawn_many(Sink::new(1, &latch), agents).await;
        total += watch.elapsed();
        peer.stop(sinks).await;
    }
    peer.shutdown().await;
    total
}
