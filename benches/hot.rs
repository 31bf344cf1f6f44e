//! One busy agent: how much a message costs when the line is never empty, with one producer and with four.

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
use tokio::task::JoinSet;

fn main() {
    bench::run(&[hot_1_to_1, hot_4_to_1]);
}

fn hot_1_to_1(criterion: &mut Criterion) {
    hot(criterion, "hot_1_to_1", 1);
}

fn hot_4_to_1(criterion: &mut Criterion) {
    hot(criterion, "hot_4_to_1", 4);
}

fn hot(criterion: &mut Criterion, name: &str, producers: u64) {
    let messages = scaled(200_000, 2_000);
    let mut group = bench::group(criterion, name, messages);
    each_peer!(measure(&mut group, producers, messages));
    group.finish();
}

fn measure<P: Peer>(group: &mut Group<'_>, producers: u64, messages: u64) {
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|iterations| on_worker(batches::<P>(iterations, producers, messages)));
    });
}

async fn batches<P: Peer>(iterations: u64, producers: u64, messages: u64) -> Duration {
    let peer = P::start().await;
    let latch = Arc::new(Latch::default());
    let sink = peer.spawn(Sink::new(messages, &latch)).await;
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        latch.arm(1);
        let watch = Stopwatch::start();
        let mut tasks = produce::<P>(&sink, producers, messages);
        latch.wait().await;
        total += watch.elapsed();
        while tasks.join_next().await.is_some() {}
    }
    peer.stop(vec![sink]).await;
    peer.shutdown().await;
    total
}

/// Starts the producers, each with an equal part of the messages.
fn produce<P: Peer>(sink: &P::Address<Sink>, producers: u64, messages: u64) -> JoinSet<()> {
    let part = messages / producers;
    let mut tasks = JoinSet::new();
    for _ in 0..producers {
        let sink = sink.clone();
        tasks.spawn(on_thread(async move {
            let first = take_numbers(part);
            for number in first..first + part {
                P::tell(&sink, Message::numbered(number)).await;
            }
        }));
    }
    tasks
}
