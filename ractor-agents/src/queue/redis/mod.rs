//! The broker that is a Redis server.
//!
//! ```text
//! enqueue, ack, … ──▶ EVALSHA, many on their way over one connection ──▶ one script per operation, atomic ──▶ append-only file
//! lease ──▶ Line (all who wait in this process) ──▶ the queue's actor asks for all of them at once
//! wake  ◀── PUBLISH, only if somebody waits; else due times that leases are told, else once a second
//! ```
//!
//! # Why not streams?
//! A stream has one order, that of its ids, and one way out, a group's pending list. It cannot give out the first of five priorities, hold a group up
//! until a retry is done, put a message back in its old place, end a time to live in the middle, or count attempts apart from deliveries; and `XACK`
//! asks neither whose lease it is nor whether that has run out. All that needs orders of its own beside the stream, and then the stream is one copy too many. So a queue is
//! hashes and sorted sets, changed by scripts alone: messages and payloads by name, and a sorted set per order (available by
//! priority, delayed, on lease, expiring, dead by reason). One script is one change: the server does nothing in between, and what it changed is in
//! the append-only file as a whole or not at all.
//!
//! - **What is due** (leases that run out, times to live, delays, fingerprints) is done by every script, up to a hundred at a time, and once a second by
//!   the queue's actor. The state holds the next due time, so that a script to which nothing is due pays a comparison.
//! - **Times are the server's**, as scripts see them. A clock that is set forward ends leases early; tokens keep that safe.
//! - **Tokens** are numbers counted in the state; their epoch is new for each run of the server, so that none is given twice even by one that lost
//!   the end of its log.
//! - **Keys** of a queue begin with `ractor-agents:{namespace/name}`, so that they are all in one hash slot. None of them expires.
//! - **Needs** Redis 7.0 or later, one server: a cluster is not asked which of its nodes has the queue, and a replica that takes over lacks what was not copied yet.

mod args;
mod backend;
mod fault;
mod line;
mod link;
mod reply;
mod script;
mod serve;
mod settings;

use std::fmt;
use std::time::Duration;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

use super::broker::Answer;
use super::{Backend, Broker, Error, Name, Options};
use backend::Redis as RedisQueue;

/// Queues at a Redis server, version 7.0 or later. Several processes can serve one of them.
///
/// What is acknowledged is on the server's disk only with `appendonly yes`, `appendfsync always`, `no-appendfsync-on-rewrite no`, and a
/// `maxmemory-policy` of `noeviction` or no `maxmemory`. The server is asked for these settings when a queue is opened and every 30 s from
/// there on; a queue that asks for more than they give refuses to work.
///
/// Messages are in the server's memory: 350 bytes each and what is in them, and 240 bytes for each fingerprint that is remembered, so that 10 million of these are
/// 2.4 GB. If the server has none left, messages are refused with
/// [`Error::NoSpace`] and acknowledgements are taken. If its disk is full, a server with `appendfsync always` ends itself.
///
/// Each open queue has two connections: one for calls, as many at a time as there are callers, up to 4,096; and one on which the server says that
/// something has come.
///
/// # TLS
/// This crate chooses none. A program that depends on `redis` 1 itself, with the feature `tokio-rustls-comp` or
/// `tokio-native-tls-comp`, can use addresses that begin with `rediss://`.
///
/// # Access
/// The user of a queue needs the keys `ractor-agents:*`, the channels `ractor-agents:*`, and the commands `EVALSHA`, `SCRIPT LOAD`, `SUBSCRIBE`, `PUBLISH`, `PING`, `INFO`,
/// `CONFIG GET`, and those of strings, hashes and sorted sets. Without `CONFIG GET` it is not known whether what is acknowledged is on disk, and the queue is taken for
/// [`Buffered`](super::Durability::Buffered).
///
/// # Examples
/// ```no_run
/// use ractor_agents::prelude::*;
/// use ractor_agents::queue::Redis;
///
/// # #[tokio::main]
/// # async fn main() -> Result<()> {
/// let swarm = Swarm::builder().broker(Redis::at("redis://127.0.0.1:6379/0")?).build()?;
/// let invoices = swarm.queue::<String>("invoices").await?;
/// invoices.enqueue(&"No. 17".to_owned()).key("17").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Redis {
    server: Server,
}

/// Where the server is, and how it is treated.
#[derive(Clone)]
struct Server {
    info: ConnectionInfo,
    connections: usize,
    connect_timeout: Duration,
    response_timeout: Duration,
    checked_every: Duration,
    /// The queue that is not made if it is missing.
    sought: Option<Name>,
}

/// Source: guesses; a server that is there connects within milliseconds, and its longest script takes a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Source: a guess; what is lost by a setting that was changed is bounded by it.
const CHECKED_EVERY: Duration = Duration::from_secs(30);

/// Source: a guess; the server does one thing at a time.
const CONNECTIONS_MAX: usize = 64;

/// What the keys of queues begin with, in front of the name in braces.
const PREFIX: &str = "ractor-agents:";

/// The shortest of all these times.
const SHORTEST: Duration = Duration::from_millis(10);

impl Redis {
    /// Queues at the server of this address, `redis://[user][:password@]host[:port][/database]` or `unix:/path`. Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it is no such address.
    pub fn at(url: &str) -> Result<Self, Error> {
        let range = if url.starts_with("rediss:") {
            "such that the program can use it: for `rediss://` it has to depend on `redis` with a feature for TLS"
        } else {
            "`redis://[user][:password@]host[:port][/database]` or `unix:/path`"
        };
        // What is wrong with it is not told: it may hold a password.
        let info = url.into_connection_info().map_err(|_| Error::OutOfRange {
            option: "the address of Redis",
            range,
        })?;
        let settings = info.redis_settings().clone();
        // Only this version has answers and messages over one connection, and says when it has ended.
        let settings = settings.set_protocol(ProtocolVersion::RESP3);
        Ok(Self {
            server: Server {
                info: info.set_redis_settings(settings),
                connections: 1,
                connect_timeout: CONNECT_TIMEOUT,
                response_timeout: RESPONSE_TIMEOUT,
                checked_every: CHECKED_EVERY,
                sought: None,
            },
        })
    }

    /// How many connections each open queue has for its calls, 1 to 64; others become the nearest. More than one help where messages are long: a short answer
    /// waits for the long one before it. Default: 1.
    pub fn connections(mut self, count: usize) -> Self {
        self.server.connections = count.clamp(1, CONNECTIONS_MAX);
        self
    }

    /// How long connecting may take, 10 ms or more. Default: 5 s.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.server.connect_timeout = limit.max(SHORTEST);
        self
    }

    /// How long the server may take to answer, 10 ms or more: then it is taken for lost, and connected to anew. Default: 10 s.
    pub fn response_timeout(mut self, limit: Duration) -> Self {
        self.server.response_timeout = limit.max(SHORTEST);
        self
    }

    /// How often connections and the server's settings are looked at, 10 ms or more. Default: 30 s.
    pub fn checked_every(mut self, pause: Duration) -> Self {
        self.server.checked_every = pause.max(SHORTEST);
        self
    }
}

impl Server {
    fn client(&self) -> redis::RedisResult<Client> {
        Client::open(self.info.clone())
    }

    /// Without user and password.
    fn address(&self) -> String {
        let database = self.info.redis_settings().db();
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) => format!("redis://{host}:{port}/{database}"),
            ConnectionAddr::TcpTls { host, port, .. } => {
                format!("rediss://{host}:{port}/{database}")
            }
            other => format!("{other}/{database}"),
        }
    }
}

impl Broker for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn address(&self) -> String {
        self.server.address()
    }

    fn queue(&self, name: &Name, options: &Options) -> Result<Box<dyn Backend>, Error> {
        Ok(Box::new(RedisQueue::new(
            self.server.clone(),
            name,
            options,
        )))
    }

    fn operate(&self, name: &Name) -> Result<Box<dyn Backend>, Error> {
        let mut there = self.clone();
        there.server.sought = Some(name.clone());
        // What is there is no matter of bounds.
        let options = Options {
            count_max: usize::MAX,
            bytes_max: u64::MAX,
            ..Options::default()
        };
        there.queue(name, &options)
    }

    fn queues(&self) -> Answer<'_, Vec<Name>> {
        Box::pin(link::queues(&self.server))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("address", &self.address())
            .field("connections", &self.server.connections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_nowhere_to_be_seen() {
        let redis = Redis::at("redis://someone:secret@localhost:1234/7").expect("an address");
        assert_eq!(redis.address(), "redis://localhost:1234/7");
        assert!(!format!("{redis:?}").contains("secret"));
        assert!(!format!("{redis:?}").contains("someone"));
        for bad in [
            "",
            "localhost",
            "http://:secret@localhost",
            "redis://:secret@localhost:port",
        ] {
            let error = Redis::at(bad).expect_err("no address");
            assert!(
                !format!("{error} {error:?}").contains("secret"),
                "{error:?}"
            );
        }
    }
}
