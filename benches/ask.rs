//! A question and its answer, one after the other.

use std::time::Duration;

use benches::{
    Message, Peer,
    bench::{self, Group, on_worker, scaled},
    each_peer,
    stopwatch::Stopwatch,
    take_numbers,
};
use criterion::Criterion;

fn main() {
    bench::run(&[ask]);
}

fn ask(criterion: &mut Criterion) {
    let questions = scaled(20_000, 500);
    let mut group = bench::group(criterion, "ask", questions);
    each_peer!(measure(&mut group, questions));
    group.finish();
}

fn measure<P: Peer>(group: &mut Group<'_>, questions: u64) {
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|iterations| on_worker(batches::<P>(iterations, questions)));
    });
}

async fn batches<P: Peer>(iterations: u64, questions: u64) -> Duration {
    let peer = P::start().await;
    let echo = peer.echo().await;
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        let first = take_numbers(questions);
        let watch = Stopwatch::start();
        for number in first..first + questions {
            let answer = P::ask(&echo, Message::numbered(number)).await;
            assert_eq!(answer, number);
        }
        total += watch.elapsed();
    }
    drop(echo);
    peer.shutdown().await;
    total
}
