//! A durable queue beside a plain log, `SQLite`, Redis and `RabbitMQ`: 256-byte messages, each answered when it is on disk.
//!
//! `cargo bench -p benches --bench queue --features redis,rabbitmq,sqlite`; without features only what needs no more than Rust.

use std::sync::Arc;
use std::time::Duration;

use benches::bench::{self, Group, on_worker, runtime, scaled};
use benches::durable::{DurableQueue, Store, disk, drive};
use benches::each_store;
use criterion::Criterion;

fn main() {
    bench::run(&[
        enqueue_1,
        enqueue_64,
        enqueue_256,
        enqueue_batch_100,
        pass_64,
    ]);
}

fn enqueue_1(criterion: &mut Criterion) {
    let job = Job::Enqueue {
        callers: 1,
        size: 1,
    };
    compare(criterion, "queue_enqueue_1", job, scaled(500, 20));
}

fn enqueue_64(criterion: &mut Criterion) {
    let job = Job::Enqueue {
        callers: 64,
        size: 1,
    };
    compare(criterion, "queue_enqueue_64", job, scaled(10_000, 200));
}

fn enqueue_256(criterion: &mut Criterion) {
    let job = Job::Enqueue {
        callers: 256,
        size: 1,
    };
    compare(criterion, "queue_enqueue_256", job, scaled(20_000, 500));
}

fn enqueue_batch_100(criterion: &mut Criterion) {
    let job = Job::Enqueue {
        callers: 1,
        size: 100,
    };
    compare(
        criterion,
        "queue_enqueue_batch_100",
        job,
        scaled(10_000, 200),
    );
}

fn pass_64(criterion: &mut Criterion) {
    compare(
        criterion,
        "queue_pass_64",
        Job::Pass { callers: 64 },
        scaled(5_000, 100),
    );
}

/// What is done with messages.
#[derive(Clone, Copy)]
enum Job {
    /// They are taken in, from so many callers, so many at a time.
    Enqueue { callers: usize, size: u64 },
    /// They are taken in, leased and acknowledged.
    Pass { callers: usize },
}

fn compare(criterion: &mut Criterion, name: &str, job: Job, messages: u64) {
    let mut group = bench::group(criterion, name, messages);
    each_store!(measure(&mut group, job, messages));
    group.finish();
}

fn measure<S: Store>(group: &mut Group<'_>, job: Job, messages: u64) {
    if matches!(job, Job::Pass { .. }) && !S::GIVES {
        return;
    }
    let folder = disk::folder();
    let before = disk::SyncTime::measure(folder.path());
    let store = Arc::new(runtime().block_on(S::start(folder.path())));
    group.bench_function(S::NAME, |bencher| {
        bencher.iter_custom(|iterations| {
            on_worker(batches(Arc::clone(&store), job, messages, iterations))
        });
    });
    if bench::measuring() {
        let after = disk::SyncTime::measure(folder.path());
        let system = disk::file_system(folder.path());
        eprintln!("fdatasync p50 / p99: {before} before, {after} after; {system}");
    }
}

async fn batches<S: Store>(store: Arc<S>, job: Job, messages: u64, count: u64) -> Duration {
    let mut total = Duration::ZERO;
    let until = drive::Until {
        count: messages,
        time: Duration::MAX,
    };
    for _ in 0..count {
        let queue = Arc::new(store.queue().await);
        total += match job {
            Job::Enqueue { callers, size } => drive::enqueue(&queue, callers, size, until).await,
            Job::Pass { callers } => drive::pass(&queue, callers, until).await,
        }
        .took;
        if let Some(queue) = Arc::into_inner(queue) {
            queue.close().await;
        }
    }
    total
}
