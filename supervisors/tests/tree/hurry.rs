//! A shutdown past its limit, over all levels of a tree.
//!
//! The children that spin have threads of their own; the supervisors and the test share a runtime whose time is paused once the
//! children spin, so that what a shutdown takes is told to the millisecond.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use supervisors::*;
use tokio::runtime::{Handle, Runtime};
use tokio::time::Instant;

use crate::deadlines::Desk;
use crate::spinning::{Release, workers};
use crate::support::*;

const LIMIT: Duration = Duration::from_secs(3);

/// ```text
/// root ─┬─ mid ── pool ─┬─ a, b      spin
///       └─ d            └─ c
/// ```
struct Scene {
    _system: System,
    root: SupervisorRef,
    _release: Release,
    _spun: Spun,
}

/// A runtime whose threads may still spin when it is dropped, here in async code.
struct Spun(Option<Runtime>);

impl Spun {
    fn handle(&self) -> Handle {
        let runtime = self.0.as_ref().expect("until it is dropped");
        runtime.handle().clone()
    }
}

impl Drop for Spun {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// How long the supervisors of a scene wait for those they kill.
struct Graces {
    root: Duration,
    mid: Duration,
    pool: Duration,
}

impl Scene {
    /// Time stands still when it returns.
    async fn spinning(graces: &Graces) -> Self {
        let system = System::current();
        let staff = Staff::default();
        let spun = Spun(Some(workers(2)));
        let release = Release(Arc::default());
        let pool = DynamicSupervisor::new().kill_grace(graces.pool).into_ref();
        let mid = Supervisor::one_for_one()
            .kill_grace(graces.mid)
            .child(ChildSpec::supervisor("pool", pool.clone()));
        let root = Supervisor::one_for_one()
            .kill_grace(graces.root)
            .child(ChildSpec::supervisor("mid", mid))
            .child(staff.worker("d"));
        let root = system.start(root).await.unwrap();
        for name in ["a", "b"] {
            let spec = staff.worker(name).shutdown(Shutdown::Infinity);
            let spec = spec.runtime(spun.handle());
            pool.start_child(spec).await.unwrap();
        }
        pool.start_child(staff.worker("c")).await.unwrap();
        for name in ["a", "b"] {
            tell(&pool, name, Do::Spin(Arc::clone(&release.0)));
        }
        // Real: until the messages are being handled on the other threads.
        std::thread::sleep(Duration::from_millis(50));
        tokio::time::pause();
        Self {
            _system: system,
            root,
            _release: release,
            _spun: spun,
        }
    }
}

fn graces(root: u64, mid: u64, pool: u64) -> Graces {
    let [root, mid, pool] = [root, mid, pool].map(Duration::from_millis);
    Graces { root, mid, pool }
}

/// Tokio's timers round up to a millisecond: once for the limit, once for the grace.
fn took(begun: Instant, expected: Duration) {
    let elapsed = begun.elapsed();
    let late = elapsed.checked_sub(expected);
    assert!(
        late.is_some_and(|late| late <= Duration::from_millis(2)),
        "{elapsed:?}"
    );
}

#[tokio::test]
async fn limit_of_a_shutdown_reaches_the_lowest_level_and_the_report_the_highest() {
    let scene = Scene::spinning(&graces(50, 50, 50)).await;
    let begun = Instant::now();
    let report = scene.root.shutdown(LIMIT).await;
    took(begun, LIMIT + KILL_GRACE);
    assert_eq!(report.abandoned, ["mid/pool/a", "mid/pool/b"]);
    // `c`, `d` and the two supervisors below.
    assert_eq!((report.stopped, report.killed), (4, 0), "{report:?}");
}

/// Graces that do not fit each other: whoever is above allows for what is below.
#[tokio::test]
async fn longest_grace_is_waited_for_once() {
    for graces in [graces(1, 20, 300), graces(300, 1, 20), graces(20, 300, 1)] {
        let pool = graces.pool;
        let scene = Scene::spinning(&graces).await;
        let begun = Instant::now();
        let report = scene.root.shutdown(LIMIT).await;
        took(begun, LIMIT + pool);
        tokio::time::resume();
        assert_eq!(report.abandoned.len(), 2, "{report:?}");
        assert_eq!((report.stopped, report.killed), (4, 0), "{report:?}");
    }
}

#[tokio::test]
async fn shutdown_without_any_time_is_as_thorough() {
    let scene = Scene::spinning(&graces(50, 50, 50)).await;
    let begun = Instant::now();
    let report = scene.root.shutdown(Duration::ZERO).await;
    took(begun, KILL_GRACE);
    assert_eq!(report.abandoned, ["mid/pool/a", "mid/pool/b"]);
    let all = report.stopped + report.killed + report.abandoned.len();
    assert_eq!(all, 6, "{report:?}");
}

#[tokio::test]
async fn earliest_limit_of_several_calls_counts() {
    let scene = Scene::spinning(&graces(50, 50, 50)).await;
    let begun = Instant::now();
    let (never, late) = (
        scene.root.shutdown(Duration::MAX),
        scene.root.shutdown(LIMIT * 2),
    );
    tokio::join!(never, late, scene.root.shutdown(LIMIT));
    took(begun, LIMIT + KILL_GRACE);
}

/// The wish of an earlier life is over with it: a supervisor that is started again has all the time there is.
#[tokio::test(start_paused = true)]
async fn limit_is_over_with_the_shutdown_it_was_for() {
    let system = System::current();
    let staff = Staff::default();
    let pool = DynamicSupervisor::new().into_ref();
    let spec = ChildSpec::supervisor("pool", pool.clone()).restart(Restart::Transient);
    let tree = Supervisor::one_for_one().child(spec);
    let tree = system.start(tree).await.unwrap();
    assert!(pool.shutdown(LIMIT).await.is_clean());
    tree.restart_child(&"pool".into()).await.unwrap();
    let slow = staff.stubborn("a").shutdown(Shutdown::Timeout(LIMIT * 2));
    pool.start_child(slow).await.unwrap();
    tokio::time::sleep(LIMIT / 2).await;
    let begun = Instant::now();
    tree.terminate_child(&"pool".into()).await.unwrap();
    assert_eq!(begun.elapsed(), LIMIT * 2);
}

#[tokio::test(start_paused = true)]
async fn report_is_about_one_shutdown_only() {
    let system = System::current();
    let staff = Staff::default();
    let pool = DynamicSupervisor::new().into_ref();
    let tree = Supervisor::one_for_one().child(ChildSpec::supervisor("pool", pool.clone()));
    let tree = system.start(tree).await.unwrap();
    pool.start_child(staff.worker("a")).await.unwrap();
    for _ in 0..3 {
        tree.terminate_child(&"pool".into()).await.unwrap();
        tree.restart_child(&"pool".into()).await.unwrap();
    }
    let report = tree.shutdown(LIMIT).await;
    assert_eq!(report.stopped, 2, "{report:?}");
}

/// The parent's wish must not get lost between the start of a supervisor and its first breath.
#[tokio::test(start_paused = true)]
async fn supervisor_that_is_asked_to_end_before_it_runs_ends() {
    let system = System::current();
    let staff = Staff::default();
    let top = system.start(DynamicSupervisor::new()).await.unwrap();
    let inner = Supervisor::one_for_one().child(staff.worker("a"));
    let id = "inner".into();
    let both = async {
        tokio::join!(
            top.start_child(ChildSpec::supervisor(&id, inner)),
            top.terminate_child(&id),
        )
    };
    let in_time = tokio::time::timeout(Duration::from_mins(1), both).await;
    let (started, terminated) = in_time.expect("the wish is not lost");
    assert!(started.is_err());
    assert_eq!(terminated, Ok(()));
    assert_eq!(top.count_children().await.unwrap().specs, 0);
}

#[tokio::test(start_paused = true)]
async fn supervisor_that_is_asked_to_end_before_it_runs_again_ends() {
    let system = System::current();
    let staff = Staff::default();
    let inner = Supervisor::one_for_one().child(staff.worker("a"));
    let id = ChildId::from("inner");
    let top = Supervisor::one_for_one().child(ChildSpec::supervisor(&id, inner));
    let top = system.start(top).await.unwrap();
    top.terminate_child(&id).await.unwrap();
    // The shutdown catches it on its way up.
    let both = async { tokio::join!(top.restart_child(&id), top.shutdown(Duration::MAX)) };
    let in_time = tokio::time::timeout(Duration::from_mins(1), both).await;
    let (restarted, report) = in_time.expect("the wish is not lost");
    assert!(restarted.is_err());
    assert!(report.abandoned.is_empty());
}

/// Real time, because work takes none where it is paused: a supervisor with very many children needs more than its graces to kill
/// them. As long as it gets on it is not taken for one that hangs.
#[test]
fn supervisor_that_has_much_to_kill_is_given_the_time() {
    const COUNT: usize = 20_000;
    let driver = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let system = System::new().unwrap();
    let staff = Staff::default();
    let agents = workers(1);
    let pool = DynamicSupervisor::new()
        .children_on(agents.handle().clone())
        .into_ref();
    let grace = Duration::from_millis(1);
    let mid = Supervisor::one_for_one()
        .kill_grace(grace)
        .child(ChildSpec::supervisor("pool", pool.clone()));
    let top = Supervisor::one_for_one()
        .kill_grace(grace)
        .child(ChildSpec::supervisor("mid", mid));
    let report = driver.block_on(async {
        let top = system.start(top).await.unwrap();
        let stubborn = |id| staff.numbered(id, true).shutdown(Shutdown::Infinity);
        let specs = (0..COUNT as u64).map(stubborn).collect();
        let started = pool.start_children(specs).await;
        assert!(started.iter().all(Result::is_ok));
        top.shutdown(Duration::ZERO).await
    });
    // Both supervisors below the top ended by themselves, and knew of all.
    let all = report.stopped + report.killed + report.abandoned.len();
    assert_eq!(all, COUNT + 2, "{:?} {:?}", report.stopped, report.killed);
}

/// A replacement runs, or has been stopped; its predecessor still spins.
#[tokio::test]
async fn those_abandoned_before_the_shutdown_are_reported_if_they_still_spin() {
    let system = System::new().unwrap();
    let staff = Staff::default();
    let spun = Spun(Some(workers(2)));
    let (stuck, freed) = (Release(Arc::default()), Release(Arc::default()));
    let pool = DynamicSupervisor::new().into_ref();
    let tree = Supervisor::one_for_one().child(ChildSpec::supervisor("pool", pool.clone()));
    let tree = system.start(tree).await.unwrap();
    let mut events = pool.events();
    for (name, release) in [("a", &stuck), ("b", &freed)] {
        let desk = Desk::charged(false);
        let spec = staff.worker(name).watch(desk.clone());
        let spec = spec.runtime(spun.handle());
        pool.start_child(spec).await.unwrap();
        tell(&pool, name, Do::Spin(Arc::clone(&release.0)));
        desk.work(Duration::from_millis(20));
        until_restarted(&mut events, name).await;
    }
    drop(freed);
    let recovered = |event: &Event| *event == Event::Recovered { abandoned: 1 };
    until(&mut events, recovered).await;
    let report = tree.shutdown(LIMIT).await;
    assert_eq!(report.abandoned, ["pool/a"], "the one that still spins");
    // Both replacements and the pool.
    assert_eq!((report.stopped, report.killed), (3, 0), "{report:?}");
}

/// A worker whose state takes part in the tree when it is dropped, as any destructor may.
struct Holder(Arc<OnceLock<SupervisorRef>>, Journal);

struct Held(Arc<OnceLock<SupervisorRef>>, Journal);

impl Drop for Held {
    fn drop(&mut self) {
        // Takes the supervisor's lock: nobody may hold it who drops this.
        let found = self.0.get().and_then(|tree| tree.where_is("a"));
        self.1
            .add(if found.is_some() { "early" } else { "dropped" });
    }
}

impl Actor for Holder {
    type Msg = ();
    type State = Held;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<Held, ActorProcessingErr> {
        Ok(Held(Arc::clone(&self.0), self.1.clone()))
    }

    async fn handle(
        &self,
        _: ActorRef<()>,
        (): (),
        _: &mut Held,
    ) -> Result<(), ActorProcessingErr> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn state_of_a_killed_child_is_released_with_its_tree() {
    let system = System::current();
    let (place, journal) = (Arc::new(OnceLock::new()), Journal::default());
    let tree = Supervisor::one_for_one().child(ChildSpec::actor("a", {
        let (place, journal) = (Arc::clone(&place), journal.clone());
        move || (Holder(Arc::clone(&place), journal.clone()), ())
    }));
    let tree = system.start(tree).await.unwrap();
    assert!(place.set(tree.clone()).is_ok());
    cell(&tree, "a").send_message(()).unwrap();
    tokio::task::yield_now().await;
    let report = tree.shutdown(Duration::from_secs(1)).await;
    assert_eq!(report.killed, 1);
    tree.ended().await;
    // The handle is still held, and with it the table.
    assert_eq!(journal.take(), ["dropped"]);
}
