//! How long a shutdown takes at most: with supervisors that hear nothing, which only a test can make.

use std::time::Duration;

use tokio::time::Instant;

use super::SupervisorRef;
use crate::{ChildSpec, ChildState, DynamicSupervisor, KILL_GRACE, Supervisor, System};

const LIMIT: Duration = Duration::from_secs(3);

/// Three levels of supervisors, like a swarm's.
struct Levels {
    top: SupervisorRef,
    mid: SupervisorRef,
    low: SupervisorRef,
}

async fn levels(system: &System) -> Levels {
    let low = DynamicSupervisor::new().into_ref();
    let mid = Supervisor::one_for_one()
        .child(ChildSpec::supervisor("low", low.clone()))
        .into_ref();
    let top = Supervisor::one_for_one().child(ChildSpec::supervisor("mid", mid.clone()));
    let top = system.start(top).await.expect("it starts");
    Levels { top, mid, low }
}

/// Nothing reaches its actor any more but ractor's kill.
fn deafen(supervisor: &SupervisorRef) {
    supervisor.shared().inbox.lock().closed = true;
}

async fn shut_down(top: &SupervisorRef) -> (u32, usize) {
    let begun = Instant::now();
    let report = top.shutdown(LIMIT).await;
    let late = begun
        .elapsed()
        .checked_sub(LIMIT)
        .expect("not before its limit");
    // Tokio's timers round up to a millisecond.
    let graces = late.div_duration_f64(KILL_GRACE);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small"
    )]
    let graces = graces as u32;
    (graces, report.killed)
}

#[tokio::test(start_paused = true)]
async fn time_to_hurry_grows_by_two_graces_a_level() {
    let system = System::current();
    let Levels { top, mid, low } = levels(&system).await;
    let times = [&low, &mid, &top].map(|supervisor| supervisor.shared().hurry_time());
    assert_eq!(times, [KILL_GRACE, KILL_GRACE * 3, KILL_GRACE * 5]);
}

#[tokio::test(start_paused = true)]
async fn supervisor_that_does_not_hurry_is_killed_by_the_one_above() {
    let system = System::current();
    let Levels { top, low, .. } = levels(&system).await;
    deafen(&low);
    // One grace for its workers, one for itself.
    assert_eq!(shut_down(&top).await, (2, 1));
}

#[tokio::test(start_paused = true)]
async fn supervisor_between_two_others_that_does_not_hurry_is_killed_with_all_below() {
    let system = System::current();
    let Levels { top, mid, low } = levels(&system).await;
    deafen(&mid);
    // The three that it may take itself, and one more. The fifth is for its own death.
    assert_eq!(shut_down(&top).await, (4, 1));
    for supervisor in [mid, low] {
        assert!(
            supervisor
                .tree()
                .nodes()
                .iter()
                .all(|node| node.state == ChildState::Down)
        );
    }
}
