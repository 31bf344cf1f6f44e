//! What a durable queue takes: to be opened after a crash, on disk, and in memory for what it remembers.
//!
//! `cargo bench -p benches --bench queue_size`. Each figure is that of a fresh process, which is killed and never closes its queue. `QUEUE_FOLDER` is
//! where; `QUEUE_REMEMBERED` is how many keys are remembered (1,000,000). Needs Linux's `/proc`.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use benches::bench::{asked_for, measuring, runtime, scaled};
use benches::durable::disk::{self, SyncTime};
use benches::durable::{DurableQueue, Ours};
use benches::machine;
use benches::stopwatch::process_time;
use benches::table::Table;

/// How a process is told what to do: which task, and in which folder.
const CHILD: &str = "--child";

/// How many messages are sent, or leased, at once.
const WAVE: usize = 1_000;

fn main() {
    let mut arguments = env::args().skip_while(|argument| argument != CHILD).skip(1);
    if let (Some(task), Some(folder)) = (arguments.next(), arguments.next()) {
        runtime().block_on(child(&task, &PathBuf::from(folder)));
    } else if asked_for("queue_size") {
        compare();
    }
}

fn compare() {
    let folder = disk::folder();
    let path = folder.path();
    println!("{}; {}", machine::description(), disk::file_system(path));
    println!("fdatasync p50 / p99: {} before", SyncTime::measure(path));
    let mut table = Table::new(&["what", "figure"]);
    let mut add = |what: String, figure: String| table.add(vec![what, figure]);

    let full = path.join("full");
    run("fill", &full);
    for state in ["in the cache", "not in the cache"] {
        let opened = (0..scaled(5, 1)).map(|_| {
            if state != "in the cache" {
                disk::forget(&full);
            }
            run("open", &full)
        });
        let what = format!(
            "opened after SIGKILL with {} messages, its files {state}",
            messages()
        );
        add(what, middle(opened.collect()));
    }
    add(
        format!("its files, {} messages in it", messages()),
        mebibytes(disk::bytes_in(&full)),
    );
    fs::remove_dir_all(&full).expect("it is there");

    let passed = [
        ("pass", 0, "without keys"),
        ("pass_over", live_beside(), "without keys"),
        ("pass_keyed", live_beside(), "their keys remembered"),
    ];
    for (task, live, keys) in passed {
        let folder = path.join(task);
        let most = run(task, &folder);
        let most = mebibytes(most.parse().expect("the child prints a number"));
        let end = mebibytes(disk::bytes_in(&folder));
        add(
            format!(
                "its files, {} messages come and gone, {keys}, {live} left",
                messages()
            ),
            format!("{end}, {most} at most"),
        );
        fs::remove_dir_all(&folder).expect("it is there");
    }
    let bytes = run("remember", &path.join("remember"));
    let bytes: u64 = bytes.parse().expect("the child prints a number");
    let many = mebibytes(bytes * 10_000_000);
    add(
        format!("memory for each of {} remembered keys", remembered()),
        format!("{bytes} bytes, so {many} for 10 million"),
    );
    println!("{table}");
    println!("fdatasync p50 / p99: {} after", SyncTime::measure(path));
}

/// The median of times and of processor times, with the shortest and the longest, of lines with both in microseconds.
fn middle(lines: Vec<String>) -> String {
    let mut times = [Vec::new(), Vec::new()];
    for line in lines {
        for (times, text) in times.iter_mut().zip(line.split(' ')) {
            let time: f64 = text.parse().expect("the child prints numbers");
            times.push(time / 1e6);
        }
    }
    let [wall, cpu] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        let (first, last) = (times[0], times[times.len() - 1]);
        format!("{:.2} s ({first:.2} to {last:.2})", times[times.len() / 2])
    });
    format!("{wall}, of processor time {cpu}")
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

fn messages() -> u64 {
    scaled(1_000_000, 2_000)
}

fn live_beside() -> u64 {
    scaled(10_000, 1_000)
}

fn remembered() -> u64 {
    let wanted = env::var("QUEUE_REMEMBERED")
        .ok()
        .and_then(|text| text.parse().ok());
    scaled(wanted.unwrap_or(1_000_000), 2_000)
}

/// Runs a task in a process of its own, and kills that when it has said what came of it.
fn run(task: &str, folder: &Path) -> String {
    let mode = if measuring() { "--bench" } else { "--test" };
    let mut child = Command::new(env::current_exe().expect("this program has a path"))
        .args([mode, CHILD, task])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be run again");
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
    output.read_line(&mut line).expect("the child speaks");
    child.kill().expect("it waits");
    child.wait().expect("it was killed");
    line.trim().to_owned()
}

async fn child(task: &str, folder: &Path) {
    let (began, worked) = (Instant::now(), process_time());
    let queue = Ours::open(folder).await;
    let (opened, worked) = (began.elapsed(), process_time().saturating_sub(worked));
    match task {
        "fill" => {
            send(&queue, 0, messages()).await;
            println!();
        }
        "open" => println!("{} {}", opened.as_micros(), worked.as_micros()),
        "pass" => println!("{}", pass(&queue, folder, 0, false).await),
        "pass_over" => println!("{}", pass(&queue, folder, live_beside(), false).await),
        "pass_keyed" => println!("{}", pass(&queue, folder, live_beside(), true).await),
        "remember" => println!("{}", remember(&queue).await),
        other => panic!("{other} is no task"),
    }
    // Until it is killed; or the one that would do it is gone, and nothing can come any more.
    let _ = std::io::stdin().read_line(&mut String::new());
}

async fn send(queue: &Ours, first: u64, count: u64) {
    let end = first + count;
    for at in (first..end).step_by(WAVE) {
        queue.enqueue_all(at..(at + WAVE as u64).min(end)).await;
    }
}

/// Sends messages and acknowledges as many, the oldest first, with some in line all the while. The most bytes that the files took.
async fn pass(queue: &Ours, folder: &Path, beside: u64, keyed: bool) -> u64 {
    let mut most = 0;
    for at in (0..beside + messages()).step_by(WAVE) {
        if keyed {
            send(queue, at, WAVE as u64).await;
        } else {
            queue.enqueue_keyless(WAVE).await;
        }
        if at >= beside {
            queue.finish(WAVE).await;
        }
        most = most.max(disk::bytes_in(folder));
    }
    // Real time: nothing tells when the writer has tidied up.
    tokio::time::sleep(Duration::from_secs(2)).await;
    most
}

/// Has keys remembered whose messages are gone. By how many bytes the process has grown for each.
async fn remember(queue: &Ours) -> u64 {
    // What takes memory once is there already.
    send(queue, 0, WAVE as u64).await;
    queue.purge().await;
    let before = resident_bytes();
    let count = remembered();
    for at in (WAVE as u64..WAVE as u64 + count).step_by(WAVE) {
        send(queue, at, WAVE as u64).await;
        queue.purge().await;
    }
    resident_bytes().saturating_sub(before) / count
}

fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("memory is measured on Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kilobytes: Option<u64> = kilobytes.and_then(|text| text.trim().parse().ok());
    kilobytes.expect("the kernel tells it") * 1_024
}
