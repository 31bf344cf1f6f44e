//! Trees of supervisors.

use std::time::Duration;

use supervisors::*;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn escalation_restarts_the_subtree_and_spares_its_siblings() {
    let system = System::current();
    let staff = Staff::default();
    let inner = Supervisor::one_for_one()
        .child(staff.worker("a"))
        .child(staff.worker("b"))
        .intensity(Intensity::new(0, Duration::from_secs(1)));
    let tree = Supervisor::one_for_one()
        .child(ChildSpec::supervisor("inner", inner))
        .child(staff.worker("c"));
    let tree = system.start(tree).await.unwrap();
    assert_eq!(staff.journal.take(), ["+a", "+b", "+c"]);
    let mut events = tree.events();
    tell(&tree, "inner/a", Do::Fail);
    let event = until(&mut events, |event| {
        matches!(event, Event::Restarted { .. })
    })
    .await;
    let Event::Restarted { reason, .. } = event else {
        unreachable!()
    };
    assert_eq!(
        reason,
        ExitReason::Escalated("child a: failed: told to fail".into())
    );
    assert_eq!(staff.journal.take(), ["-b", "+a", "+b"]);
}

#[tokio::test(start_paused = true)]
async fn top_that_gives_up_has_ended_for_good() {
    let system = System::current();
    let staff = Staff::default();
    let inner = Supervisor::one_for_one().child(staff.worker("a"));
    let tree = Supervisor::one_for_one().child(ChildSpec::supervisor("inner", inner));
    let tree = system.start(tree).await.unwrap();
    // Twice in 5 s ends the inner one, the second such end is one too many for the outer one.
    let ended = tokio::spawn({
        let tree = tree.clone();
        async move { tree.ended().await }
    });
    while !ended.is_finished() {
        // Between two of its lives it has no actor, and one on its way out takes no message.
        if let Some(cell) = tree.where_is("inner/a") {
            let _ = cell.send_message(Do::Fail);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let reason = ended.await.unwrap();
    assert!(matches!(reason, ExitReason::Escalated(_)), "{reason:?}");
    assert_eq!(tree.count_children().await, Err(CommandError::Closed));
    assert_eq!(staff.journal.count("+a"), 4);
}

#[tokio::test(start_paused = true)]
async fn auto_shutdown_is_no_failure_to_the_parent() {
    let system = System::current();
    let staff = Staff::default();
    let inner = Supervisor::one_for_one()
        .child(
            staff
                .worker("a")
                .restart(Restart::Transient)
                .significant(true),
        )
        .child(staff.worker("b"))
        .auto_shutdown(AutoShutdown::AnySignificant);
    let spec = ChildSpec::supervisor("inner", inner).restart(Restart::Transient);
    let tree = system
        .start(Supervisor::one_for_one().child(spec))
        .await
        .unwrap();
    staff.journal.take();
    let mut events = tree.events();
    tell(&tree, "inner/a", Do::Finish);
    let event = until(&mut events, |event| matches!(event, Event::Exited { .. })).await;
    assert_eq!(
        event,
        Event::Exited {
            id: "inner".into(),
            reason: ExitReason::Shutdown
        }
    );
    assert_eq!(staff.journal.take(), ["-a", "-b"]);
    assert_eq!(state_of(&tree, "inner").await, Some(ChildState::Down));
}

#[tokio::test(start_paused = true)]
async fn terminated_supervisor_can_be_restarted_and_its_handle_goes_on() {
    let system = System::current();
    let staff = Staff::default();
    let pool = DynamicSupervisor::new().into_ref();
    let tree = system
        .start(Supervisor::one_for_one().child(ChildSpec::supervisor("pool", pool.clone())))
        .await
        .unwrap();
    pool.start_child(staff.worker("a")).await.unwrap();
    tree.terminate_child(&"pool".into()).await.unwrap();
    assert_eq!(staff.journal.take(), ["+a", "-a"]);
    assert_eq!(pool.count_children().await, Err(CommandError::Closed));
    tree.restart_child(&"pool".into()).await.unwrap();
    assert_eq!(pool.count_children().await.unwrap().active, 1);
    assert_eq!(staff.journal.take(), ["+a"]);
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_restarts_later_children_only_and_in_order() {
    let system = System::current();
    let staff = Staff::default();
    let mut tree = Supervisor::rest_for_one().intensity(MANY);
    for name in ["a", "b", "c", "d"] {
        tree = tree.child(staff.worker(name));
    }
    let tree = system.start(tree).await.unwrap();
    staff.journal.take();
    let mut events = tree.events();
    tell(&tree, "b", Do::Panic);
    until_restarted(&mut events, "d").await;
    assert_eq!(staff.journal.take(), ["-d", "-c", "+b", "+c", "+d"]);
}

#[tokio::test(start_paused = true)]
async fn two_trees_with_the_same_names_do_not_meet() {
    let system = System::current();
    let (one, two) = (Staff::default(), Staff::default());
    let tree = |staff: &Staff| {
        let inner = Supervisor::one_for_one()
            .child(staff.worker("a"))
            .intensity(MANY);
        Supervisor::one_for_one().child(ChildSpec::supervisor("inner", inner))
    };
    let first = system.start(tree(&one)).await.unwrap();
    let second = system.start(tree(&two)).await.unwrap();
    assert_ne!(cell(&first, "inner/a"), cell(&second, "inner/a"));
    first.shutdown(Duration::from_secs(1)).await;
    assert_eq!(one.journal.take(), ["+a", "-a"]);
    assert_eq!(two.journal.take(), ["+a"]);
    assert!(second.where_is("inner/a").is_some());
    assert!(second.where_is("inner/b").is_none());
    assert!(second.where_is("inner/a/x").is_none());
}

#[tokio::test(start_paused = true)]
async fn lagging_receiver_is_told_how_much_it_missed() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    let mut events = pool.events();
    let rounds = EVENTS_MAX / 2 + 5;
    for _ in 0..rounds {
        pool.start_child(staff.worker("a")).await.unwrap();
        pool.terminate_child(&"a".into()).await.unwrap();
    }
    assert_eq!(events.recv().await, Err(Missed::Lagged(10)));
    assert!(events.recv().await.is_ok());
}
