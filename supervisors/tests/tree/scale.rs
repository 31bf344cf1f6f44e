//! Very many children.

use std::time::Duration;

use supervisors::*;

use crate::survival::Idle;

async fn crowd(count: u64, pool: DynamicSupervisor) {
    let system = System::new().unwrap();
    let pool = system.start(pool).await.unwrap();
    let specs = (0..count)
        .map(|id| ChildSpec::new(id, |cx: &StartContext<'_>| spawn_now(Idle, (), cx)))
        .collect();
    let results = pool.start_children(specs).await;
    assert!(results.iter().all(Result::is_ok));
    let size = usize::try_from(count).unwrap();
    assert_eq!(pool.count_children().await.unwrap().active, size);
    let mut events = pool.events();
    let last = count - 1;
    pool.where_is(&last.to_string()).unwrap().kill();
    loop {
        if let Event::Restarted { id, .. } = events.recv().await.unwrap() {
            assert_eq!(id, ChildId::from(last));
            break;
        }
    }
    let report = pool.shutdown(Duration::from_mins(2)).await;
    assert_eq!((report.stopped, report.killed), (size, 0));
}

#[tokio::test]
async fn ten_thousand_children_start_restart_and_stop() {
    crowd(10_000, DynamicSupervisor::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_children_start_on_a_runtime_of_their_own() {
    crowd(
        10_000,
        DynamicSupervisor::new().children_on(tokio::runtime::Handle::current()),
    )
    .await;
}

#[tokio::test]
#[ignore = "takes a gigabyte of memory; run it with --ignored"]
async fn hundred_thousand_children_start_restart_and_stop() {
    crowd(100_000, DynamicSupervisor::new()).await;
}
