//! Messages that panic where their dead letters are forgotten.
//!
//! A letter is forgotten while another one is written, of another message and perhaps of another agent: nobody but the
//! destructor is to blame, so nobody else may suffer from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ractor_agents::agent::{AgentRef, AskError};
use ractor_agents::dead_letter::DeadLetters;
use ractor_agents::mailbox::Overflow;
use ractor_agents::prelude::*;
use ractor_agents::swarm::Swarm;
use tests::{idle, ms, panic_quietly, secs, witness};

/// What the agent does about a message.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answer,
    Fail,
    Panic,
    Hang,
}

/// A message that panics when it is dropped, once it is armed.
struct Mine {
    fate: Fate,
    is_armed: Arc<AtomicBool>,
}

impl Mine {
    fn new(fate: Fate) -> Self {
        Self {
            fate,
            is_armed: Arc::default(),
        }
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        if self.is_armed.swap(false, Ordering::SeqCst) {
            panic_quietly("the destructor of a message");
        }
    }
}

#[derive(Clone)]
struct Sapper;

impl Agent for Sapper {
    type Message = Mine;
    type Reply = ();

    async fn handle(&mut self, mine: &Mine, _: &Context<Self>) -> Result<(), Failure> {
        match mine.fate {
            Fate::Answer => Ok(()),
            Fate::Fail => Err(Failure::new("on purpose").without_restart()),
            Fate::Panic => panic_quietly("on purpose"),
            Fate::Hang => std::future::pending().await,
        }
    }
}

/// A swarm that keeps one dead letter.
fn swarm() -> Result<Swarm> {
    Ok(Swarm::builder().test().dead_letters_kept(1).build()?)
}

/// Has a letter written whose message panics when it is forgotten.
async fn lay(to: &AgentRef<Sapper>) -> Result<Arc<AtomicBool>> {
    let mine = Mine::new(Fate::Fail);
    let is_armed = Arc::clone(&mine.is_armed);
    assert!(to.ask(mine).await.is_err());
    is_armed.store(true, Ordering::SeqCst);
    Ok(is_armed)
}

#[tokio::test(start_paused = true)]
async fn the_asker_is_told_and_the_agent_goes_on() -> Result<()> {
    for fate in [Fate::Panic, Fate::Fail, Fate::Hang] {
        let swarm = swarm()?;
        let to = swarm.spawn(Sapper).deadline(secs(1)).await?;
        let is_armed = lay(&to).await?;
        let (answer, seen) = witness(&swarm, to.ask(Mine::new(fate))).await;
        let is_told = match fate {
            Fate::Hang => matches!(answer, Err(AskError::Timeout { .. })),
            _ => matches!(answer, Err(AskError::Failed { .. })),
        };
        assert!(is_told, "{fate:?}: {answer:?}");
        assert!(!is_armed.load(Ordering::SeqCst), "it went off");
        assert_eq!(seen.len(), 1);
        assert_eq!(seen[0].total, 2);
        assert_eq!(seen[0].heard, seen[0].kept, "{fate:?}");
        to.ask(Mine::new(Fate::Answer)).await?;
        let messages = to.accounting();
        assert!(messages.balances(), "{messages:?}");
        assert_eq!((messages.handled, messages.failed), (1, 2));
        assert_eq!(messages.dead_lettered, swarm.dead_letters().total());
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn all_that_an_agent_leaves_is_written_and_told() -> Result<()> {
    let swarm = swarm()?;
    let to = swarm.spawn(Sapper).deadline(secs(60)).await?;
    let mine = Mine::new(Fate::Hang);
    let is_armed = Arc::clone(&mine.is_armed);
    is_armed.store(true, Ordering::SeqCst);
    to.tell(mine).await?;
    idle().await;
    let stopped = async {
        idle().await;
        swarm.stop(to.id(), ms(10)).await
    };
    let (first, second, was_there) = tokio::join!(
        to.ask(Mine::new(Fate::Answer)),
        to.ask(Mine::new(Fate::Answer)),
        stopped
    );
    assert!(was_there);
    assert!(!is_armed.load(Ordering::SeqCst), "it went off");
    for answer in [first, second] {
        assert!(
            matches!(answer, Err(AskError::Stopped { .. })),
            "{answer:?}"
        );
    }
    assert_eq!(swarm.dead_letters().total(), 3);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_sheds_a_message_does_not_notice() -> Result<()> {
    let swarm = swarm()?;
    let to = swarm
        .spawn(Sapper)
        .depth(1)
        .overflow(Overflow::DropNewest)
        .await?;
    let is_armed = lay(&to).await?;
    to.tell(Mine::new(Fate::Hang)).await?;
    idle().await;
    to.tell(Mine::new(Fate::Answer)).await?;
    to.tell(Mine::new(Fate::Answer)).await?;
    assert!(!is_armed.load(Ordering::SeqCst), "it went off");
    assert_eq!(swarm.dead_letters().total(), 2);
    Ok(())
}

/// A subscriber that lags holds letters too: the oldest is forgotten by whoever writes the one too many.
#[tokio::test(start_paused = true)]
async fn subscribers_that_lag_change_nothing_about_it() -> Result<()> {
    let swarm = swarm()?;
    let to = swarm.spawn(Sapper).await?;
    let mut news = swarm.dead_letters().subscribe();
    let is_armed = lay(&to).await?;
    for _ in 0..DeadLetters::LAG_MAX {
        let answer = to.ask(Mine::new(Fate::Fail)).await;
        assert!(matches!(answer, Err(AskError::Failed { .. })), "{answer:?}");
    }
    assert!(!is_armed.load(Ordering::SeqCst), "it went off");
    assert!(news.recv().await.is_err(), "it lags");
    assert!(news.recv().await.is_ok(), "and goes on");
    Ok(())
}
