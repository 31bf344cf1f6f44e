//! One producer and a thousand agents in turn: what a message costs when whoever gets it was idle.

use std::{sync::Arc, time::Duration};

use benches::{
    Latch, Message, Peer,
    bench::{self, Group, on_thread, on_worker, scaled},
    each_peer,
    role::Sink,
    stopwatch::Stopwatch,
    take_numbers,
};
use criterion::Criterion;

const AGENTS: usize = 1_000;

fn main() {
    bench::run(&[fan_out_1000]);
}

fn fan_out_1000(criterion: &mut Criterion) {
    let rounds = scaled(200, 2);
    let mut group = bench::group(criterion, "fan_out_1000", AGENTS as u64 * rounds);
    each_peer!(measure(&mut group, rounds));
    group.finish();
}

fn measure<P: Peer>(group: &mut Group<'_>, rounds: u64) {
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|iterations| on_worker(batches::<P>(iterations, rounds)));
    });
}

async fn batches<P: Peer>(iterations: u64, rounds: u64) -> Duration {
    let peer = P::start().await;
    let latch = Arc::new(Latch::default());
    let sinks = peer.spawn_many(Sink::new(rounds, &latch), AGENTS).await;
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        latch.arm(AGENTS);
        let mut number = take_numbers(AGENTS as u64 * rounds);
        let receivers = sinks.clone();
        let watch = Stopwatch::start();
        let producer = on_thread(async move {
            for _ in 0..rounds {
                for sink in &receivers {
                    P::tell(sink, Message::numbered(number)).await;
                    number += 1;
                }
            }
        });
        producer.await;
        latch.wait().await;
        total += watch.elapsed();
    }
    peer.stop(sinks).await;
    peer.shutdown().await;
    total
}
