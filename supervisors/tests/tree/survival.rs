//! Supervisors and the clock are killed; nothing is lost.

use std::time::Duration;

use supervisors::*;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn command_given_before_a_kill_of_the_supervisor_is_carried_out() {
    let system = System::current();
    let staff = Staff::default();
    let pool = DynamicSupervisor::new().into_ref();
    let tree = Supervisor::one_for_one()
        .child(ChildSpec::supervisor("pool", pool.clone()))
        .intensity(MANY);
    system.start(tree).await.unwrap();
    for round in 0..20u64 {
        let specs = (0..200).map(|number| {
            ChildSpec::new(round * 1000 + number, |cx: &StartContext<'_>| {
                spawn_now(Idle, (), cx)
            })
        });
        let starting = tokio::spawn({
            let (pool, specs) = (pool.clone(), specs.collect());
            async move { pool.start_children(specs).await }
        });
        // Somewhere into the batch, which is dealt with in several rounds.
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        if let Some(cell) = pool.cell() {
            cell.kill();
        }
        let single = pool.start_child(staff.worker("single")).await;
        assert!(single.is_ok(), "{single:?}");
        let results = starting.await.unwrap();
        assert!(results.iter().all(Result::is_ok));
        let counts = pool.count_children().await.unwrap();
        assert_eq!(
            counts.specs,
            usize::try_from((round + 1) * 200 + 1).unwrap()
        );
        assert_eq!(counts.active, counts.specs);
        pool.terminate_child(&"single".into()).await.unwrap();
        let id = ChildId::from("single");
        assert_eq!(
            pool.restart_child(&id).await,
            Err(CommandError::NotFound { id: id.clone() })
        );
        pool.start_child(staff.worker("single")).await.unwrap();
        pool.terminate_child(&id).await.unwrap();
        // Leave the table as the next round expects it.
        assert_eq!(
            pool.count_children().await.unwrap().specs,
            usize::try_from((round + 1) * 200).unwrap()
        );
        if round == 19 {
            break;
        }
    }
}

/// A child that does nothing, quickly.
pub struct Idle;

impl ractor::Actor for Idle {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ractor::ActorRef<()>,
        (): (),
    ) -> Result<(), ractor::ActorProcessingErr> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn static_supervisor_killed_brings_children_back_in_order() {
    let system = System::current();
    let staff = Staff::default();
    let inner = Supervisor::one_for_one()
        .child(staff.slow("a", Duration::from_millis(5)))
        .child(staff.worker("b"))
        .child(staff.worker("c"));
    let inner = inner.into_ref();
    let tree = Supervisor::one_for_one()
        .child(ChildSpec::supervisor("inner", inner.clone()))
        .intensity(MANY);
    let tree = system.start(tree).await.unwrap();
    inner.terminate_child(&"b".into()).await.unwrap();
    staff.journal.take();
    let mut events = tree.events();
    cell(&tree, "inner").kill();
    until_restarted(&mut events, "inner").await;
    assert_eq!(
        staff.journal.take(),
        ["+a", "+c"],
        "what had been terminated stays down"
    );
    assert_eq!(state_of(&inner, "b").await, Some(ChildState::Down));
}

#[tokio::test(start_paused = true)]
async fn kill_in_the_middle_of_a_shutdown_does_not_stop_it() {
    let system = System::current();
    let staff = Staff::default();
    let tree = Supervisor::one_for_one().child(
        staff
            .stubborn("a")
            .shutdown(Shutdown::Timeout(Duration::from_secs(5))),
    );
    let tree = system.start(tree).await.unwrap();
    let ending = tokio::spawn({
        let tree = tree.clone();
        async move { tree.shutdown(Duration::from_mins(1)).await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    tree.cell().unwrap().kill();
    ending.await.unwrap();
    assert_eq!(tree.count_children().await, Err(CommandError::Closed));
}

#[tokio::test(start_paused = true)]
async fn random_kills_anywhere_in_the_tree_lose_no_child() {
    let system = System::current();
    let staff = Staff::default();
    let pools: Vec<SupervisorRef> = (0..3)
        .map(|_| {
            DynamicSupervisor::new()
                .intensity(MANY)
                .backoff(Backoff::NONE)
                .into_ref()
        })
        .collect();
    let mut tree = Supervisor::one_for_one()
        .child(staff.worker("a"))
        .intensity(Intensity::new(100_000, Duration::from_secs(1)));
    for (number, pool) in (0u64..).zip(&pools) {
        tree = tree.child(ChildSpec::supervisor(number, pool.clone()));
    }
    let tree = system.start(tree).await.unwrap();
    for (number, pool) in (0u64..).zip(&pools) {
        let specs = (0..50).map(|child| {
            ChildSpec::new(number * 100 + child, |cx: &StartContext<'_>| {
                spawn_now(Idle, (), cx)
            })
        });
        assert!(
            pool.start_children(specs.collect())
                .await
                .iter()
                .all(Result::is_ok)
        );
    }
    // A fixed sequence of pseudo-random choices (a linear congruential generator, Knuth's constants).
    let mut seed = 7u64;
    let mut choose = |below: u64| {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    for _ in 0..400 {
        let pool = choose(3);
        let victim = match choose(10) {
            0 => tree.cell(),
            1 | 2 => tree.where_is(&pool.to_string()),
            3 => tree.where_is("a"),
            _ => tree.where_is(&format!("{pool}/{}", pool * 100 + choose(50))),
        };
        if let Some(victim) = victim {
            victim.kill();
        }
        for _ in 0..choose(30) {
            tokio::task::yield_now().await;
        }
        if choose(8) == 0 {
            tokio::time::sleep(Duration::from_millis(choose(40))).await;
        }
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(tree.count_children().await.unwrap().active, 4);
    for pool in &pools {
        let counts = pool.count_children().await.unwrap();
        assert_eq!((counts.specs, counts.active, counts.abandoned), (50, 50, 0));
        for child in pool.which_children().await.unwrap() {
            let cell = child.cell.unwrap();
            assert_eq!(cell.get_status(), ractor::ActorStatus::Running);
            assert_eq!(cell.try_get_supervisor(), pool.cell());
        }
    }
}
