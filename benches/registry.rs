//! Finding an agent among many: by id, by name, and the only one of a capability.
//!
//! Nobody else's registry is beside it: what the others have is one map of names. tokio has none.

use std::hint::black_box;

use benches::bench::{self, on_worker, scaled};
use criterion::{BenchmarkId, Criterion};
use ractor_agents::prelude::*;
use ractor_agents::registry::Requirement;

const SIZES: [usize; 4] = [10, 1_000, 10_000, 100_000];

fn main() {
    bench::run(&[registry_lookup]);
}

fn registry_lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("registry_lookup");
    for &size in scaled(&SIZES[..], &SIZES[..2]) {
        let swarm = on_worker(populated(size));
        let registry = swarm.registry();
        let id = registry.named("wanted").expect("it was spawned").id();
        let asked: Requirement = "rare@^2".parse().expect("a requirement");
        group.bench_function(BenchmarkId::new("id", size), |bencher| {
            bencher.iter(|| registry.get(black_box(id)));
        });
        group.bench_function(BenchmarkId::new("name", size), |bencher| {
            bencher.iter(|| registry.named(black_box("wanted")));
        });
        group.bench_function(BenchmarkId::new("capability", size), |bencher| {
            bencher.iter(|| registry.able(black_box(&asked)));
        });
        on_worker(async move { swarm.shutdown(Duration::from_secs(10)).await });
    }
    group.finish();
}

/// A swarm of so many agents, one of whom is wanted.
async fn populated(size: usize) -> Swarm {
    let swarm = Swarm::local();
    let idle = |()| async {};
    let many = swarm.spawn_many(std::iter::repeat_n(idle, size - 1));
    many.capability("common@1").tag("all").await.expect("room");
    let wanted = swarm.spawn(idle).name("wanted").capability("rare@2.1");
    wanted.tag("all").await.expect("room");
    swarm
}
