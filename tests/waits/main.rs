//! Agents that wait for each other: who is told, and who is not.

mod acyclic;
mod asker;
mod circles;
mod ended;
mod hooks;
mod raced;
mod together;

use ractor_agents::agent::AgentRef;
use ractor_agents::swarm::Swarm;

use asker::{Asker, Outcome};

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// So many that know each other.
async fn askers(swarm: &Swarm, count: usize) -> Result<(Vec<AgentRef<Asker>>, Asker)> {
    let asker = Asker::default();
    let mut askers = Vec::new();
    for _ in 0..count {
        askers.push(swarm.spawn(asker.clone()).await?);
    }
    asker.meet(&askers);
    Ok((askers, asker))
}
