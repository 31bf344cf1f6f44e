//! How many durable messages a second, by the number of callers, beside what the disk can do in the same minute.
//!
//! `cargo bench -p benches --bench queue_load --features redis,rabbitmq,sqlite`. All stores take turns within each round, and figures are medians over
//! rounds, of which `QUEUE_ROUNDS` says how many (3); `QUEUE_SECONDS` is how long each point is measured (1.5). `QUEUE_FOLDER` is where, `QUEUE_CALLERS` how many
//! (1,8,64,256,1024), `QUEUE_STORES` part of the name of those that are measured. With `BENCH_CLOCK=cpu` a second is one of this process' processor time, which is steadier, and
//! says nothing of servers.

use std::env;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use benches::bench::{asked_for, runtime, scaled};
use benches::durable::disk::{self, SyncTime};
use benches::durable::drive::{self, Flow, Until};
use benches::durable::{DurableQueue, Store};
use benches::table::Table;
use benches::{each_store, machine};

fn main() {
    if !asked_for("queue_load") {
        return;
    }
    let folder = disk::folder();
    println!(
        "{}; {}",
        machine::description(),
        disk::file_system(folder.path())
    );
    let mut stores = Vec::new();
    each_store!(start(&mut stores, folder.path()));
    let mut points = points();
    for _ in 0..scaled(setting("QUEUE_ROUNDS").unwrap_or(3), 1) {
        for point in &mut points {
            point.measure(&stores, folder.path());
        }
    }
    let sections = [
        (
            "enqueued one at a time, by callers",
            Job::Enqueue { size: 1 },
        ),
        (
            "enqueued in batches of 100, by callers",
            Job::Enqueue { size: 100 },
        ),
        (
            "enqueued, leased and acknowledged, by producers and consumers each",
            Job::Pass,
        ),
    ];
    for (title, job) in sections {
        let of_job: Vec<&Point> = points.iter().filter(|point| point.job == job).collect();
        println!(
            "\n{title}: messages a second\n\n{}",
            rates(&stores, &of_job)
        );
    }
    println!("\none caller: p50 / p99\n\n{}", waits(&stores, &points));
}

fn setting<T: FromStr>(name: &str) -> Option<T> {
    env::var(name).ok()?.parse().ok()
}

/// A store that has been started.
trait Started {
    fn name(&self) -> &'static str;
    fn does(&self, job: Job) -> bool;
    /// In a queue of its own, which is dropped after.
    fn flow(&self, job: Job, callers: usize, until: Until) -> Flow;
}

struct One<S>(Arc<S>);

impl<S: Store> Started for One<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn does(&self, job: Job) -> bool {
        S::GIVES || job != Job::Pass
    }

    fn flow(&self, job: Job, callers: usize, until: Until) -> Flow {
        let store = Arc::clone(&self.0);
        runtime().block_on(async move {
            let queue = Arc::new(store.queue().await);
            let flow = match job {
                Job::Enqueue { size } => drive::enqueue(&queue, callers, size, until).await,
                Job::Pass => drive::pass(&queue, callers, until).await,
            };
            if let Some(queue) = Arc::into_inner(queue) {
                queue.close().await;
            }
            flow
        })
    }
}

/// Brings a store up, if it is asked for.
fn start<S: Store>(stores: &mut Vec<Box<dyn Started>>, folder: &Path) {
    if env::var("QUEUE_STORES").is_ok_and(|wanted| !S::NAME.contains(&wanted)) {
        return;
    }
    stores.push(Box::new(One(Arc::new(
        runtime().block_on(S::start(folder)),
    ))));
}

/// What callers do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// They put messages in line, so many at a time.
    Enqueue { size: u64 },
    /// As many again take them out.
    Pass,
}

/// Something that is measured, and what came of it: per round and store, how long a sync took just before, and the flow.
struct Point {
    job: Job,
    callers: usize,
    rounds: Vec<Vec<Option<(SyncTime, Flow)>>>,
}

fn points() -> Vec<Point> {
    let callers = env::var("QUEUE_CALLERS").unwrap_or_else(|_| "1,8,64,256,1024".to_owned());
    let callers = callers
        .split(',')
        .map(|count| count.parse().expect("numbers of callers"));
    let callers: Vec<usize> = callers.take(scaled(usize::MAX, 2)).collect();
    let jobs = [
        Job::Enqueue { size: 1 },
        Job::Enqueue { size: 100 },
        Job::Pass,
    ];
    let points = jobs.into_iter().flat_map(|job| {
        callers.iter().map(move |&callers| Point {
            job,
            callers,
            rounds: Vec::new(),
        })
    });
    // More callers of batches tell nothing more: the processor is busy with one.
    let is_telling = |point: &Point| point.callers == 1 || point.job != Job::Enqueue { size: 100 };
    points.filter(is_telling).collect()
}

impl Point {
    fn measure(&mut self, stores: &[Box<dyn Started>], folder: &Path) {
        let until = Until {
            count: scaled(u64::MAX, 200),
            time: Duration::from_secs_f64(scaled(setting("QUEUE_SECONDS").unwrap_or(1.5), 1.0)),
        };
        let measured = stores.iter().map(|store| {
            let sync = SyncTime::measure(folder);
            let flow = store
                .does(self.job)
                .then(|| store.flow(self.job, self.callers, until))?;
            Some((sync, flow))
        });
        self.rounds.push(measured.collect());
    }

    /// A figure of one store, over the rounds.
    fn of(&self, store: usize, figure: impl Fn(&SyncTime, &Flow) -> Option<f64>) -> Option<f64> {
        let figures = self.rounds.iter().filter_map(|round| {
            let (sync, flow) = round.get(store)?.as_ref()?;
            figure(sync, flow)
        });
        median(figures.collect())
    }

    /// The rate of the first store by that of another, over the rounds.
    fn ratio(&self, other: usize) -> Option<f64> {
        let ratios = self.rounds.iter().filter_map(|round| {
            let [ours, theirs] = [0, other].map(|store| Some(round.get(store)?.as_ref()?.1.rate()));
            Some(ours? / theirs?)
        });
        median(ratios.collect())
    }

    /// How long a sync took, before all of it.
    fn sync(&self) -> SyncTime {
        let times = |time: fn(&SyncTime) -> Duration| {
            let all = self.rounds.iter().flatten().flatten();
            let times = all.map(|(sync, _)| time(sync).as_secs_f64());
            Duration::from_secs_f64(median(times.collect()).unwrap_or_default())
        };
        SyncTime {
            p50: times(|sync| sync.p50),
            p99: times(|sync| sync.p99),
        }
    }
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied()
}

fn rates(stores: &[Box<dyn Started>], points: &[&Point]) -> Table {
    let names = stores.iter().map(|store| store.name().to_owned());
    let ratios = stores
        .iter()
        .skip(1)
        .map(|store| format!("ours : {}", store.name()));
    let first = ["callers", "fdatasync p50 / p99"].map(str::to_owned);
    let last = ["messages a sync of the plain log".to_owned()];
    let heading: Vec<_> = first
        .into_iter()
        .chain(names)
        .chain(ratios)
        .chain(last)
        .collect();
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let mut table = Table::new(&heading);
    for point in points {
        let rates = (0..stores.len()).map(|store| point.of(store, |_, flow| Some(flow.rate())));
        let rates =
            rates.map(|rate| rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.0}")));
        let ratios = (1..stores.len()).map(|store| point.ratio(store));
        let ratios =
            ratios.map(|ratio| ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")));
        let first = [point.callers.to_string(), point.sync().to_string()];
        let shared =
            (0..stores.len()).find_map(|store| point.of(store, |_, flow| flow.per_commit()));
        let shared = shared.map(|count| format!("{count:.0}"));
        table.add(
            first
                .into_iter()
                .chain(rates)
                .chain(ratios)
                .chain(shared)
                .collect(),
        );
    }
    table
}

fn waits(stores: &[Box<dyn Started>], points: &[Point]) -> Table {
    let mut table = Table::new(&["store", "call", "fdatasync just before", "p99 by p99"]);
    let lone = points
        .iter()
        .find(|point| point.callers == 1 && point.job == Job::Enqueue { size: 1 });
    for (index, store) in stores.iter().enumerate() {
        let time = |figure: fn(&SyncTime, &Flow) -> Duration| {
            let figure = |sync: &SyncTime, flow: &Flow| Some(figure(sync, flow).as_secs_f64());
            let median = lone.and_then(|point| point.of(index, figure));
            Duration::from_secs_f64(median.unwrap_or_default())
        };
        let call = SyncTime {
            p50: time(|_, flow| SyncTime::of(flow.waits.clone()).p50),
            p99: time(|_, flow| SyncTime::of(flow.waits.clone()).p99),
        };
        let sync = SyncTime {
            p50: time(|sync, _| sync.p50),
            p99: time(|sync, _| sync.p99),
        };
        let ratio = call.p99.as_secs_f64() / sync.p99.as_secs_f64();
        table.add(vec![
            store.name().to_owned(),
            call.to_string(),
            sync.to_string(),
            format!("{ratio:.1}"),
        ]);
    }
    table
}
