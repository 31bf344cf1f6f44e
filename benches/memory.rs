//! What an idle agent weighs, for every peer: the growth of the process by 100,000 of them, and after one message to each.
//!
//! `cargo bench -p benches --bench memory`. Each peer is measured in a fresh process. Needs Linux's `/proc`.
//! The figures are also stored, for `ratio`.

use std::{
    env, fs,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use benches::{
    Latch, Message, Peer,
    bench::{asked_for, measuring, on_worker, scaled},
    each_peer, machine, results,
    role::Sink,
    table::Table,
    take_numbers,
};
use serde_json::{Value, json};

/// How a process is told to measure the peer whose name follows.
const CHILD: &str = "--child";

fn main() {
    let mut arguments = env::args().skip_while(|argument| argument != CHILD);
    if let (Some(_), Some(name)) = (arguments.next(), arguments.next()) {
        each_peer!(weigh_if_named(&name));
        return;
    }
    if !asked_for("memory") {
        return;
    }
    println!("{}", machine::description());
    let mut table = Table::new(&["peer", "agents", "idle bytes", "bytes after one message"]);
    each_peer!(weigh_in_child(&mut table));
    println!("{table}");
}

fn weigh_in_child<P: Peer>(table: &mut Table) {
    let mode = if measuring() { "--bench" } else { "--test" };
    let output = Command::new(env::current_exe().expect("this program has a path"))
        .args([mode, CHILD, P::NAME])
        .stderr(Stdio::inherit())
        .output()
        .expect("this program can be run again");
    assert!(
        output.status.success(),
        "{} could not be weighed: {}",
        P::NAME,
        output.status
    );
    let figures: Value = serde_json::from_slice(&output.stdout).expect("the child prints JSON");
    table.add(vec![
        P::NAME.to_owned(),
        figures["agents"].to_string(),
        figures["idle_bytes"].to_string(),
        figures["touched_bytes"].to_string(),
    ]);
    if measuring() {
        results::write(&format!("spawn/{}/memory.json", P::NAME), &figures)
            .expect("the target folder can be written");
    }
}

fn weigh_if_named<P: Peer>(name: &str) {
    if P::NAME == name {
        println!("{}", on_worker(weigh::<P>()));
    }
}

async fn weigh<P: Peer>() -> Value {
    let agents = scaled(100_000, 1_000);
    let peer = P::start().await;
    let latch = Arc::new(Latch::default());
    // What the first agents bring up is there for all of them.
    let first = peer.spawn_many(Sink::new(1, &latch), 100).await;
    let before = resident_bytes().await;
    let sinks = peer.spawn_many(Sink::new(1, &latch), agents).await;
    let idle = resident_bytes().await;
    latch.arm(agents);
    for sink in &sinks {
        P::tell(sink, Message::numbered(take_numbers(1))).await;
    }
    latch.wait().await;
    let touched = resident_bytes().await;
    peer.stop(first).await;
    peer.stop(sinks).await;
    peer.shutdown().await;
    let each = |now: usize| now.saturating_sub(before) / agents;
    json!({ "agents": agents, "idle_bytes": each(idle), "touched_bytes": each(touched) })
}

/// The resident size of this process, once all that was begun has come to rest.
async fn resident_bytes() -> usize {
    // Real time: nothing tells when the last new task has been polled for the first time.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let status = fs::read_to_string("/proc/self/status").expect("memory is measured on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes
        .and_then(|text| text.parse::<usize>().ok())
        .expect("the kernel tells it")
        * 1024
}
