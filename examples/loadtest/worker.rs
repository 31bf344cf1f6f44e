//! The agents under load.

use ractor_agents::mailbox::{dedup, retry, ttl};
use ractor_agents::prelude::*;
use ractor_agents::supervision::Backoff;

/// What stands in front of each mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layers {
    /// Nothing.
    None,
    /// Deduplication by content.
    Dedup,
    /// A time to live.
    Ttl,
    /// Deduplication, a time to live, and three attempts with backoff.
    Full,
}

/// Looks at all of a message and answers with its sum.
#[derive(Clone)]
pub struct Worker;

/// A number, so that no two are the same, and a payload.
#[derive(Hash)]
pub struct Work {
    pub number: u64,
    pub payload: Vec<u8>,
}

impl Agent for Worker {
    type Message = Work;
    type Reply = u64;

    async fn handle(&mut self, work: &Work, _ctx: &Context<Self>) -> Result<u64, Failure> {
        let sum: u64 = work.payload.iter().copied().map(u64::from).sum();
        Ok(work.number.wrapping_add(sum))
    }
}

/// Spawns `count` workers behind `layers`.
pub async fn spawn(swarm: &Swarm, count: u32, layers: Layers) -> Result<Vec<AgentRef<Worker>>> {
    const WINDOW: Duration = Duration::from_secs(10);
    let workers = swarm.spawn_many((0..count).map(|_| Worker));
    let dedup = dedup::Layer::by_content(WINDOW);
    let ttl = ttl::Layer::new(Duration::from_secs(30));
    let backoff = Backoff::new(Duration::from_millis(10), Duration::from_secs(1));
    let retry = retry::Layer::attempts(3).backoff(backoff);
    Ok(match layers {
        Layers::None => workers.await?,
        Layers::Dedup => workers.layer(dedup).await?,
        Layers::Ttl => workers.layer(ttl).await?,
        Layers::Full => workers.layer(dedup).layer(ttl).layer(retry).await?,
    })
}
