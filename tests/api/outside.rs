//! Everything works from a thread that has no runtime: the swarm brings its own.

use ractor_agents::agent::{AskError, Status};
use ractor_agents::mailbox::Refusal;
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, block_on, ms, secs};

#[test]
fn agents_are_spawned_told_and_asked_without_a_runtime() {
    let swarm = Swarm::local();
    let puppet = Puppet::default();
    let to = block_on(swarm.spawn(puppet.clone()).into_future()).expect("it starts");
    block_on(to.tell(1)).expect("there is room");
    assert_eq!(block_on(to.ask(2)).expect("it answers"), 2);
    assert_eq!(puppet.done.all(), [1, 2]);
}

#[test]
fn patience_ends_without_a_runtime() {
    let swarm = Swarm::local();
    let puppet = Puppet::default();
    let spawn = swarm.spawn(puppet.clone()).depth(1);
    let to = block_on(spawn.into_future()).expect("it starts");
    let hanging = to.ask(Task::new(1, Act::Hang)).patience(ms(50));
    let answer = block_on(hanging);
    assert!(
        matches!(answer, Err(AskError::Timeout { .. })),
        "{answer:?}"
    );
    // One is at the gate, and another fills the lane.
    block_on(to.tell(Task::new(2, Act::Wait))).expect("there is room");
    while puppet.begun.all() != [1, 2] {
        std::thread::yield_now();
    }
    to.try_tell(3).expect("there is room");
    let answer = block_on(to.ask(4).patience(ms(50)));
    let Err(AskError::Refused(refused)) = answer else {
        panic!("{answer:?}");
    };
    assert!(
        matches!(refused.refusal, Refusal::NoRoom { .. }),
        "{refused:?}"
    );
}

#[test]
fn a_stop_and_a_shutdown_work_without_a_runtime() {
    let swarm = Swarm::local();
    let puppet = Puppet::default();
    let spawn = swarm.spawn_many([puppet.clone(), puppet.clone()]);
    let agents = block_on(spawn.into_future()).expect("they start");
    block_on(agents[0].tell(1)).expect("there is room");
    assert!(block_on(swarm.stop(agents[0].id(), secs(5))));
    assert_eq!(agents[0].status(), Status::Offline);
    block_on(agents[1].tell(Task::new(2, Act::Hang))).expect("there is room");
    let report = block_on(swarm.shutdown(ms(50)));
    assert_eq!(report.messages.handled, 1, "{report:?}");
    assert_eq!(report.messages.failed, 1, "{report:?}");
    assert_eq!(agents[1].status(), Status::Offline);
}

/// The last handle goes on a worker of the very runtime that goes with it.
#[test]
fn an_agent_may_drop_the_last_handle_of_its_own_swarm() {
    let (tell, heard) = std::sync::mpsc::channel();
    let swarm = Swarm::local();
    let last = std::sync::Arc::new(std::sync::Mutex::new(None::<Swarm>));
    let held = std::sync::Arc::clone(&last);
    let dropper = move |(): ()| {
        let (held, tell) = (std::sync::Arc::clone(&held), tell.clone());
        async move {
            let swarm = held.lock().expect("not poisoned").take();
            drop(swarm);
            let _ = tell.send(());
        }
    };
    let to = block_on(swarm.spawn(dropper).into_future()).expect("it starts");
    *last.lock().expect("not poisoned") = Some(swarm);
    let answer = block_on(to.ask(()));
    assert!(
        matches!(answer, Err(AskError::Stopped { .. })),
        "{answer:?}"
    );
    heard
        .recv_timeout(secs(20))
        .expect("the drop came to its end");
    assert_eq!(to.status(), Status::Offline);
}
