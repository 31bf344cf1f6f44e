//! Budgets that travel with messages.

mod hops;
mod inheritance;
mod time;
mod units;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ractor_agents::agent::{Agent, AgentRef, AskError, Context, Failure};
use ractor_agents::budget::{BudgetExhausted, Exhausted, Purse};
use ractor_agents::mailbox::Refusal;
use ractor_agents::supervision::Intensity;
use ractor_agents::swarm::Swarm;
use tests::secs;

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// An agent that does whatever its message says.
#[derive(Clone)]
struct Actor;

/// What an [`Actor`] is to do.
#[derive(Clone)]
struct Job(Arc<Does>);

type Does = dyn for<'a> Fn(&'a Context<Actor>) -> Work<'a> + Send + Sync;

type Work<'a> = Pin<Box<dyn Future<Output = std::result::Result<u64, Failure>> + Send + 'a>>;

fn job(work: impl for<'a> Fn(&'a Context<Actor>) -> Work<'a> + Send + Sync + 'static) -> Job {
    Job(Arc::new(work))
}

/// Says how many hops are left; `u64::MAX` where there is no budget.
fn hops() -> Job {
    job(|ctx| Box::pin(async { Ok(hops_of(ctx.budget())) }))
}

fn hops_of(budget: Option<Purse>) -> u64 {
    budget.map_or(u64::MAX, |budget| budget.hops().into())
}

fn take(time: Duration) -> Job {
    job(move |_| {
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Ok(0)
        })
    })
}

fn hang() -> Job {
    job(|_| Box::pin(std::future::pending()))
}

impl Agent for Actor {
    type Message = Job;
    type Reply = u64;

    async fn handle(
        &mut self,
        job: &Job,
        ctx: &Context<Self>,
    ) -> std::result::Result<u64, Failure> {
        (job.0)(ctx).await
    }
}

async fn actor(swarm: &Swarm) -> Result<AgentRef<Actor>> {
    Ok(swarm.spawn(Actor).await?)
}

/// One that is given up at its first failure.
async fn fragile(swarm: &Swarm) -> Result<AgentRef<Actor>> {
    let spawn = swarm.spawn(Actor).intensity(Intensity::new(0, secs(1)));
    Ok(spawn.await?)
}

/// What an ask was refused for, or failed with.
fn exhausted<T, M>(asked: std::result::Result<T, AskError<M>>) -> Result<BudgetExhausted> {
    match asked {
        Ok(_) => Err("there was an answer".into()),
        Err(AskError::BudgetExhausted { exhausted, .. }) => Ok(*exhausted),
        Err(AskError::Refused(refused)) => refusal(&refused.refusal),
        Err(error) => Err(format!("another error: {error}").into()),
    }
}

fn refusal(refusal: &Refusal) -> Result<BudgetExhausted> {
    match refusal {
        Refusal::BudgetExhausted(exhausted) => Ok((**exhausted).clone()),
        other => Err(format!("another refusal: {other}").into()),
    }
}

fn deadline<A: Agent>(path: &[&AgentRef<A>]) -> BudgetExhausted {
    BudgetExhausted {
        which: Exhausted::Deadline,
        path: path.iter().map(|agent| agent.id()).collect(),
    }
}
