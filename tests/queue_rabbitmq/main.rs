//! Durable queues at a RabbitMQ server, which the tests start themselves.

mod broker;
mod lost;

use std::sync::LazyLock;
use std::time::Duration;

use ractor_agents::queue::{Backoff, MessageId, Options, RabbitMq};
use ractor_agents::queue_conformance;
use ractor_agents::swarm::Swarm;
use tests::RabbitServer;

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// Not at all.
const NOW: Duration = Duration::ZERO;

/// The server of all tests that leave it alone. It ends with this process.
static SERVER: LazyLock<RabbitServer> = LazyLock::new(RabbitServer::start);

queue_conformance!(rabbitmq: shared()?);

/// The server that nobody kills, so that nobody has to wait until it knows its queues for good.
fn shared() -> Result<RabbitMq> {
    Ok(RabbitMq::at(&SERVER.address())?.known_after(NOW))
}

/// A swarm whose queues are at the server. Time is real: the server's is.
fn swarm() -> Result<Swarm> {
    Ok(Swarm::builder().test().broker(shared()?).build()?)
}

/// The same, at a server that may be killed.
fn swarm_at(server: &RabbitServer) -> Result<Swarm> {
    let broker = RabbitMq::at(&server.address())?;
    Ok(Swarm::builder().test().broker(broker).build()?)
}

/// A name that no other test has.
fn name() -> String {
    format!("{}/queue", MessageId::random())
}

/// Retries that are due soon.
fn soon() -> Options {
    let (base, cap) = (Duration::from_millis(10), Duration::from_millis(40));
    Options {
        backoff: Backoff { base, cap },
        ..Options::default()
    }
}
