//! Children that compute without awaiting and cannot be ended.
//!
//! Real time and real threads: what is shown is that supervisors act while worker threads are occupied, and a paused clock
//! only moves when nobody is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use supervisors::*;
use tokio::runtime::{Builder, Runtime};

use crate::deadlines::Desk;
use crate::support::*;

/// Long enough for a loaded machine; nothing waits that long when it works.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(count)
        .enable_all()
        .build()
        .unwrap()
}

/// Waits for something other threads bring about.
fn wait(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "never came true: {what}");
        // A real sleep, because other threads must get on in real time.
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Lets spinning children go when the test ends, also when it fails, so that their runtime can be dropped.
pub(crate) struct Release(pub(crate) Arc<AtomicBool>);

impl Drop for Release {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn supervisor_acts_and_replacements_run_while_every_worker_spins() {
    let driver = Builder::new_current_thread().enable_all().build().unwrap();
    let spun = workers(2);
    let release = Release(Arc::default());
    let staff = Staff::default();
    driver.block_on(async {
        let system = System::new().unwrap();
        let pool = system
            .start(DynamicSupervisor::new().children_on(spun.handle().clone()))
            .await
            .unwrap();
        let desks = [Desk::charged(false), Desk::charged(false)];
        for (name, desk) in ["a", "b"].into_iter().zip(&desks) {
            pool.start_child(staff.worker(name).watch(desk.clone()))
                .await
                .unwrap();
        }
        pool.start_child(staff.worker("healthy")).await.unwrap();
        let mut events = pool.events();
        staff.journal.take();
        for (name, desk) in ["a", "b"].into_iter().zip(&desks) {
            tell(&pool, name, Do::Spin(Arc::clone(&release.0)));
            desk.work(Duration::from_millis(50));
        }
        // The supervisor answers throughout.
        assert_eq!(pool.count_children().await.unwrap().specs, 3);
        for name in ["a", "b"] {
            tokio::time::timeout(PATIENCE, until_restarted(&mut events, name))
                .await
                .unwrap();
        }
        for desk in &desks {
            assert_eq!(desk.journal.take(), ["attach", "fence"]);
        }
        assert_eq!(pool.count_children().await.unwrap().abandoned, 2);
        assert_eq!(pool.tree().nodes()[0].abandoned, 2);
        // The replacements run although both workers of their runtime are still taken: they can fail and be restarted.
        tell(&pool, "a", Do::Finish);
        tokio::time::timeout(
            PATIENCE,
            until(&mut events, |event| matches!(event, Event::Exited { .. })),
        )
        .await
        .unwrap();
        release.0.store(true, Ordering::SeqCst);
        let recovered = |event: &Event| *event == Event::Recovered { abandoned: 0 };
        tokio::time::timeout(PATIENCE, until(&mut events, recovered))
            .await
            .unwrap();
        assert_eq!(pool.count_children().await.unwrap().abandoned, 0);
        // The healthy one goes on where it is.
        tell(&pool, "healthy", Do::Finish);
        tokio::time::timeout(PATIENCE, until_restarted(&mut events, "healthy"))
            .await
            .unwrap();
    });
}

#[test]
fn start_that_computes_for_ever_is_abandoned_and_its_end_is_noticed() {
    let driver = Builder::new_current_thread().enable_all().build().unwrap();
    let spun = workers(1);
    let release = Release(Arc::default());
    let (in_start, end) = (Arc::new(AtomicBool::new(false)), Arc::clone(&release.0));
    driver.block_on(async {
        let system = System::new().unwrap();
        let pool = DynamicSupervisor::new()
            .start_deadline(Duration::from_millis(50))
            .children_on(spun.handle().clone());
        let pool = system.start(pool).await.unwrap();
        let spec = ChildSpec::actor("a", {
            let in_start = Arc::clone(&in_start);
            move || {
                (
                    SpinsAtStart {
                        entered: Arc::clone(&in_start),
                        end: Arc::clone(&end),
                    },
                    (),
                )
            }
        });
        let error = tokio::time::timeout(PATIENCE, pool.start_child(spec))
            .await
            .unwrap()
            .unwrap_err();
        assert!(matches!(error, CommandError::StartFailed { .. }));
        assert!(in_start.load(Ordering::SeqCst));
        assert_eq!(pool.count_children().await.unwrap().abandoned, 1);
        let mut events = pool.events();
        release.0.store(true, Ordering::SeqCst);
        let recovered = |event: &Event| *event == Event::Recovered { abandoned: 0 };
        tokio::time::timeout(PATIENCE, until(&mut events, recovered))
            .await
            .unwrap();
    });
}

struct SpinsAtStart {
    entered: Arc<AtomicBool>,
    end: Arc<AtomicBool>,
}

impl ractor::Actor for SpinsAtStart {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ractor::ActorRef<()>,
        (): (),
    ) -> Result<(), ractor::ActorProcessingErr> {
        self.entered.store(true, Ordering::SeqCst);
        while !self.end.load(Ordering::SeqCst) {
            std::hint::spin_loop();
        }
        Ok(())
    }
}

#[test]
fn shutdown_reports_whom_it_had_to_abandon() {
    let driver = Builder::new_current_thread().enable_all().build().unwrap();
    let spun = workers(1);
    let release = Release(Arc::default());
    let staff = Staff::default();
    driver.block_on(async {
        let system = System::new().unwrap();
        let tree = Supervisor::one_for_one().child(
            staff
                .worker("a")
                .shutdown(Shutdown::BrutalKill)
                .runtime(spun.handle().clone()),
        );
        let tree = system.start(tree).await.unwrap();
        tell(&tree, "a", Do::Spin(Arc::clone(&release.0)));
        // Until the message is being handled; then the actor is deaf.
        let child = cell(&tree, "a");
        std::thread::sleep(Duration::from_millis(20)); // real, see above
        let report = tokio::time::timeout(PATIENCE, tree.shutdown(Duration::from_secs(5)))
            .await
            .unwrap();
        assert_eq!(report.abandoned, ["a"]);
        assert!(report.elapsed < Duration::from_secs(5));
        release.0.store(true, Ordering::SeqCst);
        wait("the abandoned child ends", || {
            child.get_status() == ractor::ActorStatus::Stopped
        });
    });
}
