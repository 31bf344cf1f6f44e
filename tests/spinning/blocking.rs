//! Agents on threads of their own.

use std::sync::atomic::Ordering;

use tests::secs;

use crate::spinner::{Spin, Spinner};
use crate::stage::{DEADLINE, play, soon, until};

#[test]
fn blocking_agents_cost_no_worker() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let blocking = swarm
            .spawn_many((0..4).map(|_| spinner.clone()))
            .blocking()
            .deadline(secs(60))
            .await
            .expect("they start");
        let flag = stage.flag();
        for agent in &blocking {
            agent.tell(Spin::Until(flag.clone())).await.expect("room");
        }
        let all_spin = || spinner.spinning.load(Ordering::SeqCst) == 4;
        until("all four spin", all_spin).await;
        let healthy = swarm.spawn(Spinner::default()).await.expect("it starts");
        for _ in 0..100 {
            let answer = soon("the healthy agent answers", healthy.ask(Spin::Not)).await;
            assert!(answer.is_ok(), "{answer:?}");
        }
        flag.store(true, Ordering::SeqCst);
        for agent in &blocking {
            let answer = soon("they answer", agent.ask(Spin::Not)).await;
            assert!(answer.is_ok(), "{answer:?}");
            assert_eq!(agent.restarts(), 0);
        }
    });
}

#[test]
fn a_blocking_agent_past_its_deadline_is_replaced_like_any_other() {
    play(async |mut stage| {
        let swarm = stage.swarm();
        let spinner = Spinner::default();
        let agent = swarm
            .spawn(spinner.clone())
            .blocking()
            .deadline(DEADLINE)
            .attempts(2)
            .await
            .expect("it starts");
        // Twice, so that a replacement is replaced too.
        for _ in 0..2 {
            let asked = agent.ask(Spin::OnceUntil(stage.flag()));
            let answer = soon("the second attempt answers", asked).await;
            assert_eq!(answer.expect("it answers"), 2);
        }
        assert_eq!(spinner.spinning.load(Ordering::SeqCst), 2);
    });
}
