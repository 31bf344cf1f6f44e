//! Whom a router chooses: what a choice costs by strategy and by the number of agents.
//!
//! Nobody else's is beside it: ractor's factory and kameo's pool choose inside an actor of their own, a hop away.

use benches::bench::{self, on_worker, scaled};
use criterion::{BenchmarkId, Criterion};
use ractor_agents::prelude::*;
use ractor_agents::routing::{
    LeastConnections, LeastResponseTime, PowerOfTwo, Protocol, ResourceBased, RoundRobin, Router,
    WeightedRoundRobin,
};

const SIZES: [usize; 3] = [10, 1_000, 100_000];

type Idle = Protocol<(), ()>;

fn main() {
    bench::run(&[route]);
}

fn route(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("route");
    for &size in scaled(&SIZES[..], &SIZES[..2]) {
        let swarm = on_worker(populated(size));
        let router = on_worker({
            let swarm = swarm.clone();
            async move { router(&swarm).await }
        });
        let mut measure = |name: &str| {
            group.bench_function(BenchmarkId::new(name, size), |bencher| {
                bencher.iter(|| router.choose());
            });
        };
        router.set_strategy(RoundRobin::default());
        measure("round_robin");
        router.set_strategy(LeastConnections::default());
        measure("least_connections");
        router.set_strategy(PowerOfTwo::default());
        measure("power_of_two");
        router.set_strategy(LeastResponseTime::default());
        measure("least_response_time");
        router.set_strategy(ResourceBased::default());
        measure("resource_based");
        router.set_strategy(WeightedRoundRobin::default());
        measure("weighted_round_robin");
        on_worker(async move { swarm.shutdown(Duration::from_secs(10)).await });
    }
    group.finish();
}

async fn router(swarm: &Swarm) -> Router<Idle> {
    let router = swarm.router::<Idle>().capability("work");
    router.await.expect("the swarm is there")
}

async fn populated(size: usize) -> Swarm {
    let swarm = Swarm::local();
    let idle = |()| async {};
    let many = swarm.spawn_many(std::iter::repeat_n(idle, size));
    many.capability("work@1").await.expect("room");
    swarm
}
