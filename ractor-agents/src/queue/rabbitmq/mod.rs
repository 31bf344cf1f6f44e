//! The broker at a `RabbitMQ` server: quorum queues, publisher confirms, manual acknowledgements.
//!
//! ```text
//! namespace/name.critical … .low   one quorum queue per priority
//! namespace/name.dead              the dead letters
//! namespace/name.wait-25 … -1638400   what is delayed: each lets a message go after so many milliseconds, back into the line it is for
//! ```
//!
//! A message is taken with `basic.get`, as many as were asked for and no more: nobody's buffer keeps it from others, and none loses attempts in one.
//! Which line is next is decided by how many messages wait in each, so priorities can be shared fairly. What changes a message, such as a failed
//! attempt, is a copy: published and confirmed first, then the original is acknowledged. A process or server that dies in between leaves two, never none.

mod backend;
mod drain;
mod fetch;
mod jobs;
mod lanes;
mod leases;
mod link;
mod names;
mod settle;
mod topology;
mod wire;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lapin::uri::AMQPUri;

use super::{Backend, Broker, Error, Name, Options};
use backend::RabbitMq as RabbitMqQueue;

/// Which broker, in errors.
const KIND: &str = "rabbitmq";

/// A heartbeat every so many seconds, unless the address says otherwise: a server or a process that is frozen is noticed after two. Source: that leases are renewed every 10 s.
const HEARTBEAT: u16 = 10;

/// Source: Erlang's `disk_log`, in which the server keeps what queues there are, writes what it has after 2 s at the latest.
const KNOWN_AFTER: Duration = Duration::from_millis(2_500);

/// Queues at a `RabbitMQ` server, 3.10 or later, for any number of processes.
///
/// Messages are on disk at a majority of the server's nodes when enqueueing is answered. What differs from other brokers, besides what its
/// [`Guarantees`](super::Guarantees) lack:
///
/// - **An acknowledgement** is answered when the server has read it: if the server dies before its next write to disk, the message may be delivered again. What moves a message,
///   such as a failed attempt, copies it first: a server or process that dies in between leaves it twice, never not at all.
/// - **Attempts** are those that failed by a word, and every delivery that came to nothing without one: a lost connection, a lease that ran out, a message that was given
///   back. Of several that are given back, the first to be so is the first again.
/// - **A lease** ends with the connection, within about 30 s if that is merely silent. One that is held for longer than the server's `consumer_timeout`, 30 min unless set
///   otherwise, may end the connection, and with it all others of this process: raise that for long work.
/// - **A delay** is up to a quarter too long, 25 ms at least, and longer while its line is full: the server then looks again minutes later. Processes' clocks have to agree.
/// - **A time to live** is looked at when the message is about to be leased.
/// - **Bounds** are the server's, for each priority on its own, for messages in line only, and noticed a few messages late; [`Full`](Error::Full) names the count whichever it was. A
///   queue that is there keeps those it was made with, and is not opened with others.
/// - **A new queue** is left alone for [2.5 s](Self::known_after) when it is made.
/// - **Duplicates**: a message with a key is refused, so one that is enqueued again after [`Unknown`](Error::Unknown) may be there twice.
///
/// # Examples
/// ```no_run
/// use ractor_agents::prelude::*;
/// use ractor_agents::queue::RabbitMq;
///
/// # async fn invoices() -> Result<()> {
/// let broker = RabbitMq::at("amqp://user:password@localhost:5672/%2f")?;
/// let swarm = Swarm::builder().broker(broker).build()?;
/// let invoices = swarm.queue::<String>("invoices").await?;
/// invoices.enqueue(&"No. 17".to_owned()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct RabbitMq {
    at: Server,
}

/// Which server, and what is known of it.
#[derive(Clone)]
struct Server {
    uri: AMQPUri,
    known_after: Duration,
    /// The queue that is not made if it is missing.
    sought: Option<Name>,
}

impl RabbitMq {
    /// At this address: `amqp://user:password@host:port/vhost`, with the virtual host percent-encoded (`%2f` is the default one, `/`). `?heartbeat=` and
    /// `connection_timeout=` are taken, in seconds and milliseconds; by default 10 s and 10 s. `amqps://` needs a feature of the `lapin` crate that brings TLS.
    ///
    /// # Errors
    /// [`Error::OutOfRange`] if it is none.
    pub fn at(address: &str) -> Result<Self, Error> {
        // What is wrong with it is not said: it could show the password.
        let mut uri = AMQPUri::from_str(address).map_err(|_| Error::OutOfRange {
            option: "the address of RabbitMQ",
            range: "amqp://user:password@host:port/vhost",
        })?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let known_after = KNOWN_AFTER;
        Ok(Self {
            at: Server {
                uri,
                known_after,
                sought: None,
            },
        })
    }

    /// How long a queue that was just made is left alone before anything is put into it. Until then a lone server that is killed forgets that there is such a queue, and with
    /// it what is in it. Zero is right where other nodes of a cluster know it too. Default: 2.5 s.
    pub fn known_after(mut self, wait: Duration) -> Self {
        self.at.known_after = wait;
        self
    }
}

impl Broker for RabbitMq {
    fn name(&self) -> &'static str {
        KIND
    }

    fn address(&self) -> String {
        let AMQPUri {
            scheme,
            authority,
            vhost,
            ..
        } = &self.at.uri;
        format!("{scheme}://{}:{}/{vhost}", authority.host, authority.port)
    }

    fn queue(&self, name: &Name, options: &Options) -> Result<Box<dyn Backend>, Error> {
        if options.dedup.by_content {
            return Err(unsupported("tell duplicates by their content"));
        }
        Ok(Box::new(RabbitMqQueue::new(self.at.clone(), name, options)))
    }

    fn operate(&self, name: &Name) -> Result<Box<dyn Backend>, Error> {
        let mut there = self.clone();
        there.at.sought = Some(name.clone());
        there.queue(name, &Options::default())
    }
}

impl fmt::Debug for RabbitMq {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RabbitMq").field(&self.address()).finish()
    }
}

fn unsupported(operation: &'static str) -> Error {
    Error::Unsupported {
        broker: KIND,
        operation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let broker =
            RabbitMq::at("amqp://me:secret@example.org:5673/team%2fone").expect("an address");
        assert_eq!(broker.address(), "amqp://example.org:5673/team/one");
        assert!(!format!("{broker:?}").contains("secret"), "{broker:?}");
        for bad in [
            "",
            "amqp://me:secret@:x/",
            "http://me:secret@example.org",
            "localhost",
        ] {
            let error = RabbitMq::at(bad).expect_err(bad).to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn dedup_by_content_is_refused() {
        let broker = RabbitMq::at("amqp://localhost").expect("an address");
        let name = "reviews".parse().expect("a name");
        let dedup = crate::queue::Dedup {
            by_content: true,
            ..crate::queue::Dedup::default()
        };
        let options = Options {
            dedup,
            ..Options::default()
        };
        let refused = broker.queue(&name, &options).map(drop);
        assert!(
            matches!(refused, Err(Error::Unsupported { .. })),
            "{refused:?}"
        );
    }
}
