//! One publisher and many who hear of it: what a message costs for each of them, from its publication until all have handled it.
//!
//! Ours matches a subject against patterns and counts who had no room. ractor's process groups are told one by one, as their
//! documentation shows; its output ports have a task per subscriber, which forwards. tokio's broadcast has tasks and no actors.

use std::sync::Arc;
use std::time::Duration;

use benches::{
    Latch,
    bench::{self, on_thread, on_worker, runtime, scaled},
    stopwatch::Stopwatch,
};
use criterion::{BenchmarkId, Criterion};
use ractor::{Actor, ActorProcessingErr, ActorRef, OutputPort, pg};
use ractor_agents::routing::topic::Topics;
use ractor_agents::swarm::Swarm;
use tokio::sync::broadcast;

const SIZES: [usize; 3] = [1, 100, 10_000];

/// How many messages are published before all are waited for: an output port forgets what is more than 10 behind.
const WINDOW: usize = 8;

/// What is published: 72 bytes, as everywhere in these benches.
#[derive(Clone, Debug)]
struct News([u64; 9]);

fn main() {
    bench::run(&[publish]);
}

fn publish(criterion: &mut Criterion) {
    for size in SIZES.map(|size| scaled(size, size.min(100))) {
        // About as many messages handled, whatever the size.
        let rounds = scaled((100_000 / (size * WINDOW)).clamp(1, 2_000), 1);
        let elements = (rounds * WINDOW * size) as u64;
        let name = format!("publish_{size}");
        let mut group = bench::group(criterion, &name, elements);
        group.bench_function(BenchmarkId::from_parameter("ractor_agents"), |bencher| {
            bencher.iter_custom(|times| on_worker(topics(times, rounds, size)));
        });
        group.bench_function(BenchmarkId::from_parameter("ractor_group"), |bencher| {
            bencher.iter_custom(|times| on_worker(group_of(times, rounds, size)));
        });
        group.bench_function(BenchmarkId::from_parameter("ractor_port"), |bencher| {
            bencher.iter_custom(|times| on_worker(port(times, rounds, size)));
        });
        group.bench_function(BenchmarkId::from_parameter("tokio"), |bencher| {
            bencher.iter_custom(|times| on_worker(channel(times, rounds, size)));
        });
        group.finish();
    }
}

/// How long `rounds` of publications take, `times` over.
async fn batches(
    times: u64,
    rounds: usize,
    size: usize,
    latch: &Arc<Latch>,
    publish: impl Fn(News) + Clone + Send + 'static,
) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..times {
        let (latch, publish) = (Arc::clone(latch), publish.clone());
        let watch = Stopwatch::start();
        on_thread(async move {
            for round in 0..rounds {
                latch.arm(WINDOW * size);
                for number in 0..WINDOW {
                    publish(News([(round * WINDOW + number) as u64; 9]));
                }
                latch.wait().await;
            }
        })
        .await;
        total += watch.elapsed();
    }
    total
}

async fn topics(times: u64, rounds: usize, size: usize) -> Duration {
    let swarm = Swarm::local();
    let topics: Topics<News> = swarm.topics().await.expect("the swarm is there");
    let latch = Arc::new(Latch::default());
    let heard = Arc::clone(&latch);
    let listener = move |news: News| {
        std::hint::black_box(news.0);
        heard.count_down();
        async {}
    };
    let listeners = swarm.spawn_many(std::iter::repeat_n(listener, size));
    for listener in listeners.await.expect("room") {
        let subscribed = topics.subscribe(&listener, "orders.*.created");
        subscribed.expect("a pattern");
    }
    let publish = move |news| {
        let told = topics.publish("orders.eu.created", news).now();
        assert_eq!(told.expect("a subject").delivered, size);
    };
    let total = batches(times, rounds, size, &latch, publish).await;
    swarm.shutdown(Duration::from_secs(10)).await;
    total
}

/// An actor that hears of it.
struct Listener(Arc<Latch>);

impl Actor for Listener {
    type Msg = News;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<News>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<News>,
        news: News,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        std::hint::black_box(news.0);
        self.0.count_down();
        Ok(())
    }
}

async fn listeners(latch: &Arc<Latch>, size: usize) -> Vec<ActorRef<News>> {
    let mut listeners = Vec::with_capacity(size);
    for _ in 0..size {
        let started = Listener::spawn(None, Listener(Arc::clone(latch)), ());
        listeners.push(started.await.expect("it starts").0);
    }
    listeners
}

async fn stop(listeners: Vec<ActorRef<News>>) {
    for listener in listeners {
        let stopped = listener.stop_and_wait(None, None).await;
        stopped.expect("it was there");
    }
}

async fn group_of(times: u64, rounds: usize, size: usize) -> Duration {
    let latch = Arc::new(Latch::default());
    let listeners = listeners(&latch, size).await;
    let name = String::from("orders");
    let cells = listeners.iter().map(ActorRef::get_cell);
    pg::join(name.clone(), cells.collect());
    let publish = move |news: News| {
        for member in pg::get_members(&name) {
            member.send_message(news.clone()).expect("it is there");
        }
    };
    let total = batches(times, rounds, size, &latch, publish).await;
    stop(listeners).await;
    total
}

async fn port(times: u64, rounds: usize, size: usize) -> Duration {
    let latch = Arc::new(Latch::default());
    let listeners = listeners(&latch, size).await;
    let port = Arc::new(OutputPort::<News>::default());
    for listener in &listeners {
        port.subscribe(listener.clone(), Some);
    }
    let publish = move |news| port.send(news);
    let total = batches(times, rounds, size, &latch, publish).await;
    stop(listeners).await;
    total
}

async fn channel(times: u64, rounds: usize, size: usize) -> Duration {
    let latch = Arc::new(Latch::default());
    let (sender, _) = broadcast::channel::<News>(WINDOW * 2);
    for _ in 0..size {
        let (mut receiver, latch) = (sender.subscribe(), Arc::clone(&latch));
        // Ends with the sender.
        runtime().spawn(async move {
            while let Ok(news) = receiver.recv().await {
                std::hint::black_box(news.0);
                latch.count_down();
            }
        });
    }
    let publish = move |news| {
        sender.send(news).expect("somebody listens");
    };
    batches(times, rounds, size, &latch, publish).await
}
