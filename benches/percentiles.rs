//! What a mean hides: the median and the 99th percentile of single operations, for every peer.
//!
//! `cargo bench -p benches --bench percentiles`. Rounds of the peers alternate, so that a slow minute of the machine hits all of them.
//! The figures are also stored, for `ratio`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use benches::{
    Latch, Message, Peer, Restarts,
    bench::{asked_for, measuring, on_worker, scaled},
    each_peer, each_restarting_peer, machine, results,
    role::{Lives, Sink},
    scenario::{phoenix, restart_once, urgent_latencies},
    table::Table,
    take_numbers,
};
use serde_json::json;

fn main() {
    let mut samples = Samples::default();
    println!("{}", machine::description());
    for _ in 0..scaled(10, 1) {
        if asked_for("urgent_under_backlog") {
            each_peer!(urgent(&mut samples));
        }
        if asked_for("ask") {
            each_peer!(ask(&mut samples));
        }
        if asked_for("spawn_one") {
            each_peer!(spawn_one(&mut samples));
        }
        if asked_for("restart") {
            each_restarting_peer!(restart(&mut samples));
        }
    }
    println!("{}", samples.table());
    if measuring() {
        samples.store();
    }
}

fn urgent<P: Peer>(samples: &mut Samples) {
    let latencies = on_worker(async {
        let peer = P::start().await;
        let latencies = urgent_latencies(&peer, scaled(100_000, 10_000)).await;
        peer.shutdown().await;
        latencies
    });
    samples.add("urgent_under_backlog", P::NAME, latencies);
}

fn ask<P: Peer>(samples: &mut Samples) {
    let latencies = on_worker(async {
        let peer = P::start().await;
        let echo = peer.echo().await;
        let mut latencies = Vec::new();
        for _ in 0..scaled(20_000, 100) {
            let question = Message::numbered(take_numbers(1));
            let began = Instant::now();
            P::ask(&echo, question).await;
            latencies.push(began.elapsed());
        }
        drop(echo);
        peer.shutdown().await;
        latencies
    });
    samples.add("ask", P::NAME, latencies);
}

/// One agent after the other, each ready before the next is begun.
fn spawn_one<P: Peer>(samples: &mut Samples) {
    let latencies = on_worker(async {
        let peer = P::start().await;
        let latch = Arc::new(Latch::default());
        let mut sinks = Vec::new();
        let mut latencies = Vec::new();
        for _ in 0..scaled(2_000, 20) {
            let began = Instant::now();
            sinks.push(peer.spawn(Sink::new(1, &latch)).await);
            latencies.push(began.elapsed());
        }
        peer.stop(sinks).await;
        peer.shutdown().await;
        latencies
    });
    samples.add("spawn_one", P::NAME, latencies);
}

fn restart<P: Restarts>(samples: &mut Samples) {
    let latencies = on_worker(async {
        let peer = P::start().await;
        let lives = Arc::new(Lives::default());
        let (mut mortal, mut life) = phoenix(&peer, &lives).await;
        let mut latencies = Vec::new();
        for _ in 0..scaled(1_000, 10) {
            let began = Instant::now();
            life = restart_once::<P>(&mut mortal, &lives, life).await;
            latencies.push(began.elapsed());
        }
        drop(mortal);
        peer.shutdown().await;
        latencies
    });
    samples.add("restart", P::NAME, latencies);
}

/// Everything measured, by scenario and peer, in the order in which they first came.
#[derive(Default)]
struct Samples(Vec<Series>);

struct Series {
    scenario: &'static str,
    peer: &'static str,
    latencies: Vec<Duration>,
}

impl Samples {
    fn add(&mut self, scenario: &'static str, peer: &'static str, latencies: Vec<Duration>) {
        let known = self
            .0
            .iter_mut()
            .find(|known| known.scenario == scenario && known.peer == peer);
        match known {
            Some(known) => known.latencies.extend(latencies),
            None => self.0.push(Series {
                scenario,
                peer,
                latencies,
            }),
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new(&["scenario", "peer", "samples", "p50 µs", "p99 µs", "max µs"]);
        for series in &self.0 {
            table.add(vec![
                series.scenario.to_owned(),
                series.peer.to_owned(),
                series.latencies.len().to_string(),
                microseconds(series.percentile(50)),
                microseconds(series.percentile(99)),
                microseconds(series.percentile(100)),
            ]);
        }
        table
    }

    fn store(&self) {
        for series in &self.0 {
            let path = format!("{}/{}/percentiles.json", series.scenario, series.peer);
            let figures = json!({
                "p50_ns": series.percentile(50).as_nanos(),
                "p99_ns": series.percentile(99).as_nanos(),
            });
            results::write(&path, &figures).expect("the target folder can be written");
        }
    }
}

impl Series {
    /// The smallest latency that `percent` of all are not above.
    fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100);
        sorted
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    }
}

fn microseconds(latency: Duration) -> String {
    format!("{:.1}", latency.as_secs_f64() * 1e6)
}
