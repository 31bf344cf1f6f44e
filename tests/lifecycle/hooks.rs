//! The hooks, and what a restart begins with.

use ractor_agents::agent::{ExitReason, OnRestart};
use ractor_agents::prelude::*;
use ractor_agents::supervision::{Backoff, Restart};
use tests::{Log, idle, ms, panic_quietly, secs, test_swarm};

/// What happened to a [`Diarist`].
#[derive(Clone, Debug, PartialEq)]
enum Event {
    Started,
    Restarted(ExitReason),
    Handled(u64),
    Stopped,
}

/// Writes down what happens to it; its state is the sum of what it was told.
#[derive(Clone, Default)]
struct Diarist {
    diary: Log<Event>,
    sum: u64,
}

#[derive(Clone, Copy)]
enum Word {
    Add(u64),
    Fail,
    Panic,
    /// Adds, then hangs.
    Hang(u64),
}

impl Agent for Diarist {
    type Message = Word;
    type Reply = u64;

    async fn handle(&mut self, word: &Word, _: &Context<Self>) -> Result<u64, Failure> {
        match *word {
            Word::Add(by) => self.sum += by,
            Word::Fail => return Err(Failure::new("on purpose")),
            Word::Panic => panic_quietly("on purpose"),
            Word::Hang(by) => {
                self.sum += by;
                std::future::pending::<()>().await;
            }
        }
        self.diary.push(Event::Handled(self.sum));
        Ok(self.sum)
    }

    async fn on_start(&mut self, _: &Context<Self>) -> Result<(), Failure> {
        self.diary.push(Event::Started);
        Ok(())
    }

    async fn on_restart(&mut self, reason: &ExitReason, _: &Context<Self>) -> Result<(), Failure> {
        self.diary.push(Event::Restarted(reason.clone()));
        Ok(())
    }

    async fn on_stop(&mut self, _: &Context<Self>) {
        self.diary.push(Event::Stopped);
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_run_once_and_in_order() -> Result<()> {
    let swarm = test_swarm();
    let diarist = Diarist::default();
    let diary = diarist.diary.clone();
    let to = swarm.spawn(diarist).await?;
    assert_eq!(
        diary.all(),
        [Event::Started],
        "the spawn waits for the hook"
    );
    to.ask(Word::Add(1)).await?;
    assert!(swarm.stop(to.id(), secs(1)).await);
    assert_eq!(
        diary.all(),
        [Event::Started, Event::Handled(1), Event::Stopped]
    );
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_told_its_reason() -> Result<()> {
    let swarm = test_swarm();
    let diarist = Diarist::default();
    let diary = diarist.diary.clone();
    let to = swarm
        .spawn(diarist)
        .deadline(secs(1))
        .restart_backoff(Backoff::NONE)
        .await?;
    for word in [Word::Fail, Word::Panic, Word::Hang(0)] {
        assert!(to.ask(word).await.is_err());
        idle().await;
    }
    to.kill();
    idle().await;
    let reasons: Vec<ExitReason> = diary
        .take()
        .into_iter()
        .filter_map(|event| match event {
            Event::Restarted(reason) => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        [
            ExitReason::Failed("on purpose".into()),
            ExitReason::Panicked("on purpose".into()),
            ExitReason::Deadline,
            ExitReason::Killed,
        ]
    );
    assert_eq!(to.restarts(), 4);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_restart_is_fresh_unless_told_otherwise() -> Result<()> {
    for (on_restart, after_kill) in [(OnRestart::Fresh, 100), (OnRestart::Resume, 107)] {
        let swarm = test_swarm();
        let to = swarm
            .spawn(Diarist::default())
            .on_restart(on_restart)
            .deadline(secs(1))
            .await?;
        to.ask(Word::Add(5)).await?;
        // Killed inside a handler that has changed the state already.
        let hanging = to.ask(Word::Hang(2));
        let kill = async {
            idle().await;
            assert!(to.kill());
        };
        assert!(tokio::join!(hanging, kill).0.is_err());
        assert_eq!(to.ask(Word::Add(100)).await?, after_kill);
        // After a panic there is no state to go on with, after a failure neither.
        assert!(to.ask(Word::Panic).await.is_err());
        assert_eq!(to.ask(Word::Add(1)).await?, 1);
        assert!(to.ask(Word::Fail).await.is_err());
        assert_eq!(to.ask(Word::Add(1)).await?, 1);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_missed_its_deadline_resumes_with_its_state() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Diarist::default())
        .on_restart(OnRestart::Resume)
        .deadline(secs(1))
        .await?;
    to.ask(Word::Add(5)).await?;
    assert!(to.ask(Word::Hang(2)).await.is_err());
    assert_eq!(to.ask(Word::Add(0)).await?, 7);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_kill_skips_the_stop_hook() -> Result<()> {
    let swarm = test_swarm();
    let diarist = Diarist::default();
    let diary = diarist.diary.clone();
    let to = swarm.spawn(diarist).await?;
    to.tell(Word::Hang(0)).await?;
    idle().await;
    swarm.stop(to.id(), ms(100)).await;
    assert!(!diary.all().contains(&Event::Stopped), "{diary:?}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_permanent_agent_that_is_stopped_ends_all_the_same() -> Result<()> {
    let swarm = test_swarm();
    let diarist = Diarist::default();
    let diary = diarist.diary.clone();
    let to = swarm.spawn(diarist).restart(Restart::Permanent).await?;
    to.ask(Word::Add(1)).await?;
    to.stop();
    tokio::time::sleep(secs(60)).await;
    assert_eq!(
        diary.all(),
        [Event::Started, Event::Handled(1), Event::Stopped]
    );
    assert_eq!(swarm.status().agents, 0);
    Ok(())
}
