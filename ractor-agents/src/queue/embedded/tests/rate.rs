//! How many messages a second.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::journal::Journal;
use super::super::ledger::Settings;
use super::super::log::{Folder, Options};
use super::{WINDOW, draft, serve};

/// By the number of callers, in a temporary folder: `cargo test --release -p ractor-agents --lib rate -- --ignored --nocapture`.
#[test]
#[ignore = "measures, and says nothing of right or wrong"]
fn durable_enqueues_by_callers() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    for callers in [1_u64, 8, 64, 256, 1_024] {
        let folder =
            tempfile::tempdir_in(std::env::var("QUEUE_FOLDER").unwrap_or("/var/tmp".into()));
        let folder = folder.expect("a folder");
        let disk = Arc::new(Folder::new(folder.path()).expect("a folder"));
        let settings = Settings {
            count_max: 10_000_000,
            bytes_max: u64::MAX,
            ..Settings::default()
        };
        let journal = Journal::open(disk, Options::default(), settings, 7, 0);
        let (calls, thread) = serve(journal.expect("it opens"));
        let begun = Instant::now();
        let count = runtime.block_on(async {
            let call_all = (0..callers).map(|caller| {
                let calls = Arc::clone(&calls);
                tokio::spawn(async move {
                    let mut count = 0_u64;
                    while begun.elapsed() < Duration::from_secs(3) {
                        let id = u128::from(caller) << 64 | u128::from(count);
                        let call = calls.call(move |journal, now| {
                            journal.enqueue(vec![draft(id, vec![7; 256])], WINDOW, now)
                        });
                        call.await.expect("the disk is well");
                        count += 1;
                    }
                    count
                })
            });
            let mut count = 0;
            for task in call_all.collect::<Vec<_>>() {
                count += task.await.expect("it ends");
            }
            count
        });
        let rate = u128::from(count) * 1_000 / begun.elapsed().as_millis();
        println!("{callers:5} callers: {rate:9} a second");
        calls.close();
        thread.join().expect("it ends").expect("the disk is well");
    }
}
