//! Methods that run at the turns of an agent's life.

use std::sync::Arc;

use ractor_agents::agent::ExitReason;
use ractor_agents::prelude::*;
use tokio::sync::mpsc;

/// Reports each turn of its life.
#[derive(Clone)]
struct Diary {
    entries: mpsc::Sender<String>,
    is_open: bool,
}

#[agent]
impl Diary {
    #[on_start]
    async fn open(&mut self, ctx: &Context<Self>) -> Result<(), Failure> {
        self.is_open = true;
        self.entries
            .send(format!("start after {} restarts", ctx.restarts()))
            .await?;
        Ok(())
    }

    #[on_restart]
    async fn reopen(&mut self, reason: &ExitReason, ctx: &Context<Self>) -> Result<(), Failure> {
        self.is_open = true;
        let is_killed = matches!(reason, ExitReason::Killed);
        self.entries
            .send(format!("restart {}, killed: {is_killed}", ctx.restarts()))
            .await?;
        Ok(())
    }

    #[on_stop]
    fn close(&mut self) {
        self.entries.try_send("stop".to_owned()).unwrap();
    }

    #[message]
    fn is_open(&self) -> bool {
        self.is_open
    }
}

/// Only counts its starts: a restart is one of them.
#[derive(Clone, Default)]
struct Starter {
    starts: Arc<std::sync::atomic::AtomicU32>,
}

#[agent]
impl Starter {
    #[on_start]
    fn on_start(&self) {
        self.starts
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }

    #[message]
    fn starts(&self) -> u32 {
        self.starts.load(std::sync::atomic::Ordering::Relaxed)
    }

    #[message]
    fn fail(&self) -> Result<(), Failure> {
        Err(Failure::new("as asked"))
    }
}

/// Never starts.
#[derive(Clone)]
struct Stillborn;

#[agent]
impl Stillborn {
    #[on_start]
    async fn open(&mut self) -> Result<(), Failure> {
        Err(Failure::new("nothing to open"))
    }

    #[message]
    fn ping(&self) {}
}

#[tokio::test]
async fn hooks_run_at_start_restart_and_stop() -> Result<()> {
    let swarm = Swarm::local();
    let (entries, mut read) = mpsc::channel(8);
    let diary = swarm
        .spawn(Diary {
            entries,
            is_open: false,
        })
        .await?;
    assert_eq!(read.recv().await.unwrap(), "start after 0 restarts");
    assert!(diary.ask(IsOpen).await?);
    assert!(diary.kill());
    assert_eq!(read.recv().await.unwrap(), "restart 1, killed: true");
    assert!(diary.ask(IsOpen).await?);
    assert!(swarm.shutdown(Duration::from_secs(5)).await.is_clean());
    assert_eq!(read.recv().await.unwrap(), "stop");
    Ok(())
}

#[tokio::test]
async fn the_start_hook_runs_at_restarts_too_if_there_is_no_other() -> Result<()> {
    let swarm = Swarm::local();
    let starter = swarm.spawn(Starter::default()).await?;
    assert_eq!(starter.ask(Starts).await?, 1);
    assert!(starter.ask(Fail).await.is_err());
    assert_eq!(starter.ask(Starts).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_start_hook_that_fails_fails_the_spawn() {
    let swarm = Swarm::local();
    let error = swarm.spawn(Stillborn).await.unwrap_err();
    assert!(error.to_string().contains("nothing to open"), "{error}");
}
