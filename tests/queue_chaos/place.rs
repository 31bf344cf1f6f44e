//! Where a queue is, and what can happen to it there.

use std::sync::Arc;
#[cfg(any(feature = "redis", feature = "rabbitmq"))]
use std::thread::sleep;

#[cfg(feature = "rabbitmq")]
use ractor_agents::queue::RabbitMq;
#[cfg(feature = "redis")]
use ractor_agents::queue::Redis;
use ractor_agents::queue::{Broker, Embedded};
use tempfile::TempDir;
#[cfg(feature = "rabbitmq")]
use tests::RabbitServer;
#[cfg(feature = "redis")]
use tests::RedisServer;

use crate::Result;
use crate::crew::Crew;

/// A broker of a cell's own, or a queue of its own at one.
pub enum Place {
    Embedded(TempDir),
    #[cfg(feature = "redis")]
    Redis(RedisServer),
    #[cfg(feature = "rabbitmq")]
    RabbitMq(&'static RabbitServer),
}

/// How long a killed server is away besides: its callers are to notice, and it starts within 30 ms.
#[cfg(any(feature = "redis", feature = "rabbitmq"))]
const AWAY: std::time::Duration = tests::ms(200);

/// Takes its time to start. It ends with this process.
#[cfg(feature = "rabbitmq")]
static RABBIT: std::sync::LazyLock<RabbitServer> = std::sync::LazyLock::new(RabbitServer::start);

/// The broker at what [`Place::address`] has given, perhaps to another process.
pub fn broker(address: &str) -> Result<Arc<dyn Broker>> {
    #[cfg(feature = "redis")]
    if address.starts_with("redis:") {
        return Ok(Arc::new(Redis::at(address)?));
    }
    #[cfg(feature = "rabbitmq")]
    if address.starts_with("amqp:") {
        return Ok(Arc::new(RabbitMq::at(address)?));
    }
    Ok(Arc::new(Embedded::in_folder(address)))
}

impl Place {
    pub fn embedded() -> Self {
        Self::Embedded(tempfile::tempdir().expect("a temporary folder"))
    }

    #[cfg(feature = "redis")]
    pub fn redis() -> Self {
        Self::Redis(RedisServer::start())
    }

    #[cfg(feature = "rabbitmq")]
    pub fn rabbitmq() -> Self {
        Self::RabbitMq(&RABBIT)
    }

    pub fn broker(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            #[cfg(feature = "redis")]
            Self::Redis(_) => "Redis",
            #[cfg(feature = "rabbitmq")]
            Self::RabbitMq(_) => "RabbitMQ",
        }
    }

    pub fn address(&self) -> String {
        match self {
            Self::Embedded(folder) => folder.path().display().to_string(),
            #[cfg(feature = "redis")]
            Self::Redis(server) => server.url(),
            #[cfg(feature = "rabbitmq")]
            Self::RabbitMq(server) => server.address(),
        }
    }

    /// Whether there is a server, which others may use besides.
    pub fn is_server(&self) -> bool {
        !matches!(self, Self::Embedded(_))
    }

    /// Kills the server, and starts it again with what it has on disk. There is none where the queue is part of a process.
    pub fn restart(&mut self) {
        match self {
            Self::Embedded(_) => {}
            #[cfg(feature = "redis")]
            Self::Redis(server) => {
                server.kill();
                sleep(AWAY);
                server.start_again();
            }
            #[cfg(feature = "rabbitmq")]
            Self::RabbitMq(server) => {
                server.kill();
                sleep(AWAY);
                server.start_again();
            }
        }
    }

    /// Ends all connections; where there are none, the actors that stand for them: the queue's own, and the agents' couriers. How many it hit;
    /// one, if nobody says.
    pub fn cut(&self, crew: &Crew) -> usize {
        match self {
            Self::Embedded(_) => {
                let tree = crew.swarm.tree();
                let hit = tree.nodes().iter().filter(|node| {
                    let path = node.path.to_string();
                    let is_meant = path.starts_with("queues/") || path.ends_with("-courier");
                    is_meant && node.kill()
                });
                hit.count()
            }
            #[cfg(feature = "redis")]
            Self::Redis(server) => {
                let calls: usize =
                    server.ask(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
                let wakes: usize = server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]);
                calls + wakes
            }
            #[cfg(feature = "rabbitmq")]
            Self::RabbitMq(server) => {
                server.control(&["close_all_connections", "a test of what comes of it"]);
                1
            }
        }
    }
}
