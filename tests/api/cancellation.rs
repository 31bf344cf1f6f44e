//! A `tell` or `ask` is polled some times and dropped, at every point that it can be at.
//!
//! Between polls everything else comes to rest, so that each poll finds the message one step further: unsent, waiting
//! for room, with room promised, in line, in hand, done. After each drop nothing may be left of it: the accounting
//! balances, nothing waits, and the lane has all of its room.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use ractor_agents::agent::{AgentRef, Status};
use ractor_agents::mailbox::Overflow;
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle, secs, test_swarm};

type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// No future here needs more polls than this.
const POLLS_MAX: usize = 12;

/// What a future has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Dropped,
    Done,
}

struct Scene {
    _swarm: Swarm,
    puppet: Puppet,
    to: AgentRef<Puppet>,
    depth: usize,
}

impl Scene {
    /// A puppet at its gate, with a full lane behind it.
    async fn full(depth: usize) -> Result<Self> {
        let swarm = test_swarm();
        let puppet = Puppet::default();
        let to = swarm
            .spawn(puppet.clone())
            .depth(depth)
            .overflow(Overflow::Wait)
            .await?;
        to.tell(Task::new(0, Act::Wait)).await?;
        idle().await;
        for id in 1..=depth as u64 {
            to.try_tell(Task::new(id, Act::Wait))?;
        }
        Ok(Self {
            _swarm: swarm,
            puppet,
            to,
            depth,
        })
    }

    /// Polls `future` up to `polls` times, letting one handler go on between two polls, and drops it.
    async fn play<F: Future>(&self, mut future: Pin<Box<F>>, polls: usize) -> End {
        for poll in 0..polls {
            if poll > 0 {
                self.puppet.gate.let_through(1);
                idle().await;
            }
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(_done) = future.as_mut().poll(&mut cx) {
                return End::Done;
            }
        }
        End::Dropped
    }

    /// Nothing is left of what was dropped.
    async fn assert_clean(&self, what: &str) -> Result {
        self.puppet.gate.open();
        idle().await;
        let messages = self.to.accounting();
        let text = format!("{what}: {messages:?}");
        assert!(messages.balances(), "{text}");
        assert_eq!((messages.queued, messages.in_flight), (0, 0), "{text}");
        // All of the room is there: nothing is taken and nothing is promised. None of it is taken ahead, since the
        // agent does not run between these.
        for id in 0..self.depth as u64 {
            let told = self.to.try_tell(100 + id);
            told.map_err(|error| format!("{text}: {error} at {id}"))?;
        }
        assert!(self.to.try_tell(999).is_err(), "{text}: too much room");
        idle().await;
        // Nor does anybody stand in line.
        let told = tokio::time::timeout(secs(60), self.to.ask(1_000)).await;
        told.map_err(|_| format!("{text}: the line is stuck"))??;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_tell_may_be_dropped_at_any_await() -> Result {
    for depth in 1..=4 {
        let mut ends = Vec::new();
        for polls in 0..POLLS_MAX {
            let scene = Scene::full(depth).await?;
            let tell = Box::pin(scene.to.tell(Task::new(50, Act::Wait)));
            let end = scene.play(tell, polls).await;
            scene
                .assert_clean(&format!("tell, depth {depth}, {polls} polls"))
                .await?;
            let is_handled = scene.puppet.done.all().contains(&50);
            assert_eq!(
                is_handled,
                end == End::Done,
                "a dropped tell was never sent"
            );
            ends.push(end);
        }
        assert!(
            ends.contains(&End::Done) && ends.contains(&End::Dropped),
            "{ends:?}"
        );
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_ask_may_be_dropped_at_any_await() -> Result {
    for depth in 1..=4 {
        let mut ends = Vec::new();
        let mut cancelled = 0;
        let mut handled_for_nobody = 0;
        for polls in 0..POLLS_MAX {
            let scene = Scene::full(depth).await?;
            let ask = Box::pin(scene.to.ask(Task::new(50, Act::Wait)));
            let end = scene.play(ask, polls).await;
            scene
                .assert_clean(&format!("ask, depth {depth}, {polls} polls"))
                .await?;
            let is_handled = scene.puppet.done.all().contains(&50);
            if end == End::Done {
                assert!(is_handled);
            } else {
                cancelled += scene.to.accounting().cancelled;
                handled_for_nobody += u64::from(is_handled);
            }
            ends.push(end);
        }
        // Every kind of end has been there: never in line, withdrawn from it, left in hand, answered.
        assert!(
            ends.contains(&End::Done) && ends.contains(&End::Dropped),
            "{ends:?}"
        );
        assert!(cancelled > 0 && handled_for_nobody > 0, "depth {depth}");
    }
    Ok(())
}

/// As above, with another sender behind the one that is dropped: it is served whenever that happens.
#[tokio::test(start_paused = true)]
async fn whoever_waits_behind_a_dropped_sender_is_served() -> Result {
    for depth in 1..=4 {
        for polls in 0..POLLS_MAX {
            let scene = Scene::full(depth).await?;
            let mut first = Box::pin(scene.to.tell(50));
            let mut second = Box::pin(scene.to.tell(51));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(first.as_mut().poll(&mut cx).is_pending());
            assert!(second.as_mut().poll(&mut cx).is_pending());
            scene.play(first, polls).await;
            scene.puppet.gate.open();
            let told = tokio::time::timeout(secs(60), second).await;
            told.map_err(|_| format!("depth {depth}, {polls} polls: stuck"))??;
            scene
                .assert_clean(&format!("two, depth {depth}, {polls} polls"))
                .await?;
            assert!(scene.puppet.done.all().contains(&51));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_spawn_that_is_dropped_spawns_all_the_same() -> Result {
    use std::future::IntoFuture;
    for polls in 1..4 {
        let swarm = test_swarm();
        let mut spawning = swarm.spawn(Puppet::default()).name("puppet").into_future();
        let mut is_done = false;
        for _ in 0..polls {
            let mut cx = Context::from_waker(Waker::noop());
            if !is_done {
                is_done = spawning.as_mut().poll(&mut cx).is_ready();
            }
        }
        drop(spawning);
        idle().await;
        let to = swarm.find::<Puppet>("puppet").ok_or("not found")?;
        assert_eq!(to.ask(1).await?, 1);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_dropped_goes_on() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).await?;
    to.tell(Task::new(1, Act::Take(500))).await?;
    to.tell(2).await?;
    idle().await;
    let stop = swarm.stop(to.id(), secs(5));
    assert!(tokio::time::timeout(tests::ms(100), stop).await.is_err());
    tokio::time::sleep(secs(1)).await;
    assert_eq!(puppet.done.all(), [1, 2]);
    assert_eq!(swarm.status().agents, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_goes_on_with_draining() -> Result {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).await?;
    to.tell(Task::new(1, Act::Take(500))).await?;
    to.tell(2).await?;
    idle().await;
    let shutdown = swarm.shutdown(secs(5));
    assert!(
        tokio::time::timeout(tests::ms(100), shutdown)
            .await
            .is_err()
    );
    assert!(swarm.spawn(Puppet::default()).await.is_err());
    tokio::time::sleep(secs(1)).await;
    assert_eq!(puppet.done.all(), [1, 2]);
    assert_eq!(swarm.status().agents, 0);
    // Another call finishes what the first began.
    assert!(swarm.shutdown(secs(5)).await.is_clean());
    Ok(())
}

/// An agent that never comes to the end of its message.
async fn hanging(swarm: &Swarm) -> Result<AgentRef<Puppet>> {
    let to = swarm.spawn(Puppet::default()).await?;
    to.tell(Task::new(1, Act::Hang)).await?;
    idle().await;
    Ok(to)
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_dropped_keeps_its_limit() -> Result {
    let swarm = test_swarm();
    let to = hanging(&swarm).await?;
    let shutdown = swarm.shutdown(secs(2));
    assert!(
        tokio::time::timeout(tests::ms(100), shutdown)
            .await
            .is_err()
    );
    tokio::time::sleep(secs(10)).await;
    assert_eq!(swarm.status().agents, 0, "{:?}", swarm.status());
    assert_eq!(to.status(), Status::Offline);
    // Whoever asks later is told what the first caller did not stay to hear.
    let report = swarm.shutdown(secs(60)).await;
    assert_eq!(report.unfinished, [(to.id(), 0)]);
    assert_eq!(report.took.as_secs(), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_several_shutdowns_the_limit_that_ends_first_counts() -> Result {
    let swarm = test_swarm();
    let to = hanging(&swarm).await?;
    let begun = tokio::time::Instant::now();
    let never = swarm.shutdown(std::time::Duration::MAX);
    let soon = async {
        tokio::time::sleep(secs(1)).await;
        swarm.shutdown(secs(2)).await
    };
    let (first, second, third) = tokio::join!(never, soon, swarm.shutdown(secs(60)));
    assert_eq!(begun.elapsed().as_secs(), 3);
    for report in [first, second, third] {
        assert_eq!(report.unfinished, [(to.id(), 0)]);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_cut_short_by_the_drop_of_the_swarm_is_over() -> Result {
    let swarm = test_swarm();
    let to = hanging(&swarm).await?;
    let ended = tokio::time::timeout(tests::ms(100), swarm.shutdown(secs(60))).await;
    assert!(ended.is_err());
    drop(swarm);
    idle().await;
    assert_eq!(to.status(), Status::Offline);
    Ok(())
}
