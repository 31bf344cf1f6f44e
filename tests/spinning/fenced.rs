//! Handlers that were cut off and come back.

use std::sync::atomic::Ordering;

use ractor_agents::agent::AskError;
use ractor_agents::dead_letter::Reason;
use ractor_agents::supervision::Backoff;
use tests::{Seen, ms, secs, witness};

use crate::spinner::{Spin, Spinner};
use crate::stage::{DEADLINE, play, soon, until};

#[test]
fn a_late_completion_is_ignored_and_its_message_is_accounted_for_once() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let agent = swarm
            .spawn(spinner.clone())
            .deadline(DEADLINE)
            .await
            .expect("it starts");
        let flag = stage.flag();
        let asked = witness(&swarm, agent.ask(Spin::Until(flag.clone())));
        let (answer, seen) = soon("the asker is told", asked).await;
        assert!(
            matches!(answer, Err(AskError::Timeout { .. })),
            "{answer:?}"
        );
        let ended = agent.accounting();
        assert_eq!((ended.failed, ended.in_flight), (1, 0), "{ended:?}");
        let there = Seen {
            total: 1,
            kept: Some(Reason::Deadline),
            heard: Some(Reason::Deadline),
        };
        assert_eq!(seen, [there], "the letter is there when the asker is told");
        let letter = swarm.dead_letters().list().pop().expect("a letter");
        assert_eq!((&letter.reason, letter.attempts), (&Reason::Deadline, 1));
        assert!(letter.take::<Spin>().is_none(), "the handler still has it");

        flag.store(true, Ordering::SeqCst);
        let came_back = || spinner.came_back.load(Ordering::SeqCst) == 1;
        until("the old handler comes back", came_back).await;
        let answer = soon("its successor answers", agent.ask(Spin::Not)).await;
        assert!(answer.is_ok(), "{answer:?}");
        let messages = agent.accounting();
        assert!(messages.balances(), "{messages:?}");
        assert_eq!(
            (messages.accepted, messages.handled, messages.failed),
            (2, 1, 1),
            "{messages:?}"
        );
        assert_eq!(swarm.dead_letters().total(), 1);
    });
}

#[test]
fn a_message_with_attempts_left_is_tried_again_while_the_old_handler_still_spins() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let agent = swarm
            .spawn(spinner.clone())
            .deadline(DEADLINE)
            .attempts(2)
            .await
            .expect("it starts");
        let flag = stage.flag();
        let asked = agent.ask(Spin::OnceUntil(flag.clone()));
        let answer = soon("the second attempt answers", asked).await;
        assert_eq!(answer.expect("it answers"), 2);
        assert_eq!(spinner.spinning.load(Ordering::SeqCst), 1);
        flag.store(true, Ordering::SeqCst);
        let came_back = || spinner.came_back.load(Ordering::SeqCst) == 1;
        until("the old handler comes back", came_back).await;
        assert!(soon("it goes on", agent.ask(Spin::Not)).await.is_ok());
        let messages = agent.accounting();
        assert!(messages.balances(), "{messages:?}");
        assert_eq!((messages.handled, messages.retried), (2, 1), "{messages:?}");
        assert_eq!(swarm.dead_letters().total(), 0);
    });
}

#[test]
fn what_is_in_line_behind_a_handler_that_spins_is_handled_in_order() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let agent = swarm
            .spawn(spinner)
            .deadline(DEADLINE)
            .restart_backoff(Backoff::NONE)
            .await
            .expect("it starts");
        let flag = stage.flag();
        agent.tell(Spin::Until(flag)).await.expect("room");
        for _ in 0..20 {
            agent.tell(Spin::Not).await.expect("room");
        }
        let is_done = || agent.accounting().handled == 20;
        until("all others are handled", is_done).await;
        assert_eq!(agent.accounting().failed, 1);
    });
}

/// Patience ends a handler that spins like one that waits: the asker is told, the agent is replaced.
#[test]
fn an_impatient_asker_is_told_and_the_agent_is_replaced() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let agent = swarm
            .spawn(Spinner::default())
            .deadline(secs(60))
            .await
            .expect("it starts");
        let flag = stage.flag();
        let asked = agent.ask(Spin::Until(flag)).patience(ms(100));
        let answer = soon("the asker is told", asked).await;
        assert!(
            matches!(answer, Err(AskError::Timeout { .. })),
            "{answer:?}"
        );
        let answer = soon("its successor answers", agent.ask(Spin::Not)).await;
        assert!(answer.is_ok(), "{answer:?}");
        assert_eq!(agent.accounting().cancelled, 1);
    });
}
