//! Every worker is taken by a handler that spins.

use std::sync::atomic::Ordering;

use ractor_agents::agent::{AgentRef, AskError, Status};
use ractor_agents::prelude::Duration;
use ractor_agents::supervision::{Backoff, Event};
use ractor_agents::swarm::Swarm;
use tests::{ms, secs};

use crate::spinner::{Spin, Spinner};
use crate::stage::{DEADLINE, Stage, play, soon, until};

async fn spawn(swarm: &Swarm, spinner: &Spinner) -> AgentRef<Spinner> {
    let spawn = swarm
        .spawn(spinner.clone())
        .deadline(DEADLINE)
        .restart_backoff(Backoff::NONE);
    spawn.await.expect("it starts")
}

/// Two agents, each of which has a worker of the two.
async fn take_all_workers(
    stage: &mut Stage,
    swarm: &Swarm,
    spinner: &Spinner,
    deadline: Duration,
) -> [Taken; 2] {
    let mut taken = Vec::new();
    for _ in 0..2 {
        let agent = spawn(swarm, spinner).await;
        let flag = stage.flag();
        let tell = agent.tell(Spin::Until(flag.clone())).deadline(deadline);
        tell.await.expect("room");
        taken.push(Taken { agent, flag });
    }
    let is_taken = || spinner.spinning.load(Ordering::SeqCst) == 2;
    until("both workers are taken", is_taken).await;
    taken.try_into().unwrap_or_else(|_| unreachable!("two"))
}

struct Taken {
    agent: AgentRef<Spinner>,
    flag: std::sync::Arc<std::sync::atomic::AtomicBool>,
}

#[test]
fn supervisors_act_and_replacements_run_while_every_worker_spins() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let taken = take_all_workers(&mut stage, &swarm, &spinner, DEADLINE).await;
        for Taken { agent, .. } in &taken {
            // Nobody has put a flag up: this is another incarnation, on another thread.
            let answer = soon("a replacement answers", agent.ask(Spin::Not)).await;
            assert_eq!(answer.expect("it answers"), 1);
            assert_eq!(agent.restarts(), 1);
            let messages = agent.accounting();
            assert_eq!((messages.handled, messages.failed), (1, 1), "{messages:?}");
        }
        assert_eq!(spinner.spinning.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_spawn_while_every_worker_spins_is_done_once_one_is_free() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let taken = take_all_workers(&mut stage, &swarm, &spinner, DEADLINE).await;
        let spawning = tokio::spawn({
            let (swarm, spinner) = (swarm.clone(), spinner.clone());
            async move { spawn(&swarm, &spinner).await }
        });
        // Real: nothing can happen on the agents' runtime, and that takes as long as one looks.
        tokio::time::sleep(ms(300)).await;
        taken[0].flag.store(true, Ordering::SeqCst);
        let agent = soon("the spawn is done", spawning).await.expect("no panic");
        let answer = soon("the newcomer answers", agent.ask(Spin::Not)).await;
        assert_eq!(answer.expect("it answers"), 1);
    });
}

#[test]
fn healthy_agents_go_on_as_soon_as_a_worker_is_free() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let healthy = spawn(&swarm, &spinner).await;
        assert!(healthy.ask(Spin::Not).await.is_ok());
        let taken = take_all_workers(&mut stage, &swarm, &spinner, DEADLINE).await;
        let asked = tokio::spawn({
            let healthy = healthy.clone();
            async move { healthy.ask(Spin::Not).await }
        });
        // Real, as above. The healthy agent waits and nobody holds that against it.
        tokio::time::sleep(DEADLINE * 4).await;
        assert_eq!(healthy.restarts(), 0);
        taken[0].flag.store(true, Ordering::SeqCst);
        let answer = soon("the healthy agent answers", asked).await;
        assert!(answer.expect("no panic").is_ok());
        assert_eq!(healthy.restarts(), 0);
        // One worker is taken for good, the other serves everybody.
        for _ in 0..100 {
            let answer = soon("it goes on answering", healthy.ask(Spin::Not)).await;
            assert!(answer.is_ok());
        }
    });
}

#[test]
fn patience_ends_in_time_while_every_worker_spins() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let spawn = swarm.spawn(spinner.clone()).depth(1);
        let idle = spawn.await.expect("it starts");
        let _taken = take_all_workers(&mut stage, &swarm, &spinner, secs(60)).await;
        // One in line, where the clock watches, and one that waits for room, with a timer of its own.
        let in_line = idle.ask(Spin::Not).patience(ms(200));
        let waiting = idle.ask(Spin::Not).patience(ms(200));
        let both = async { tokio::join!(in_line, waiting) };
        let (in_line, waiting) = soon("both are told", both).await;
        assert!(
            matches!(in_line, Err(AskError::Timeout { .. })),
            "{in_line:?}"
        );
        assert!(matches!(waiting, Err(AskError::Refused(_))), "{waiting:?}");
    });
}

#[test]
fn a_stop_and_a_shutdown_come_to_an_end_while_every_worker_spins() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let idle = swarm
            .spawn(spinner.clone())
            .stop_within(ms(200))
            .await
            .expect("it starts");
        let taken = take_all_workers(&mut stage, &swarm, &spinner, secs(60)).await;
        // Its worker is taken, so that it cannot even hear of it.
        assert!(soon("the stop", swarm.stop(idle.id(), ms(200))).await);
        assert_eq!(idle.status(), Status::Offline);
        let report = soon("the shutdown", swarm.shutdown(secs(1))).await;
        assert!(!report.is_clean(), "{report:?}");
        assert!(report.took < secs(10), "{report:?}");
        assert!(report.messages.balances(), "{report:?}");
        let messages = report.messages;
        assert_eq!(
            (messages.queued, messages.in_flight),
            (0, 0),
            "{messages:?}"
        );
        assert_eq!(taken[0].agent.status(), Status::Offline);
    });
}

#[test]
fn a_shutdown_reports_handlers_that_could_not_be_killed() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let _taken = take_all_workers(&mut stage, &swarm, &spinner, secs(60)).await;
        let report = soon("the shutdown", swarm.shutdown(ms(200))).await;
        assert_eq!(report.abandoned, 2, "{report:?}");
        assert!(report.took < secs(5), "{report:?}");
    });
}

#[test]
fn a_shutdown_reports_handlers_that_were_abandoned_before_it() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let taken = take_all_workers(&mut stage, &swarm, &spinner, DEADLINE).await;
        for Taken { agent, .. } in &taken {
            let answer = soon("a replacement answers", agent.ask(Spin::Not)).await;
            assert!(answer.is_ok(), "{answer:?}");
        }
        let mut events = swarm.supervision_events();
        taken[0].flag.store(true, Ordering::SeqCst);
        let is_back = async {
            let is_recovered = |event| matches!(event, Event::Recovered { .. });
            while !is_recovered(events.recv().await.expect("events go on").event) {}
        };
        soon("one of them comes back", is_back).await;
        let report = soon("the shutdown", swarm.shutdown(secs(5))).await;
        assert!(report.unfinished.is_empty(), "{report:?}");
        assert_eq!(report.abandoned, 1, "the one that still spins: {report:?}");
    });
}

#[test]
fn past_the_cap_of_the_abandoned_the_partition_escalates_and_the_swarm_goes_on() {
    play(async |mut stage| {
        let builder = Swarm::builder().partitions(1).abandoned_max(1);
        let swarm = stage.swarm_by(builder);
        let spinner = Spinner::default();
        let taken = take_all_workers(&mut stage, &swarm, &spinner, DEADLINE).await;
        for Taken { agent, flag } in &taken {
            flag.store(true, Ordering::SeqCst);
            let answer = soon("it answers in the end", agent.ask(Spin::Not)).await;
            assert!(answer.is_ok(), "{answer:?}");
        }
        let messages = swarm.status().messages;
        assert!(messages.balances(), "{messages:?}");
    });
}
