//! Starts that fail, panic, hang, are killed, or do not want to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use ractor::actor::messages::BoxedState;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef};
use supervisors::*;

use crate::support::*;

/// An actor whose `pre_start` panics.
struct PanicsAtStart;

impl Actor for PanicsAtStart {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        panic!("no")
    }
}

#[tokio::test(start_paused = true)]
async fn child_that_fails_in_pre_start_is_not_kept() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    staff.failing.store(1, Ordering::SeqCst);
    let error = pool.start_child(staff.worker("a")).await.unwrap_err();
    let reason = ExitReason::StartFailed("told to fail".into());
    assert_eq!(
        error,
        CommandError::StartFailed {
            id: "a".into(),
            reason
        }
    );
    assert_eq!(pool.count_children().await.unwrap().specs, 0);
    pool.start_child(staff.worker("a")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn panic_in_pre_start_is_told_as_a_panic() {
    let system = System::current();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    let error = pool
        .start_child(ChildSpec::actor("a", || (PanicsAtStart, ())))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        CommandError::StartFailed {
            id: "a".into(),
            reason: ExitReason::Panicked("no".into())
        }
    );
}

#[tokio::test(start_paused = true)]
async fn panic_in_a_start_function_hurts_nobody_else() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    pool.start_child(staff.worker("b")).await.unwrap();
    let spec = ChildSpec::new(
        "a",
        |_: &StartContext<'_>| -> Result<ActorCell, StartError> { panic!("in the closure") },
    );
    let error = pool.start_child(spec).await.unwrap_err();
    assert_eq!(
        error,
        CommandError::StartFailed {
            id: "a".into(),
            reason: ExitReason::Panicked("in the closure".into())
        }
    );
    assert_eq!(state_of(&pool, "b").await, Some(ChildState::Running));
}

#[tokio::test(start_paused = true)]
async fn child_killed_in_pre_start_is_a_failed_start() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    let starting = tokio::spawn({
        let (pool, spec) = (pool.clone(), staff.slow("a", Duration::from_secs(20)));
        async move { pool.start_child(spec).await }
    });
    eventually("the child is starting", || pool.where_is("a").is_some()).await;
    cell(&pool, "a").kill();
    let error = starting.await.unwrap().unwrap_err();
    assert!(
        matches!(error, CommandError::StartFailed { .. }),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn start_that_never_ends_is_cut_off_by_the_deadline() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system
        .start(DynamicSupervisor::new().start_deadline(Duration::from_secs(3)))
        .await
        .unwrap();
    let begun = tokio::time::Instant::now();
    let error = pool
        .start_child(staff.slow("a", Duration::from_secs(1_000_000)))
        .await
        .unwrap_err();
    assert!(matches!(error, CommandError::StartFailed { .. }));
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn tree_whose_child_does_not_start_does_not_start() {
    let system = System::current();
    let staff = Staff::default();
    let broken = ChildSpec::actor("c", || (PanicsAtStart, ()));
    let tree = Supervisor::one_for_one()
        .child(staff.worker("a"))
        .child(staff.worker("b"))
        .child(broken)
        .into_ref();
    let error = system.start(tree.clone()).await.unwrap_err();
    assert!(matches!(error, CommandError::StartFailed { .. }));
    assert_eq!(staff.journal.take(), ["+a", "+b", "-b", "-a"]);
    assert_eq!(tree.which_children().await, Err(CommandError::Closed));
}

#[tokio::test(start_paused = true)]
async fn failed_restarts_back_off_and_do_not_keep_commands_out() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system
        .start(DynamicSupervisor::new().intensity(MANY))
        .await
        .unwrap();
    pool.start_child(staff.worker("a")).await.unwrap();
    let mut events = pool.events();
    staff.failing.store(5, Ordering::SeqCst);
    tell(&pool, "a", Do::Fail);
    until(&mut events, |event| {
        matches!(event, Event::BackingOff { .. })
    })
    .await;
    assert!(pool.count_children().await.is_ok());
    until_restarted(&mut events, "a").await;
    assert_eq!(
        staff.journal.take(),
        ["+a", "!a", "!a", "!a", "!a", "!a", "+a"]
    );
}

#[tokio::test(start_paused = true)]
async fn late_start_failure_removes_a_new_child() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    let mut events = pool.events();
    pool.start_child(staff.worker("a")).await.unwrap();
    tell(&pool, "a", Do::FailStart);
    until(&mut events, |event| {
        matches!(event, Event::StartFailed { .. })
    })
    .await;
    assert_eq!(pool.count_children().await.unwrap().specs, 0);
}

#[tokio::test(start_paused = true)]
async fn child_that_ignores_its_start_is_no_failure() {
    let system = System::current();
    let staff = Staff::default();
    let ignore =
        |_: &StartContext<'_>| -> Result<ActorCell, StartError> { Err(StartError::Ignore) };
    let tree = Supervisor::one_for_one()
        .child(ChildSpec::new("a", ignore))
        .child(staff.worker("b"));
    let tree = system.start(tree).await.unwrap();
    assert_eq!(state_of(&tree, "a").await, Some(ChildState::Down));
    assert_eq!(state_of(&tree, "b").await, Some(ChildState::Running));
    let error = tree
        .start_child(ChildSpec::new("c", ignore))
        .await
        .unwrap_err();
    assert_eq!(error, CommandError::Ignored { id: "c".into() });
}

/// Counts in its state; the start function finds what the last incarnation left.
struct Counter;

impl Actor for Counter {
    type Msg = ();
    type State = u64;
    type Arguments = u64;

    async fn pre_start(&self, _: ActorRef<()>, from: u64) -> Result<u64, ActorProcessingErr> {
        Ok(from)
    }

    async fn handle(
        &self,
        _: ActorRef<()>,
        (): (),
        count: &mut u64,
    ) -> Result<(), ActorProcessingErr> {
        *count += 1;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn start_function_sees_incarnation_reason_and_state() {
    let system = System::current();
    let journal = Journal::default();
    let start = {
        let journal = journal.clone();
        move |cx: &StartContext<'_>| -> Result<ActorCell, StartError> {
            let state = cx
                .take_state()
                .and_then(|mut state: BoxedState| state.take::<u64>().ok())
                .unwrap_or_default();
            assert!(cx.take_state().is_none(), "handed over once");
            journal.add(format!(
                "{} {} {:?} {state}",
                cx.id(),
                cx.incarnation(),
                cx.reason()
            ));
            spawn_now(Counter, state, cx)
        }
    };
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    let child = pool.start_child(ChildSpec::new(7, start)).await.unwrap();
    let mut events = pool.events();
    for _ in 0..3 {
        child.send_message(()).unwrap();
    }
    // The messages are handled in this task's absence: time moves only when all is quiet.
    tokio::time::sleep(Duration::from_millis(1)).await;
    child.kill();
    until(&mut events, |event| {
        matches!(event, Event::Restarted { count: 1, .. })
    })
    .await;
    assert_eq!(journal.take(), ["7 0 None 0", "7 1 Some(Killed) 3"]);
}

/// An actor whose `pre_start` awaits.
struct Sleeper;

impl Actor for Sleeper {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn spawn_now_refuses_a_pre_start_that_awaits() {
    let system = System::current();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    let spec = ChildSpec::new("a", |cx: &StartContext<'_>| spawn_now(Sleeper, (), cx));
    let error = pool.start_child(spec).await.unwrap_err();
    assert!(error.to_string().contains("pre_start awaits"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn deferred_start_is_over_when_its_report_says_so() {
    let system = System::current();
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    let (reports, told) = (
        Arc::new(parking_lot::Mutex::new(None)),
        Arc::new(AtomicBool::new(false)),
    );
    let spec = ChildSpec::new("a", {
        let reports = Arc::clone(&reports);
        move |cx: &StartContext<'_>| {
            *reports.lock() = Some(cx.defer());
            spawn_now(Counter, 0, cx)
        }
    });
    let starting = tokio::spawn({
        let (pool, told) = (pool.clone(), Arc::clone(&told));
        async move {
            let result = pool.start_child(spec).await;
            told.store(true, Ordering::SeqCst);
            result
        }
    });
    eventually("the start function was called", || reports.lock().is_some()).await;
    pool.count_children().await.unwrap();
    assert!(!told.load(Ordering::SeqCst));
    assert_eq!(state_of(&pool, "a").await, Some(ChildState::Starting));
    let report = reports.lock().take().unwrap();
    report.started();
    starting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn panics_and_errors_are_told_apart() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system
        .start(DynamicSupervisor::new().intensity(MANY))
        .await
        .unwrap();
    pool.start_child(staff.worker("a")).await.unwrap();
    let mut events = pool.events();
    for (message, expected) in [
        (Do::Fail, ExitReason::Failed("told to fail".into())),
        (Do::Panic, ExitReason::Panicked("told to panic".into())),
        (Do::Finish, ExitReason::Normal),
    ] {
        tell(&pool, "a", message);
        let event = until(&mut events, |event| {
            matches!(event, Event::Restarted { .. })
        })
        .await;
        let Event::Restarted { reason, .. } = event else {
            unreachable!()
        };
        assert_eq!(reason, expected);
    }
    // The wrapper is not asked to start more than once per start.
    assert_eq!(
        staff.failing.load(Ordering::SeqCst),
        AtomicUsize::new(0).into_inner()
    );
}

#[tokio::test(start_paused = true)]
async fn child_that_fails_right_after_its_start_is_restarted_not_refused() {
    let system = System::current();
    let staff = Staff::default();
    let pool = system
        .start(DynamicSupervisor::new().intensity(MANY))
        .await
        .unwrap();
    let spec = {
        let staff = staff.clone();
        // The message is in the actor's mailbox before the actor starts, so it fails as soon as it has started.
        ChildSpec::new("a", move |cx: &StartContext<'_>| {
            let worker = Worker {
                name: "a",
                journal: staff.journal.clone(),
                failing: Arc::default(),
                slow: Duration::ZERO,
                stubborn: false,
            };
            let cell = spawn_later(worker, (), cx)?;
            if cx.incarnation() == 0 {
                cell.send_message(Do::Fail).expect("it takes messages");
            }
            Ok(cell)
        })
    };
    let mut events = pool.events();
    assert!(pool.start_child(spec).await.is_ok());
    until_restarted(&mut events, "a").await;
    assert_eq!(staff.journal.take(), ["+a", "+a"]);
}
