//! Hooks wait like handlers.

use ractor_agents::agent::{Agent, AgentRef, AskError, Context, Failure};
use tests::{ms, test_swarm};
use tokio::time::timeout;

/// Asks who has the name of the message; whether it would wait for itself by that.
#[derive(Clone)]
struct Friend;

impl Agent for Friend {
    type Message = String;
    type Reply = bool;

    async fn handle(&mut self, name: &String, ctx: &Context<Self>) -> Result<bool, Failure> {
        let latecomer: AgentRef<Latecomer> = ctx.swarm().find(name).expect("it is starting");
        let asked = latecomer.ask(()).await;
        Ok(matches!(asked, Err(AskError::Deadlock { .. })))
    }
}

/// Asks a friend before it takes messages.
#[derive(Clone)]
struct Latecomer {
    friend: AgentRef<Friend>,
    is_told: bool,
}

impl Agent for Latecomer {
    type Message = ();
    type Reply = bool;

    async fn on_start(&mut self, _: &Context<Self>) -> Result<(), Failure> {
        let asked = self.friend.ask("latecomer".to_owned()).await;
        self.is_told = asked.is_ok_and(|is_told| is_told);
        Ok(())
    }

    async fn handle(&mut self, (): &(), _: &Context<Self>) -> Result<bool, Failure> {
        Ok(self.is_told)
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_an_agent_whose_start_waits_for_it_is_told() -> crate::Result {
    let swarm = test_swarm();
    let latecomer = Latecomer {
        friend: swarm.spawn(Friend).await?,
        is_told: false,
    };
    let spawn = swarm.spawn(latecomer).name("latecomer").into_future();
    let latecomer = timeout(ms(40), spawn).await??;
    assert!(latecomer.ask(()).await?);
    Ok(())
}
