//! A thousand agents and one token: what a hop costs when there is nothing else to do.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use benches::{
    Message, Peer,
    bench::{self, Group, on_worker, scaled},
    each_peer,
    role::{Link, Ring},
    stopwatch::Stopwatch,
    take_numbers,
};
use criterion::Criterion;

const AGENTS: usize = 1_000;

fn main() {
    bench::run(&[ring_1000]);
}

fn ring_1000(criterion: &mut Criterion) {
    let hops = scaled(100_000, 2_000);
    let mut group = bench::group(criterion, "ring_1000", hops);
    each_peer!(measure(&mut group, hops));
    group.finish();
}

fn measure<P: Peer>(group: &mut Group<'_>, hops: u64) {
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|iterations| on_worker(batches::<P>(iterations, hops)));
    });
}

async fn batches<P: Peer>(iterations: u64, hops: u64) -> Duration {
    let peer = P::start().await;
    let ring = Arc::new(Ring::<P>::default());
    let mut links = Vec::with_capacity(AGENTS);
    for place in 1..=AGENTS {
        links.push(peer.spawn(Link::new(&ring, place % AGENTS)).await);
    }
    let first = links[0].clone();
    let _ = ring.addresses.set(links.clone());
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        let token = take_numbers(hops);
        ring.last.store(token + hops - 1, Ordering::Relaxed);
        ring.latch.arm(1);
        let watch = Stopwatch::start();
        P::tell(&first, Message::numbered(token)).await;
        ring.latch.wait().await;
        total += watch.elapsed();
    }
    peer.stop(links).await;
    peer.shutdown().await;
    total
}
