//! Starting, restarting, stopping.

use std::time::Duration;

use supervisors::*;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn children_start_in_order_and_stop_in_reverse() {
    let system = System::current();
    let staff = Staff::default();
    let tree = Supervisor::one_for_one()
        .child(staff.slow("a", Duration::from_secs(1)))
        .child(staff.worker("b"))
        .child(staff.worker("c"));
    let tree = system.start(tree).await.unwrap();
    assert_eq!(staff.journal.take(), ["+a", "+b", "+c"]);
    let report = tree.shutdown(Duration::from_secs(10)).await;
    assert_eq!(staff.journal.take(), ["-c", "-b", "-a"]);
    assert!(report.is_clean());
    assert_eq!(report.stopped, 3);
}

#[tokio::test(start_paused = true)]
async fn failed_child_is_restarted() {
    let system = System::current();
    let staff = Staff::default();
    let tree = system
        .start(
            Supervisor::one_for_one()
                .child(staff.worker("a"))
                .intensity(MANY),
        )
        .await
        .unwrap();
    let mut events = tree.events();
    for message in [Do::Fail, Do::Panic] {
        tell(&tree, "a", message);
        until_restarted(&mut events, "a").await;
    }
    cell(&tree, "a").kill();
    until_restarted(&mut events, "a").await;
    assert_eq!(staff.journal.count("+a"), 4);
}

#[tokio::test(start_paused = true)]
async fn killed_transient_child_is_restarted() {
    let system = System::current();
    let staff = Staff::default();
    let tree = system
        .start(Supervisor::one_for_one().child(staff.worker("a").restart(Restart::Transient)))
        .await
        .unwrap();
    let mut events = tree.events();
    tell(&tree, "a", Do::Hang);
    cell(&tree, "a").kill();
    until_restarted(&mut events, "a").await;
    assert_eq!(state_of(&tree, "a").await, Some(ChildState::Running));
}

#[tokio::test(start_paused = true)]
async fn dynamic_children_come_and_go() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    pool.start_child(staff.worker("a")).await.unwrap();
    assert_eq!(
        pool.start_child(staff.worker("a")).await,
        Err(CommandError::AlreadyStarted { id: "a".into() })
    );
    pool.terminate_child(&"a".into()).await.unwrap();
    assert_eq!(pool.count_children().await.unwrap().specs, 0);
    assert_eq!(staff.journal.take(), ["+a", "-a"]);
}

#[tokio::test(start_paused = true)]
async fn killed_supervisor_comes_back_with_its_children() {
    let system = System::current();
    let staff = Staff::default();
    let pool = DynamicSupervisor::new().into_ref();
    let top = Supervisor::one_for_one()
        .child(ChildSpec::supervisor("pool", pool.clone()))
        .child(staff.worker("b"))
        .intensity(MANY);
    let top = system.start(top).await.unwrap();
    pool.start_child(staff.worker("a")).await.unwrap();
    let mut events = pool.events();
    let killed = pool.cell().unwrap();
    killed.kill();
    until_restarted(&mut events, "a").await;
    assert_ne!(pool.cell().unwrap(), killed);
    assert_eq!(staff.journal.take(), ["+b", "+a", "+a"]);
    assert!(top.where_is("pool/a").is_some());

    let mut events = top.events();
    let killed = top.cell().unwrap();
    killed.kill();
    until_restarted(&mut events, "b").await;
    assert_eq!(top.which_children().await.unwrap().len(), 2);
    assert!(top.where_is("pool/a").is_some());
}
