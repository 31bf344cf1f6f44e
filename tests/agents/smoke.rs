//! The shortest programs.

use ractor_agents::agent::{AskError, Status};
use ractor_agents::prelude::*;

async fn greeter(name: String) -> String {
    format!("Hello, {name}!")
}

#[derive(Clone, Default)]
struct Counter(u64);

impl Agent for Counter {
    type Message = u64;
    type Reply = u64;

    async fn handle(&mut self, by: &u64, _ctx: &Context<Self>) -> Result<u64, Failure> {
        if *by == 13 {
            return Err(Failure::new("unlucky"));
        }
        if *by == 99 {
            std::future::pending::<()>().await;
        }
        assert_ne!(*by, 666, "beast");
        self.0 += by;
        Ok(self.0)
    }
}

#[tokio::test]
async fn a_function_answers() -> Result<()> {
    let swarm = Swarm::local();
    let greeter = swarm.spawn(greeter).await?;
    assert_eq!(greeter.ask("World").await?, "Hello, World!");
    assert_eq!(greeter.status(), Status::Idle);
    let report = swarm.shutdown(Duration::from_secs(1)).await;
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(report.messages.handled, 1);
    assert_eq!(swarm.status().agents, 0);
    Ok(())
}

#[tokio::test]
async fn a_failure_restarts_the_agent_and_keeps_the_rest_in_line() -> Result<()> {
    let swarm = Swarm::local();
    let counter = swarm.spawn(Counter::default()).await?;
    counter.tell(5_u64).await?;
    let failing = counter.ask(13_u64);
    let error = failing.await.unwrap_err();
    assert!(
        matches!(error, AskError::Failed { attempts: 1, .. }),
        "{error}"
    );
    assert_eq!(counter.ask(3_u64).await?, 3, "fresh after the restart");
    let error = counter.ask(666_u64).await.unwrap_err();
    assert!(
        matches!(error, AskError::Failed { attempts: 1, .. }),
        "{error}"
    );
    assert_eq!(counter.ask(4_u64).await?, 4);
    assert_eq!(counter.restarts(), 2);
    let messages = swarm.status().messages;
    assert!(messages.balances(), "{messages:?}");
    assert_eq!(
        (messages.accepted, messages.handled, messages.failed),
        (5, 3, 2)
    );
    assert_eq!(swarm.dead_letters().total(), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_hanging_handler_is_killed_at_its_deadline() -> Result<()> {
    let swarm = Swarm::builder().test().build()?;
    let counter = swarm
        .spawn(Counter::default())
        .deadline(Duration::from_secs(2))
        .await?;
    let begun = tokio::time::Instant::now();
    let error = counter.ask(99_u64).await.unwrap_err();
    assert!(matches!(error, AskError::Timeout { .. }), "{error}");
    let took = begun.elapsed();
    assert!(
        took >= Duration::from_secs(2) && took < Duration::from_millis(2100),
        "{took:?}"
    );
    assert_eq!(counter.ask(4_u64).await?, 4);
    assert_eq!(counter.restarts(), 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_impatient_asker_cancels_the_work() -> Result<()> {
    let swarm = Swarm::builder().test().build()?;
    let counter = swarm.spawn(Counter::default()).await?;
    let error = counter
        .ask(99_u64)
        .patience(Duration::from_millis(500))
        .await
        .unwrap_err();
    assert!(matches!(error, AskError::Timeout { .. }), "{error}");
    assert_eq!(counter.ask(4_u64).await?, 4);
    let messages = counter.accounting();
    assert!(messages.balances(), "{messages:?}");
    assert_eq!((messages.handled, messages.cancelled), (1, 1));
    Ok(())
}
