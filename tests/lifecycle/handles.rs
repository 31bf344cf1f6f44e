//! Handles, addresses, and who keeps whom alive.

use ractor_agents::agent::{AskError, Status};
use ractor_agents::mailbox::Refusal;
use ractor_agents::prelude::*;
use tests::{Act, Puppet, Task, idle, secs, test_swarm};
use tokio::runtime::Handle;

#[tokio::test(start_paused = true)]
async fn an_address_outlives_its_swarm_and_refuses() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm.spawn(Puppet::default()).await?;
    let asked = to.ask(Task::new(1, Act::Hang));
    let end = async {
        idle().await;
        drop(swarm);
    };
    let (answer, ()) = tokio::join!(asked, end);
    assert!(
        matches!(answer, Err(AskError::Stopped { .. })),
        "{answer:?}"
    );
    assert_eq!(to.status(), Status::Offline);
    let refused = to.tell(2).await.unwrap_err();
    assert_eq!(refused.refusal, Refusal::Closed);
    assert_eq!(refused.into_message(), Task::note(2));
    let AskError::Refused(refused) = to.ask(3).await.unwrap_err() else {
        return Err("accepted".into());
    };
    assert_eq!(refused.refusal, Refusal::Closed);
    assert!(!to.kill());
    to.stop();
    to.pause();
    to.resume();
    assert_eq!(to.status(), Status::Offline);
    assert!(to.accounting().balances(), "{:?}", to.accounting());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_ends_everything() -> Result<()> {
    let before = Handle::current().metrics().num_alive_tasks();
    let swarm = test_swarm();
    let clone = swarm.clone();
    let agents = swarm.spawn_many((0..20).map(|_| Puppet::default())).await?;
    for to in &agents {
        to.tell(Task::new(1, Act::Hang)).await?;
    }
    idle().await;
    drop(swarm);
    assert_eq!(agents[0].status(), Status::Busy, "there is another handle");
    drop(clone);
    idle().await;
    let after = Handle::current().metrics().num_alive_tasks();
    assert_eq!(after, before, "tasks are left behind");
    for to in &agents {
        assert_eq!(to.status(), Status::Offline);
        let messages = to.accounting();
        assert!(
            messages.balances() && messages.in_flight == 0,
            "{messages:?}"
        );
    }
    Ok(())
}

/// Every kind of runtime that a swarm may have, dropped where a runtime may not be dropped.
#[tokio::test]
async fn dropping_the_last_handle_inside_async_code_does_not_panic() -> Result<()> {
    let own = std::thread::spawn(Swarm::local)
        .join()
        .map_err(|_| "panicked")?;
    for swarm in [Swarm::local(), own] {
        let to = swarm.spawn(Puppet::default()).await?;
        let blocking = swarm.spawn(Puppet::default()).blocking().await?;
        assert_eq!(to.ask(1).await? + blocking.ask(2).await?, 3);
        blocking.tell(Task::new(3, Act::Hang)).await?;
        drop(swarm);
        assert_eq!(to.status(), Status::Offline);
        assert_eq!(blocking.status(), Status::Offline);
    }
    Ok(())
}

#[test]
fn a_swarm_may_be_made_and_dropped_outside_of_any_runtime() {
    let swarm = Swarm::local();
    drop(swarm);
}

/// Stops its own swarm, as the last who knows of it.
#[derive(Clone)]
struct Keeper;

impl Agent for Keeper {
    type Message = ();
    type Reply = usize;

    async fn handle(&mut self, (): &(), ctx: &Context<Self>) -> Result<usize, Failure> {
        Ok(ctx.swarm().status().agents)
    }
}

#[tokio::test(start_paused = true)]
async fn agents_do_not_keep_their_swarm_alive() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm.spawn(Keeper).await?;
    assert_eq!(to.ask(()).await?, 1);
    drop(swarm);
    assert_eq!(to.status(), Status::Offline);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_swarms_do_not_know_each_other() -> Result<()> {
    let (here, there) = (test_swarm(), test_swarm());
    let first = here.spawn(Puppet::default()).name("puppet").await?;
    let second = there.spawn(Puppet::default()).name("puppet").await?;
    first.ask(1).await?;
    here.shutdown(secs(1)).await;
    assert_eq!(second.ask(2).await?, 2);
    assert_eq!(there.status().messages.handled, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_address_is_valid_over_restarts_and_its_actor_changes() -> Result<()> {
    let swarm = test_swarm();
    let to = swarm.spawn(Puppet::default()).await?;
    let first = to.actor().ok_or("no actor")?;
    to.kill();
    idle().await;
    assert_eq!(to.ask(1).await?, 1);
    let second = to.actor().ok_or("no actor")?;
    assert_ne!(first.get_id(), second.get_id());
    assert_eq!(first.get_status(), ractor::ActorStatus::Stopped);
    Ok(())
}
