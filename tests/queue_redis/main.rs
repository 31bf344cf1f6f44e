//! Durable queues at Redis, through the public API. The brokers' common suite is in the library; here is what only Redis has: a server that is
//! killed, connections that are lost, settings that are wrong, and several processes at one queue.

mod basics;
mod faults;
mod residue;
mod settings;
mod shared;

use ractor_agents::queue::Redis;
use ractor_agents::queue_conformance;
use ractor_agents::swarm::Swarm;
use tests::{RedisServer, ms};

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

queue_conformance!(conformance: {
    let server = RedisServer::shared();
    (Redis::at(&server.url())?, server)
});

/// Not at all.
const NOW: std::time::Duration = std::time::Duration::ZERO;

/// A swarm whose queues are at that server, and who looks at its settings often.
fn swarm(server: &RedisServer) -> Result<Swarm> {
    let broker = Redis::at(&server.url())?.checked_every(ms(50));
    Ok(Swarm::builder().test().broker(broker).build()?)
}
