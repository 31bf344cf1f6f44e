//! Work in flight that is late.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use supervisors::*;
use tokio::time::Instant;

use crate::support::*;

/// A child's work in flight as a test would have it.
#[derive(Default)]
pub struct Desk {
    alarm: Mutex<Option<Alarm>>,
    due: Mutex<Option<Instant>>,
    charge: bool,
    pub journal: Journal,
}

impl Desk {
    pub fn charged(charge: bool) -> Arc<Self> {
        Arc::new(Self {
            charge,
            ..Self::default()
        })
    }

    /// Takes up work that is due after `limit`.
    pub fn work(&self, limit: Duration) {
        let due = Instant::now() + limit;
        *self.due.lock() = Some(due);
        self.alarm.lock().as_ref().unwrap().at(due);
    }

    fn rest(&self) {
        *self.due.lock() = None;
    }
}

impl Watch for Desk {
    fn attach(&self, alarm: Alarm) {
        self.journal.add("attach");
        *self.alarm.lock() = Some(alarm);
    }

    fn look(&self, now: Instant) -> Look {
        let mut due = self.due.lock();
        match *due {
            None => Look::Idle,
            Some(at) if at > now => Look::Again(at),
            Some(_) => {
                *due = None;
                Look::Overdue {
                    charge: self.charge,
                    reason: ExitReason::Deadline,
                }
            }
        }
    }

    fn fence(&self) {
        self.journal.add("fence");
    }
}

#[tokio::test(start_paused = true)]
async fn overdue_child_is_killed_at_its_deadline_and_restarted() {
    let system = System::current();
    let staff = Staff::default();
    let desk = Desk::charged(true);
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    pool.start_child(
        staff
            .worker("a")
            .restart(Restart::Transient)
            .watch(desk.clone()),
    )
    .await
    .unwrap();
    let mut events = pool.events();
    tell(&pool, "a", Do::Hang);
    let begun = Instant::now();
    desk.work(Duration::from_secs(30));
    let event = until(&mut events, |event| {
        matches!(event, Event::Restarted { .. })
    })
    .await;
    assert_eq!(
        event,
        Event::Restarted {
            id: "a".into(),
            reason: ExitReason::Deadline,
            count: 1
        }
    );
    assert_eq!(begun.elapsed().as_secs(), 30);
    assert_eq!(desk.journal.take(), ["attach"], "once, and never fenced");
}

#[tokio::test(start_paused = true)]
async fn earlier_alarm_wakes_the_clock_and_a_later_one_does_not_hide_it() {
    let system = System::current();
    let staff = Staff::default();
    let desk = Desk::charged(true);
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    pool.start_child(staff.worker("a").watch(desk.clone()))
        .await
        .unwrap();
    let mut events = pool.events();
    tell(&pool, "a", Do::Hang);
    let begun = Instant::now();
    desk.work(Duration::from_secs(1000));
    tokio::time::sleep(Duration::from_secs(1)).await;
    desk.work(Duration::from_secs(2));
    until_restarted(&mut events, "a").await;
    assert_eq!(begun.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn work_done_in_time_disturbs_nobody() {
    let system = System::current();
    let staff = Staff::default();
    let desk = Desk::charged(true);
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    pool.start_child(staff.worker("a").watch(desk.clone()))
        .await
        .unwrap();
    for _ in 0..10 {
        desk.work(Duration::from_secs(2));
        tokio::time::sleep(Duration::from_secs(1)).await;
        desk.rest();
    }
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!(staff.journal.take(), ["+a"]);
}

#[tokio::test(start_paused = true)]
async fn uncharged_deadlines_never_use_up_the_intensity() {
    let system = System::current();
    let staff = Staff::default();
    let desk = Desk::charged(false);
    let pool = system
        .start(DynamicSupervisor::new().intensity(Intensity::new(0, Duration::from_secs(1000))))
        .await
        .unwrap();
    pool.start_child(staff.worker("a").watch(desk.clone()))
        .await
        .unwrap();
    let mut events = pool.events();
    for _ in 0..5 {
        tell(&pool, "a", Do::Hang);
        desk.work(Duration::from_millis(10));
        until_restarted(&mut events, "a").await;
    }
    assert_eq!(state_of(&pool, "a").await, Some(ChildState::Running));
}

#[tokio::test(start_paused = true)]
async fn clock_that_is_killed_comes_back_and_forgets_no_deadline() {
    let system = System::current();
    let staff = Staff::default();
    let desk = Desk::charged(true);
    let pool = system.start(DynamicSupervisor::new()).await.unwrap();
    pool.start_child(staff.worker("a").watch(desk.clone()))
        .await
        .unwrap();
    let mut events = pool.events();
    tell(&pool, "a", Do::Hang);
    let begun = Instant::now();
    desk.work(Duration::from_secs(30));
    // The clock hangs on the same actor as the tree.
    let init = pool.cell().unwrap().try_get_supervisor().unwrap();
    for _ in 0..50 {
        for child in init
            .get_children()
            .iter()
            .filter(|child| Some(*child) != pool.cell().as_ref())
        {
            child.kill();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until_restarted(&mut events, "a").await;
    assert_eq!(begun.elapsed().as_secs(), 30);
}
