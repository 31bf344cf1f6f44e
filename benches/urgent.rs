//! A critical message into a backlog of low ones: how long until it is handled, on the mean of one backlog.
//!
//! Percentiles of the same scenario are printed by `percentiles`.

use std::time::Duration;

use benches::{
    Peer,
    bench::{self, Group, on_worker, scaled},
    each_peer,
    scenario::urgent_latencies,
};
use criterion::Criterion;

fn main() {
    bench::run(&[urgent_under_backlog]);
}

fn urgent_under_backlog(criterion: &mut Criterion) {
    let mut group = bench::latency_group(criterion, "urgent_under_backlog");
    each_peer!(measure(&mut group));
    group.finish();
}

fn measure<P: Peer>(group: &mut Group<'_>) {
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|iterations| on_worker(means::<P>(iterations)));
    });
}

/// The sum, over all backlogs, of the mean latency in each.
async fn means<P: Peer>(iterations: u64) -> Duration {
    let peer = P::start().await;
    let mut total = Duration::ZERO;
    for _ in 0..iterations {
        let latencies = urgent_latencies(&peer, scaled(100_000, 10_000)).await;
        let count =
            u32::try_from(latencies.len()).expect("one a millisecond, for a fraction of a second");
        total += latencies.iter().sum::<Duration>() / count;
    }
    peer.shutdown().await;
    total
}
