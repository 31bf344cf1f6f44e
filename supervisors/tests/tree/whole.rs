//! A whole tree at once: its events and what it looks like.

use std::time::Duration;

use supervisors::*;

use crate::support::*;

/// ```text
/// top ─┬─ mid ─┬─ pool ── 7
///      │       └─ a
///      └─ b
/// ```
struct Grove {
    system: System,
    staff: Staff,
    top: SupervisorRef,
    mid: SupervisorRef,
    pool: SupervisorRef,
}

impl Grove {
    async fn plant() -> Self {
        let system = System::current();
        let staff = Staff::default();
        let pool = DynamicSupervisor::new().intensity(MANY).into_ref();
        let mid = Supervisor::one_for_one()
            .intensity(MANY)
            .child(ChildSpec::supervisor("pool", pool.clone()))
            .child(staff.worker("a"))
            .into_ref();
        let top = Supervisor::one_for_one()
            .intensity(MANY)
            .child(ChildSpec::supervisor("mid", mid.clone()))
            .child(staff.worker("b"));
        let top = system.start(top).await.unwrap();
        let grove = Self {
            system,
            staff,
            top,
            mid,
            pool,
        };
        grove.start_seven().await;
        grove
    }

    async fn start_seven(&self) {
        let spec = self.staff.numbered(7, false);
        self.pool.start_child(spec).await.unwrap();
    }
}

/// The next event, as "path: what happened".
async fn line(events: &mut TreeEvents) -> String {
    let TreeEvent { path, event, .. } = events.recv().await.expect("events go on");
    format!("{path}: {event:?}")
}

async fn until_line(events: &mut TreeEvents, wanted: &str) {
    while !line(events).await.starts_with(wanted) {}
}

#[tokio::test(start_paused = true)]
async fn events_of_a_tree_say_where_they_come_from() {
    let grove = Grove::plant().await;
    let mut events = grove.top.tree_events();
    let mut below = grove.mid.tree_events();
    let mut own = grove.top.events();
    tell(&grove.top, "b", Do::Fail);
    assert!(
        line(&mut events)
            .await
            .starts_with("/: Exited { id: ChildId(\"b\")")
    );
    until_line(&mut events, "/: Restarted { id: ChildId(\"b\")").await;
    tell(&grove.top, "mid/pool/7", Do::Fail);
    assert!(
        line(&mut events)
            .await
            .starts_with("mid/pool: Exited { id: ChildId(7)")
    );
    // Seen from the middle, paths are shorter, and what happens above is nobody's business.
    assert!(
        line(&mut below)
            .await
            .starts_with("pool: Exited { id: ChildId(7)")
    );
    // The supervisor's own stream stays its own.
    until_restarted(&mut own, "b").await;
    until_line(&mut events, "mid/pool: Restarted").await;
    assert_eq!(own.try_recv(), Ok(None));
}

#[tokio::test(start_paused = true)]
async fn events_of_a_tree_go_on_when_its_supervisors_are_killed() {
    let grove = Grove::plant().await;
    let mut events = grove.top.tree_events();
    for (path, killed) in [("mid/pool", "mid/pool"), ("mid", "mid"), ("/", "/")] {
        let tree = grove.top.tree();
        assert!(tree.get(path).unwrap().kill(), "{path}");
        until_line(&mut events, &format!("{killed}: Resumed")).await;
        until_line(&mut events, "mid/pool: Restarted { id: ChildId(7)").await;
        // That one is gone, and its successor is none of this view's.
        assert!(!tree.get(path).unwrap().kill(), "{path}");
        assert!(grove.top.tree().get(path).unwrap().cell.is_some());
    }
    assert_eq!(grove.top.tree().nodes()[0].restarts, 1);
}

#[tokio::test(start_paused = true)]
async fn events_of_a_tree_end_with_it_and_not_before_the_last_is_received() {
    let grove = Grove::plant().await;
    let mut events = grove.top.tree_events();
    let late = {
        let mut events = grove.top.tree_events();
        tokio::spawn(async move { while events.recv().await.is_ok() {} })
    };
    grove.top.shutdown(Duration::from_secs(1)).await;
    for wanted in [
        "/: Terminated { id: ChildId(\"b\")",
        "mid: Terminated { id: ChildId(\"a\")",
        "mid/pool: Terminated { id: ChildId(7)",
        "mid: Terminated { id: ChildId(\"pool\")",
        "/: Terminated { id: ChildId(\"mid\")",
    ] {
        let line = line(&mut events).await;
        assert!(line.starts_with(wanted), "{line}");
    }
    assert_eq!(events.recv().await, Err(Missed::Closed));
    // Whoever was waiting is told.
    late.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn events_of_a_tree_end_with_its_system() {
    let grove = Grove::plant().await;
    let mut events = grove.top.tree_events();
    grove.system.end();
    while events.recv().await.is_ok() {}
    assert_eq!(events.recv().await, Err(Missed::Closed));
}

#[tokio::test(start_paused = true)]
async fn receiver_that_lags_behind_a_tree_is_told_how_much_it_missed() {
    let grove = Grove::plant().await;
    let mut events = grove.top.tree_events();
    for _ in 0..EVENTS_MAX / 2 + 5 {
        grove.pool.terminate_child(&7.into()).await.unwrap();
        grove.start_seven().await;
    }
    assert_eq!(events.recv().await, Err(Missed::Lagged(10)));
    assert!(events.recv().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn tree_shows_everybody_with_path_kind_state_and_restarts() {
    let grove = Grove::plant().await;
    let mut events = grove.top.tree_events();
    tell(&grove.top, "mid/pool/7", Do::Fail);
    until_line(&mut events, "mid/pool: Restarted").await;
    grove.top.terminate_child(&"b".into()).await.unwrap();
    let tree = grove.top.tree();
    assert_eq!(
        tree.to_string(),
        "\
/           supervisor  running     0 restarts
mid         supervisor  running     0 restarts
mid/pool    supervisor  running     0 restarts
mid/pool/7  worker      running     1 restarts
mid/a       worker      running     0 restarts
b           worker      down        0 restarts
"
    );
    let supervisors: Vec<String> = tree
        .supervisors()
        .map(|node| node.path.to_string())
        .collect();
    assert_eq!(supervisors, ["/", "mid", "mid/pool"]);
    let seven = tree.get("mid/pool/7").unwrap();
    assert_eq!(seven.cell, grove.top.where_is("mid/pool/7"));
    assert_eq!(seven.path.names(), ["mid".into(), "pool".into(), 7.into()]);
    // A part of it, seen from there.
    assert_eq!(grove.pool.tree().nodes()[1].path.to_string(), "7");
}

/// Nothing is awaited between the kills and the looks.
#[tokio::test(start_paused = true)]
async fn tree_answers_before_during_and_after_its_life() {
    let idle = Supervisor::one_for_one().into_ref();
    assert_eq!(idle.tree().nodes()[0].state, ChildState::Down);
    let grove = Grove::plant().await;
    for node in grove.top.tree().supervisors() {
        assert!(node.kill());
    }
    assert_eq!(grove.top.tree().nodes().len(), 6);
    grove.top.shutdown(Duration::from_secs(1)).await;
    let tree = grove.top.tree();
    assert!(
        tree.nodes()
            .iter()
            .all(|node| node.state == ChildState::Down),
        "{tree}"
    );
    assert!(
        tree.nodes().iter().all(|node| node.cell.is_none()),
        "{tree}"
    );
}
