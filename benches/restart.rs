//! From the kill of an idle agent to a message handled by its replacement, one after the other.
//!
//! ractor has no restarts and loses the mailbox: its supervisor starts a new actor by hand, and the sender learns the new address.
//! actix has no kill: its actor ends itself. tokio has neither and is left out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use benches::{
    Restarts,
    bench::{self, Group, on_worker},
    each_restarting_peer,
    role::Lives,
    scenario::{phoenix, restart_once},
};
use criterion::Criterion;

fn main() {
    bench::run(&[restart]);
}

fn restart(criterion: &mut Criterion) {
    let mut group = bench::latency_group(criterion, "restart");
    each_restarting_peer!(measure(&mut group));
    group.finish();
}

fn measure<P: Restarts>(group: &mut Group<'_>) {
    group.bench_function(P::NAME, |bencher| {
        bencher.iter_custom(|iterations| on_worker(restarts::<P>(iterations)));
    });
}

async fn restarts<P: Restarts>(iterations: u64) -> Duration {
    let peer = P::start().await;
    let lives = Arc::new(Lives::default());
    let (mut mortal, mut life) = phoenix(&peer, &lives).await;
    let began = Instant::now();
    for _ in 0..iterations {
        life = restart_once::<P>(&mut mortal, &lives, life).await;
    }
    let total = began.elapsed();
    drop(mortal);
    peer.shutdown().await;
    total
}
