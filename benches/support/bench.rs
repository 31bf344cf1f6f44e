//! How every group is run.

use std::{sync::OnceLock, time::Duration};

use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput, measurement::WallTime};
use tokio::runtime::{Builder, Runtime};

use crate::{machine, stopwatch::group_name};

/// Workers of the runtime that all peers share.
pub const WORKERS: usize = 2;

/// A group of bench functions.
pub type Group<'criterion> = BenchmarkGroup<'criterion, WallTime>;

/// The runtime of this process.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .build()
            .expect("the machine has threads to spare")
    })
}

/// Runs a task on one of the workers and waits for it.
pub fn on_worker<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    runtime().block_on(async { tokio::spawn(task).await.expect("the bench did not panic") })
}

/// `full` when measuring, `small` when the bench is only tried out (`--test`, or run by `cargo test`).
pub fn scaled<T>(full: T, small: T) -> T {
    if measuring() { full } else { small }
}

/// Whether this run measures. Cargo passes `--bench` when it does, as criterion itself expects.
pub fn measuring() -> bool {
    let mut bench = false;
    for argument in std::env::args() {
        match argument.as_str() {
            "--bench" => bench = true,
            "--test" => return false,
            _ => {}
        }
    }
    bench
}

/// The main function of a bench: says where it runs, then runs its groups.
pub fn run(groups: &[fn(&mut Criterion)]) {
    if measuring() {
        eprintln!("{}", machine::description());
    }
    let mut criterion = Criterion::default().without_plots().configure_from_args();
    for group in groups {
        group(&mut criterion);
    }
    criterion.final_summary();
}

/// Opens a group whose iterations are whole batches of `elements`, each timed with a [`Stopwatch`](crate::stopwatch::Stopwatch).
pub fn group<'criterion>(
    criterion: &'criterion mut Criterion,
    name: &str,
    elements: u64,
) -> Group<'criterion> {
    open(criterion, group_name(name), elements)
}

/// Opens a group whose iterations are single latencies, in wall time whatever clock this run was asked for.
pub fn latency_group<'criterion>(
    criterion: &'criterion mut Criterion,
    name: &str,
) -> Group<'criterion> {
    open(criterion, name.to_owned(), 1)
}

fn open(criterion: &mut Criterion, name: String, elements: u64) -> Group<'_> {
    let mut group = criterion.benchmark_group(name);
    group
        .sampling_mode(SamplingMode::Flat)
        .sample_size(10)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .throughput(Throughput::Elements(elements));
    group
}

/// Runs a producer on a thread of its own, as load that comes from outside does.
///
/// A producer that is a task of the runtime keeps the agent it wakes in its own worker's LIFO slot, from which tokio 1.54
/// does not steal: then nothing is handled before the producer awaits, and two workers do the work of one.
///
/// # Panics
/// If the producer does.
pub async fn on_thread(producer: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Handle::current();
    let thread = tokio::task::spawn_blocking(move || runtime.block_on(producer));
    thread.await.expect("the producer did not panic");
}

/// Whether the command line asks for `name`: it has no filter, or one that is part of the name.
///
/// For benches that are not criterion's, so that `cargo bench -- ring` does not run them.
pub fn asked_for(name: &str) -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_switch = |argument: &String| argument.starts_with("--");
    let takes_value =
        |argument: &String| is_switch(argument) && argument != "--bench" && argument != "--test";
    let mut filters = arguments.iter().enumerate().filter(|(index, argument)| {
        let value = *index > 0 && takes_value(&arguments[index - 1]);
        !is_switch(argument) && !value
    });
    filters
        .next()
        .is_none_or(|(_, filter)| name.contains(filter.as_str()))
}
