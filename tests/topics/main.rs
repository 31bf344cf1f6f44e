//! Who hears of what is published, and who answers what is sent to many.

mod full;
mod matching;
mod names;
mod past;
mod scatter;
mod scatter_ends;
mod subscriptions;

use ractor_agents::agent::AgentRef;
use ractor_agents::mailbox::Overflow;
use ractor_agents::routing::topic::Published;
use ractor_agents::swarm::Swarm;
use tests::{Act, Puppet, Task, idle};

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// A puppet and its address.
async fn puppet(swarm: &Swarm) -> Result<(AgentRef<Puppet>, Puppet)> {
    let puppet = Puppet::default();
    Ok((swarm.spawn(puppet.clone()).await?, puppet))
}

/// A puppet that waits at its gate, with a lane of one message that is taken.
async fn full(swarm: &Swarm, overflow: Overflow) -> Result<(AgentRef<Puppet>, Puppet)> {
    let puppet = Puppet::default();
    let spawn = swarm.spawn(puppet.clone()).depth(1).overflow(overflow);
    let agent = spawn.await?;
    for number in [1_001, 1_002] {
        agent.tell(Task::new(number, Act::Wait)).await?;
        idle().await;
    }
    Ok((agent, puppet))
}

const fn published(delivered: usize, skipped: usize) -> Published {
    Published { delivered, skipped }
}
