//! What a method returns, and what of it is the asker's business.

use std::num::ParseIntError;

use ractor_agents::agent::{self, AskError};
use ractor_agents::prelude::*;

#[derive(Clone, Default)]
struct Calculator {
    sum: i64,
}

#[agent]
impl Calculator {
    #[message]
    fn parse(&mut self, text: &str) -> Result<i64, ParseIntError> {
        self.sum += text.parse::<i64>()?;
        Ok(self.sum)
    }

    #[message]
    fn parse_boxed(&mut self, text: &str) -> Result<i64> {
        Ok(text.parse()?)
    }

    #[message]
    async fn divide(&mut self, by: i64) -> std::result::Result<i64, agent::Failure> {
        self.sum = self
            .sum
            .checked_div(by)
            .ok_or_else(|| Failure::new("no such quotient"))?;
        Ok(self.sum)
    }

    #[message]
    fn check(&self, limit: i64) -> Result<(), Failure> {
        if self.sum > limit {
            Err(Failure::new("too much").without_restart())
        } else {
            Ok(())
        }
    }

    #[message(Attempt)]
    fn fails_before(&mut self, attempt: u16, ctx: &Context<Self>) -> Result<Option<u16>, Failure> {
        if ctx.attempt() < Some(attempt) {
            Err(Failure::new("not yet"))
        } else {
            Ok(ctx.attempt())
        }
    }

    #[message]
    fn nothing(&self) {}
}

#[tokio::test]
async fn an_error_in_the_reply_restarts_nobody() -> Result<()> {
    let swarm = Swarm::local();
    let calculator = swarm.spawn(Calculator::default()).await?;
    assert_eq!(calculator.ask(Parse { text: "12".into() }).await?, Ok(12));
    assert!(
        calculator
            .ask(Parse {
                text: "twelve".into()
            })
            .await?
            .is_err()
    );
    assert!(
        calculator
            .ask(ParseBoxed {
                text: "twelve".into()
            })
            .await?
            .is_err()
    );
    assert_eq!(
        calculator.ask(Parse { text: "1".into() }).await?,
        Ok(13),
        "the state is still there"
    );
    assert_eq!(calculator.restarts(), 0);
    Ok(())
}

#[tokio::test]
async fn a_failure_ends_the_attempt_and_restarts_the_agent() -> Result<()> {
    let swarm = Swarm::local();
    let calculator = swarm.spawn(Calculator { sum: 40 }).await?;
    assert_eq!(calculator.ask(Divide { by: 2 }).await?, 20);
    let error = calculator.ask(Divide { by: 0 }).await.unwrap_err();
    assert!(
        matches!(error, AskError::Failed { attempts: 1, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("no such quotient"), "{error}");
    assert_eq!(
        calculator.ask(Divide { by: 2 }).await?,
        20,
        "fresh after the restart"
    );
    assert_eq!(calculator.restarts(), 1);
    Ok(())
}

#[tokio::test]
async fn a_failure_may_leave_the_agent_as_it_is() -> Result<()> {
    let swarm = Swarm::local();
    let calculator = swarm.spawn(Calculator { sum: 40 }).await?;
    let () = calculator.ask(Check { limit: 40 }).await?;
    let error = calculator.ask(Check { limit: 39 }).await.unwrap_err();
    assert!(matches!(error, AskError::Failed { .. }), "{error}");
    assert_eq!(calculator.restarts(), 0);
    Ok(())
}

#[tokio::test]
async fn a_further_attempt_finds_the_message_whole() -> Result<()> {
    let swarm = Swarm::local();
    let calculator = swarm.spawn(Calculator::default()).attempts(3).await?;
    assert_eq!(calculator.ask(Attempt { attempt: 3 }).await?, Some(3));
    assert_eq!(calculator.restarts(), 2);
    Ok(())
}

#[tokio::test]
async fn a_method_that_returns_nothing_is_answered_all_the_same() -> Result<()> {
    let swarm = Swarm::local();
    let calculator = swarm.spawn(Calculator::default()).await?;
    let () = calculator.ask(Nothing).await?;
    Ok(())
}
