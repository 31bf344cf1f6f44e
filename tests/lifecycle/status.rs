//! The eight states move by themselves, but for maintenance.

use ractor_agents::agent::Status;
use ractor_agents::mailbox::Refusal;
use ractor_agents::prelude::*;
use ractor_agents::supervision::Backoff;
use tests::{Act, Gate, Puppet, Task, idle, secs, test_swarm};

/// Starts when it is let through.
#[derive(Clone, Default)]
struct Sleeper(Gate);

impl Agent for Sleeper {
    type Message = ();
    type Reply = ();

    async fn on_start(&mut self, _: &Context<Self>) -> Result<(), Failure> {
        self.0.pass().await;
        Ok(())
    }

    async fn handle(&mut self, (): &(), _: &Context<Self>) -> Result<(), Failure> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_starting_until_its_hook_is_done_and_takes_messages_meanwhile() -> Result<()> {
    let swarm = test_swarm();
    let sleeper = Sleeper::default();
    let spawning = tokio::spawn(swarm.spawn(sleeper.clone()).name("sleeper").into_future());
    idle().await;
    let to = swarm.find::<Sleeper>("sleeper").ok_or("not found")?;
    assert_eq!(to.status(), Status::Starting);
    to.tell(()).await?;
    assert_eq!(to.accounting().queued, 1);
    sleeper.0.let_through(1);
    spawning.await??;
    idle().await;
    assert_eq!(to.status(), Status::Idle);
    assert_eq!(to.accounting().handled, 1);
    to.kill();
    idle().await;
    assert_eq!(to.status(), Status::Starting, "the hook of the restart");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_agent_is_busy_while_it_handles_and_idle_after() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).await?;
    assert_eq!(to.status(), Status::Idle);
    to.tell(Task::new(1, Act::Wait)).await?;
    assert_eq!(to.status(), Status::Busy, "in line");
    idle().await;
    assert_eq!(to.status(), Status::Busy, "in hand");
    assert_eq!(swarm.status().count_of(Status::Busy), 1);
    assert_eq!(swarm.status().kinds[0].kind, "Puppet");
    puppet.gate.open();
    idle().await;
    assert_eq!(to.status(), Status::Idle);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_waits_for_its_restart_is_in_error() -> Result<()> {
    let swarm = test_swarm();
    let long = secs(1_000_000);
    let puppet = Puppet::default();
    let to = swarm
        .spawn(puppet.clone())
        .restart_backoff(Backoff::new(long, long))
        .await?;
    // The first restart is immediate.
    for id in 0..2 {
        to.tell(Task::new(id, Act::Fail)).await?;
        idle().await;
    }
    assert_eq!(to.status(), Status::Error);
    to.tell(7).await?;
    tokio::time::sleep(long).await;
    assert_eq!(to.status(), Status::Idle);
    assert_eq!(puppet.done.all(), [7]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_paused_agent_finishes_what_it_has_and_takes_nothing_new() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).await?;
    to.tell(Task::new(1, Act::Wait)).await?;
    to.tell(2).await?;
    idle().await;
    to.pause();
    assert_eq!(to.status(), Status::Maintenance);
    let refused = to.tell(3).await.unwrap_err();
    assert_eq!(refused.refusal, Refusal::Maintenance);
    assert!(refused.is_retryable());
    puppet.gate.open();
    idle().await;
    assert_eq!(puppet.done.all(), [1, 2]);
    assert_eq!(to.status(), Status::Maintenance);
    // Also over a restart.
    to.kill();
    idle().await;
    assert_eq!(to.status(), Status::Maintenance);
    assert!(to.tell(4).await.is_err());
    to.resume();
    assert_eq!(to.ask(5).await?, 5);
    assert_eq!(to.status(), Status::Idle);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stopping_agent_ends_offline() -> Result<()> {
    let swarm = test_swarm();
    let puppet = Puppet::default();
    let to = swarm.spawn(puppet.clone()).name("puppet").await?;
    to.tell(Task::new(1, Act::Wait)).await?;
    idle().await;
    to.stop();
    assert_eq!(to.status(), Status::Stopping);
    // Nothing brings it back.
    to.pause();
    to.resume();
    assert_eq!(to.status(), Status::Stopping);
    assert_eq!(to.tell(2).await.unwrap_err().refusal, Refusal::Closed);
    puppet.gate.open();
    idle().await;
    assert_eq!(to.status(), Status::Offline);
    assert!(!to.kill(), "there is nothing to kill");
    assert!(swarm.agent_status(to.id()).is_none());
    assert!(swarm.find::<Puppet>("puppet").is_none());
    swarm.spawn(puppet).name("puppet").await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_swarm_shows_what_each_agent_does() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm
        .spawn(Puppet::default())
        .name("one")
        .capability("dance")
        .await?;
    to.ask(1).await?;
    let status = swarm.agent_status(to.id()).ok_or("unknown")?;
    assert_eq!(status.name.as_deref(), Some("one"));
    assert_eq!(status.capabilities, ["dance".parse()?]);
    assert_eq!((status.status, status.restarts), (Status::Idle, 0));
    assert_eq!(status.messages.handled, 1);
    assert_eq!(swarm.agents(), [to.id()]);
    assert_eq!(swarm.status().agents, 1);
    Ok(())
}
