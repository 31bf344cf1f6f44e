//! Who is given a message, and who is not.

mod balance;
mod candidates;
mod chaos;
mod explanations;
mod failover;
mod full;
mod health;
mod keys;
mod nobody;
mod outliers;

use ractor_agents::agent::AgentRef;
use ractor_agents::routing::Router;
use ractor_agents::supervision::{Backoff, Intensity};
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle, secs};

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// So many puppets that do not share anything, able to dance.
async fn dancers(swarm: &Swarm, count: usize) -> Result<Vec<(AgentRef<Puppet>, Puppet)>> {
    let mut dancers = Vec::new();
    for _ in 0..count {
        let puppet = Puppet::default();
        let spawn = swarm.spawn(puppet.clone()).capability("dance@2");
        let spawn = spawn.intensity(Intensity::new(1_000, secs(1)));
        dancers.push((spawn.restart_backoff(Backoff::NONE).await?, puppet));
    }
    Ok(dancers)
}

/// Tells so many tasks that wait at their puppet's gate.
async fn pile_up(router: &Router<Puppet>, count: u64) -> Result {
    for number in 0..count {
        router.tell(Task::new(number, Act::Wait)).await?;
    }
    idle().await;
    Ok(())
}

fn loads(dancers: &[(AgentRef<Puppet>, Puppet)]) -> Vec<u64> {
    let messages = dancers.iter().map(|(agent, _)| agent.accounting());
    messages.map(|messages| messages.accepted).collect()
}
