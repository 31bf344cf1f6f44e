//! Orderly and less orderly ends.

use std::time::Duration;

use supervisors::*;
use tokio::time::Instant;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn child_that_ignores_its_shutdown_is_killed_after_its_limit() {
    let system = System::current();
    let staff = Staff::default();
    let stubborn = staff
        .stubborn("b")
        .shutdown(Shutdown::Timeout(Duration::from_secs(2)));
    let tree = Supervisor::one_for_one()
        .child(staff.worker("a"))
        .child(stubborn)
        .child(staff.worker("c"));
    let tree = system.start(tree).await.unwrap();
    staff.journal.take();
    let begun = Instant::now();
    let report = tree.shutdown(Duration::from_mins(1)).await;
    assert_eq!(begun.elapsed().as_secs(), 2);
    assert_eq!(staff.journal.take(), ["-c", "-a"]);
    assert_eq!(
        (report.stopped, report.killed, report.abandoned.len()),
        (2, 1, 0)
    );
    assert_eq!(report.elapsed.as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn shutdown_past_its_limit_kills_everybody_who_is_left() {
    let system = System::current();
    let staff = Staff::default();
    let tree = Supervisor::one_for_one()
        .child(staff.worker("a"))
        .child(staff.stubborn("b").shutdown(Shutdown::Infinity))
        .child(staff.stubborn("c").shutdown(Shutdown::Infinity));
    let tree = system.start(tree).await.unwrap();
    let begun = Instant::now();
    let report = tree.shutdown(Duration::from_secs(3)).await;
    assert_eq!(begun.elapsed().as_secs(), 3);
    assert_eq!((report.stopped, report.killed), (0, 3));
}

#[tokio::test(start_paused = true)]
async fn orderly_shutdown_takes_no_time() {
    let system = System::current();
    let staff = Staff::default();
    let tree = Supervisor::one_for_one()
        .child(staff.worker("a"))
        .child(staff.worker("b"));
    let tree = system.start(tree).await.unwrap();
    let begun = Instant::now();
    tree.shutdown(Duration::from_secs(3)).await;
    assert_eq!(begun.elapsed(), Duration::ZERO, "no fixed sleep");
}

#[tokio::test(start_paused = true)]
async fn dynamic_children_stop_concurrently() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    for name in ["a", "b", "c", "d"] {
        pool.start_child(
            staff
                .stubborn(name)
                .shutdown(Shutdown::Timeout(Duration::from_secs(2))),
        )
        .await
        .unwrap();
    }
    let begun = Instant::now();
    let report = pool.shutdown(Duration::from_mins(1)).await;
    assert_eq!(begun.elapsed().as_secs(), 2);
    assert_eq!(report.killed, 4);
}

#[tokio::test(start_paused = true)]
async fn shutdown_leaves_no_actor_behind() {
    let system = System::current();
    let staff = Staff::default();
    let pool = DynamicSupervisor::new().into_ref();
    let tree = Supervisor::rest_for_one()
        .child(staff.worker("a"))
        .child(ChildSpec::supervisor("pool", pool.clone()));
    let tree = system.start(tree).await.unwrap();
    pool.start_child(staff.worker("b")).await.unwrap();
    let cells = [
        cell(&tree, "a"),
        cell(&tree, "pool"),
        cell(&tree, "pool/b"),
        tree.cell().unwrap(),
    ];
    let report = tree.shutdown(Duration::from_secs(3)).await;
    assert_eq!(report.stopped, 3);
    for cell in cells {
        assert_eq!(cell.get_status(), ractor::ActorStatus::Stopped);
    }
    assert_eq!(tree.ended().await, ExitReason::Shutdown);
    for supervisor in [&tree, &pool] {
        assert_eq!(supervisor.count_children().await, Err(CommandError::Closed));
    }
}

#[tokio::test(start_paused = true)]
async fn shutdown_during_a_restart_starts_nobody_after_it() {
    let system = System::current();
    let staff = Staff::default();
    let tree = Supervisor::one_for_all()
        .child(staff.worker("a"))
        .child(staff.slow("b", Duration::from_secs(1)))
        .child(staff.worker("c"))
        .intensity(MANY);
    let tree = system.start(tree).await.unwrap();
    let mut events = tree.events();
    tell(&tree, "c", Do::Fail);
    until_restarted(&mut events, "a").await;
    staff.journal.take();
    tree.shutdown(Duration::from_mins(1)).await;
    assert_eq!(
        staff.journal.take(),
        ["-a"],
        "b is in its start, c was waiting for its turn"
    );
}

#[tokio::test(start_paused = true)]
async fn own_way_to_stop_is_used() {
    let system = System::current();
    let staff = Staff::default();
    let tree =
        Supervisor::one_for_one().child(staff.worker("a").stop_with(std::sync::Arc::new(|cell| {
            cell.send_message(Do::Finish).expect("it listens");
        })));
    let tree = system.start(tree).await.unwrap();
    let report = tree.shutdown(Duration::from_secs(3)).await;
    assert_eq!(staff.journal.take(), ["+a", "-a"]);
    assert!(report.is_clean());
}

#[tokio::test(start_paused = true)]
async fn all_trees_of_a_system_shut_down_together() {
    let system = System::current();
    let staff = Staff::default();
    for name in ["a", "b"] {
        system
            .start(Supervisor::one_for_one().child(staff.worker(name)))
            .await
            .unwrap();
    }
    staff.journal.take();
    let report = system.shutdown(Duration::from_secs(3)).await;
    assert_eq!(staff.journal.take(), ["-b", "-a"]);
    assert_eq!(report.stopped, 2);
}

#[tokio::test]
async fn last_handle_may_be_dropped_in_async_code() {
    let staff = Staff::default();
    let system = System::new().unwrap();
    let tree = system
        .start(Supervisor::one_for_one().child(staff.worker("a")))
        .await
        .unwrap();
    drop(system);
    assert_eq!(tree.count_children().await, Err(CommandError::Closed));
    assert_eq!(tree.ended().await, ExitReason::Killed);
}

#[tokio::test]
async fn caller_who_waits_while_the_system_goes_away_is_answered() {
    let staff = Staff::default();
    let system = System::new().unwrap();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    let starting = tokio::spawn({
        let (pool, spec) = (pool.clone(), staff.slow("a", Duration::from_secs(1000)));
        async move { pool.start_child(spec).await }
    });
    eventually("the child is starting", || pool.where_is("a").is_some()).await;
    drop(system);
    assert_eq!(starting.await.unwrap(), Err(CommandError::Closed));
}

#[tokio::test(start_paused = true)]
async fn permanent_supervisor_that_shuts_itself_down_is_started_again_and_its_caller_goes_on() {
    let system = System::current();
    let staff = Staff::default();
    let pool = Supervisor::one_for_one().child(staff.worker("a"));
    let pool: SupervisorRef = pool.into();
    let tree = Supervisor::one_for_one().child(ChildSpec::supervisor("pool", pool.clone()));
    let tree = system.start(tree).await.unwrap();
    staff.journal.take();
    let report = pool.shutdown(Duration::from_secs(3)).await;
    assert_eq!((report.stopped, report.killed), (1, 0));
    tree.count_children().await.unwrap();
    assert_eq!(staff.journal.take(), ["-a", "+a"]);
}
