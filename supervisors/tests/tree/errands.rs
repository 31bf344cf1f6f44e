//! Many children started at once on a runtime of their own.
//!
//! Real threads and real time, because two runtimes take part.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ractor::ActorCell;
use supervisors::*;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::support::*;
use crate::survival::Idle;

/// Long enough for a loaded machine; nothing waits that long when it works.
const PATIENCE: Duration = Duration::from_secs(20);

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(count)
        .enable_all()
        .build()
        .unwrap()
}

fn driver() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn idle(id: u64) -> ChildSpec {
    ChildSpec::new(id, |cx: &StartContext<'_>| spawn_now(Idle, (), cx))
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap()
}

#[test]
fn results_come_in_order_whatever_came_of_each() {
    let children = workers(2);
    driver().block_on(async {
        let system = System::new().unwrap();
        let pool = DynamicSupervisor::new().children_on(children.handle().clone());
        let pool = system.start(pool).await.unwrap();
        let specs = (0..300u64).map(|id| match id % 5 {
            0 => idle(id),
            1 => ChildSpec::actor(id, || (Idle, ())),
            2 => ChildSpec::new(
                id,
                |_: &StartContext<'_>| -> Result<ActorCell, StartError> {
                    panic!("as the test wants")
                },
            ),
            3 => ChildSpec::new(
                id,
                |_: &StartContext<'_>| -> Result<ActorCell, StartError> { Err(StartError::Ignore) },
            ),
            _ => idle(id - 4),
        });
        let results = in_time(pool.start_children(specs.collect())).await;
        for (id, result) in (0u64..).zip(&results) {
            match id % 5 {
                0 | 1 => assert!(result.is_ok(), "{id}: {result:?}"),
                2 => assert!(
                    matches!(result, Err(CommandError::StartFailed { .. })),
                    "{result:?}"
                ),
                3 => assert!(
                    matches!(result, Err(CommandError::Ignored { .. })),
                    "{result:?}"
                ),
                _ => assert!(
                    matches!(result, Err(CommandError::AlreadyStarted { .. })),
                    "{result:?}"
                ),
            }
        }
        let counts = pool.count_children().await.unwrap();
        assert_eq!((counts.specs, counts.active), (120, 120));
        assert!(pool.shutdown(PATIENCE).await.is_clean());
    });
}

/// The end of a child may reach the supervisor before the word of its start does.
#[test]
fn child_that_fails_as_soon_as_it_runs_is_restarted() {
    let children = workers(2);
    driver().block_on(async {
        let system = System::new().unwrap();
        let pool = DynamicSupervisor::new()
            .children_on(children.handle().clone())
            .intensity(MANY)
            .backoff(Backoff::NONE);
        let pool = system.start(pool).await.unwrap();
        let staff = Staff::default();
        let specs = (0..500u64).map(|id| {
            let journal = staff.journal.clone();
            ChildSpec::new(id, move |cx: &StartContext<'_>| {
                let worker = Worker {
                    name: "w",
                    journal: journal.clone(),
                    failing: Arc::new(AtomicUsize::new(0)),
                    slow: Duration::ZERO,
                    stubborn: false,
                };
                let cell = spawn_now(worker, (), cx)?;
                if cx.incarnation() == 0 {
                    cell.send_message(Do::Fail).expect("it takes messages");
                }
                Ok(cell)
            })
        });
        let results = in_time(pool.start_children(specs.collect())).await;
        assert!(results.iter().all(Result::is_ok));
        in_time(async {
            while staff.journal.count("+w") < 1000
                || pool.count_children().await.unwrap().active < 500
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        })
        .await;
        for child in pool.which_children().await.unwrap() {
            assert_eq!(child.restarts, 1);
        }
    });
}

#[test]
fn start_taken_back_before_it_was_made_never_happens() {
    let children = workers(1);
    let started = Arc::new(AtomicUsize::new(0));
    let end = Arc::new(AtomicBool::new(false));
    // The only worker is occupied, so no start can be made.
    children.spawn({
        let end = Arc::clone(&end);
        async move {
            while !end.load(Ordering::SeqCst) {
                std::hint::spin_loop();
            }
        }
    });
    driver().block_on(async {
        let system = System::new().unwrap();
        let pool = DynamicSupervisor::new().children_on(children.handle().clone());
        let pool = system.start(pool).await.unwrap();
        let counted = |id: u64| {
            let started = Arc::clone(&started);
            ChildSpec::new(id, move |cx: &StartContext<'_>| {
                started.fetch_add(1, Ordering::SeqCst);
                spawn_now(Idle, (), cx)
            })
        };
        let starting = tokio::spawn({
            let (pool, specs) = (pool.clone(), (0..3).map(counted).collect());
            async move { pool.start_children(specs).await }
        });
        in_time(async {
            while pool.count_children().await.unwrap().specs < 3 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        in_time(pool.terminate_child(&ChildId::from(1)))
            .await
            .unwrap();
        assert_eq!(pool.count_children().await.unwrap().specs, 2);
        end.store(true, Ordering::SeqCst);
        let results = in_time(starting).await.unwrap();
        assert!(
            matches!(
                results[..],
                [Ok(_), Err(CommandError::Terminated { .. }), Ok(_)]
            ),
            "{results:?}"
        );
        assert_eq!(started.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn starts_on_a_runtime_that_is_gone_fail() {
    let children = workers(1);
    let handle: Handle = children.handle().clone();
    drop(children);
    driver().block_on(async {
        let system = System::new().unwrap();
        let pool = system
            .start(DynamicSupervisor::new().children_on(handle))
            .await
            .unwrap();
        let results = in_time(pool.start_children(vec![idle(0), idle(1)])).await;
        assert!(results.iter().all(Result::is_err), "{results:?}");
        assert_eq!(pool.count_children().await.unwrap().specs, 0);
    });
}

#[test]
fn supervisor_killed_again_and_again_starts_each_child_once_more_and_loses_none() {
    let children = workers(2);
    driver().block_on(async {
        let system = System::new().unwrap();
        let pool = DynamicSupervisor::new()
            .children_on(children.handle().clone())
            .into_ref();
        let tree = Supervisor::one_for_one()
            .child(ChildSpec::supervisor("pool", pool.clone()))
            .intensity(Intensity::new(100_000, Duration::from_secs(1)))
            .backoff(Backoff::NONE);
        system.start(tree).await.unwrap();
        let starting = tokio::spawn({
            let (pool, specs) = (pool.clone(), (0..3000).map(idle).collect());
            async move { pool.start_children(specs).await }
        });
        while !starting.is_finished() {
            if let Some(cell) = pool.cell() {
                cell.kill();
            }
            // Real, so that some starts are made between kills.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let results = in_time(starting).await.unwrap();
        assert!(results.iter().all(Result::is_ok));
        let all_run = || async {
            let counts = pool.count_children().await.unwrap();
            let children = pool.which_children().await.unwrap();
            let linked = |child: &ChildInfo| {
                let cell = child.cell.as_ref();
                cell.is_some_and(|cell| {
                    cell.get_status() == ractor::ActorStatus::Running
                        && cell.try_get_supervisor() == pool.cell()
                })
            };
            counts.specs == 3000 && counts.abandoned == 0 && children.iter().all(linked)
        };
        in_time(async {
            while !all_run().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    });
}
