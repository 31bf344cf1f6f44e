//! What a supervised child costs beside raw `spawn_linked`: CPU time and memory for 100,000 idle children.
//!
//! ```sh
//! cargo run --release -p supervisors --example spawn_cost -- raw
//! cargo run --release -p supervisors --example spawn_cost -- supervised
//! cargo run --release -p supervisors --example spawn_cost -- outside
//! cargo run --release -p supervisors --example spawn_cost -- ambient
//! ```
//!
//! Handing each child to a runtime from outside has a price of its own (idle workers are woken), so there are two pairs:
//! `ambient` beside `raw`, both spawning on a worker of the children's runtime, and `supervised` beside `outside`, both spawning
//! from another thread.
//!
//! Each run is a process of its own, so that memory figures do not mix. Linux only: it reads `/proc/self`.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a program that prints a measurement"
)]

use std::time::{Duration, Instant};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use supervisors::{ChildSpec, DynamicSupervisor, StartContext, StartError, System, spawn_now};

const CHILDREN: u64 = 100_000;

/// A child that does nothing.
struct Idle;

impl Actor for Idle {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

/// A raw supervisor: it only hears its children's events.
struct Parent;

impl Actor for Parent {
    type Msg = u64;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<u64>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<u64>,
        count: u64,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        for _ in 0..count {
            Actor::spawn_linked(None, Idle, (), myself.get_cell()).await?;
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<u64>,
        _: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

async fn raw() {
    let (parent, _) = Actor::spawn(None, Parent, ())
        .await
        .expect("the parent starts");
    for _ in 0..CHILDREN.div_ceil(64) {
        parent.cast(64).expect("the parent listens");
    }
    while (parent.get_children().len() as u64) < CHILDREN {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Spawns from a thread that is not one of the runtime's workers, as a `block_on` does, and as a supervisor on a runtime of its own.
async fn raw_from_outside() {
    let (parent, _) = Actor::spawn(None, Parent, ())
        .await
        .expect("the parent starts");
    for _ in 0..CHILDREN {
        Actor::spawn_linked(None, Idle, (), parent.get_cell())
            .await
            .expect("the child starts");
    }
}

async fn supervised(system: &System) {
    let pool = system
        .start(DynamicSupervisor::new())
        .await
        .expect("the pool starts");
    let start =
        |cx: &StartContext<'_>| -> Result<ActorCell, StartError> { spawn_now(Idle, (), cx) };
    let runtime = tokio::runtime::Handle::current();
    let specs = (0..CHILDREN)
        .map(|id| ChildSpec::new(id, start).runtime(runtime.clone()))
        .collect();
    let results = pool.start_children(specs).await;
    assert!(results.iter().all(Result::is_ok), "all children start");
    drop(results);
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let kind = std::env::args().nth(1).unwrap_or_default();
    let system = match kind.as_str() {
        "ambient" => System::current(),
        _ => System::new().expect("the system has a thread"),
    };
    let (cpu, memory, begun) = (cpu_time(), memory(), Instant::now());
    match kind.as_str() {
        "raw" => raw().await,
        "outside" => raw_from_outside().await,
        _ => supervised(&system).await,
    }
    let wall = begun.elapsed();
    // Let the last children get to their idle state before memory is read.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let per = |total: u64| total / CHILDREN;
    println!(
        "{kind}: {} ns CPU, {} ns wall, {} bytes per child",
        per(u64::try_from(cpu_time().saturating_sub(cpu).as_nanos()).unwrap_or(u64::MAX)),
        per(u64::try_from(wall.as_nanos()).unwrap_or(u64::MAX)),
        per(memory_since(memory)),
    );
}

/// CPU time of this process so far, in the kernel's ticks of 10 ms.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = stat
        .rsplit(')')
        .next()
        .into_iter()
        .flat_map(str::split_whitespace)
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 10)
}

fn memory() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or_default()
        * 4096
}

fn memory_since(before: u64) -> u64 {
    memory().saturating_sub(before)
}
