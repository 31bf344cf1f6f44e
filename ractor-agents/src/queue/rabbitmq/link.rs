//! The connections of an open queue: one to publish by, one for the rest, so that a server that takes nothing new in still takes acknowledgements.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::try_join_all;
use futures_util::{StreamExt, stream};
use lapin::message::BasicGetMessage;
use lapin::options::{
    BasicAckOptions, BasicGetOptions, BasicPublishOptions, BasicQosOptions, BasicRejectOptions,
    ConfirmSelectOptions, QueueDeclareOptions, QueuePurgeOptions,
};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::{FieldTable, ShortString};
use lapin::uri::AMQPUri;
use lapin::{Channel, Confirmation, Connection, ConnectionProperties, ErrorKind, Event};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Server;
use super::leases::{Lease, Leases};
use super::names::{Names, RUNGS, rung};
use super::topology::{is_made, make};
use super::wire::Head;
use crate::message::Priority;
use crate::queue::{Bound, BrokerError, Error, Options};

/// How long connecting may take unless the address says otherwise. Source: a guess; three lost packets.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How often it is looked whether a message is back, and how far apart. Source: guesses; twice a slow disk's write.
const SEEN_TRIES: u32 = 10;
const SEEN_PAUSE: Duration = Duration::from_millis(2);

/// What leases and confirmations belong to: two connections and their channels. Whatever fails on one of them ends both.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) names: Names,
    pub(super) options: Options,
    pub(super) leases: Leases,
    publishing: Connection,
    consuming: Connection,
    publisher: Channel,
    /// By priority: one each, so that messages of one line come in order.
    takers: Vec<Channel>,
    looker: Channel,
    broken: watch::Sender<Option<Error>>,
}

impl Link {
    /// Connects, and makes the queues that are not there.
    pub(super) async fn connect(
        at: &Server,
        names: Names,
        options: Options,
        numbers: Arc<AtomicU64>,
    ) -> Result<Self, Error> {
        let limit = at.uri.query.connection_timeout.map(Duration::from_millis);
        let limit = limit.unwrap_or(CONNECT_WITHIN);
        let connecting = timeout(limit, Self::connect_now(&at.uri, names, options, numbers));
        let link = connecting.await.unwrap_or_else(|_| Err(silent(limit)))?;
        let made = async {
            let Some(sought) = &at.sought else {
                return make(&link.consuming, &link.names, &link.options, at.known_after).await;
            };
            // It is as it was made, whatever its bounds.
            if is_made(&link.consuming, &link.names).await? {
                Ok(())
            } else {
                Err(Error::NoSuchQueue(sought.clone()))
            }
        };
        let made = timeout(options.patience, made);
        let made = made.await.unwrap_or_else(|_| Err(silent(options.patience)));
        made.map(|()| link)
    }

    async fn connect_now(
        uri: &AMQPUri,
        names: Names,
        options: Options,
        numbers: Arc<AtomicU64>,
    ) -> Result<Self, Error> {
        let publishing = connection(uri, &names, "publishes").await?;
        let consuming = connection(uri, &names, "consumes").await?;
        let publisher = channel(&publishing).await?;
        let confirmed = publisher.confirm_select(ConfirmSelectOptions::default());
        confirmed.await.map_err(refused)?;
        let looker = channel(&consuming).await?;
        let takers = Priority::ALL.map(|_| channel(&consuming));
        let takers = try_join_all(takers).await?;
        Ok(Self {
            leases: Leases::new(numbers),
            names,
            options,
            publishing,
            consuming,
            publisher,
            takers,
            looker,
            broken: watch::Sender::new(None),
        })
    }

    /// Puts it in its line, and returns when it is on disk there.
    pub(super) async fn put(&self, head: &Head, payload: &Bytes) -> Result<(), Error> {
        let line = self.names.lane(head.priority);
        self.publish("".into(), line, head, payload).await
    }

    /// Puts it where it waits for about `delay` milliseconds, before it is in its line.
    pub(super) async fn put_off(
        &self,
        delay: u64,
        head: &Head,
        payload: &Bytes,
    ) -> Result<(), Error> {
        let rung = rung(delay);
        let head = Head {
            rung: Some(rung),
            ..head.clone()
        };
        let line = self.names.lane(head.priority);
        self.publish(self.names.waits(), line, &head, payload).await
    }

    /// Puts it to the dead letters.
    pub(super) async fn bury(&self, head: &Head, payload: &Bytes) -> Result<(), Error> {
        self.publish("".into(), self.names.dead(), head, payload)
            .await
    }

    async fn publish(
        &self,
        exchange: ShortString,
        key: ShortString,
        head: &Head,
        payload: &Bytes,
    ) -> Result<(), Error> {
        if self.publishing.status().blocked() {
            return Err(Error::NoSpace);
        }
        let options = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let properties = head.properties()?;
        let publisher = &self.publisher;
        let sent = publisher.basic_publish(exchange, key, options, payload, properties);
        let confirmed = sent.await.map_err(|error| self.lost(error))?;
        match confirmed.await.map_err(|error| self.lost(error))? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Nack(_) => Err(Error::Full(Bound::Count {
                max: self.options.count_max,
            })),
            Confirmation::Ack(Some(_)) | Confirmation::NotRequested => {
                let gone = BrokerError::new("a queue is gone from the server");
                self.fail(Error::Disconnected(gone.clone()));
                Err(Error::Disconnected(gone))
            }
        }
    }

    /// The next message of a line.
    pub(super) async fn take(
        &self,
        priority: Priority,
    ) -> Result<Option<(Channel, BasicGetMessage)>, Error> {
        let Some(channel) = self.takers.get(priority.index()) else {
            return Ok(None);
        };
        let got = channel.basic_get(self.names.lane(priority), BasicGetOptions::default());
        let got = got.await.map_err(|error| self.lost(error))?;
        Ok(got.map(|message| (channel.clone(), message)))
    }

    /// Says that it is done with, and returns when the server has read it.
    pub(super) async fn ack(&self, lease: &Lease) -> Result<(), Error> {
        self.ack_at(&lease.channel, lease.tag).await
    }

    pub(super) async fn ack_at(&self, channel: &Channel, tag: u64) -> Result<(), Error> {
        let acked = channel.basic_ack(tag, BasicAckOptions::default()).await;
        acked.map_err(|error| self.lost(error))?;
        self.read(channel).await
    }

    /// Gives it back to its old place, and returns when it is seen there: the server does this later than it reads it.
    pub(super) async fn requeue(&self, lease: &Lease) -> Result<(), Error> {
        let line = self.names.lane(lease.head.priority);
        let before = self.count_there(line.clone()).await?;
        let options = BasicRejectOptions { requeue: true };
        let rejected = lease.channel.basic_reject(lease.tag, options).await;
        rejected.map_err(|error| self.lost(error))?;
        self.read(&lease.channel).await?;
        for _ in 0..SEEN_TRIES {
            // Others take and put as well, so this may be wrong either way; then only the order is.
            if self.count_there(line.clone()).await? > before {
                break;
            }
            sleep(SEEN_PAUSE).await;
        }
        Ok(())
    }

    /// Waits until the server has read everything on a channel: it does in order, and answers this.
    async fn read(&self, channel: &Channel) -> Result<(), Error> {
        let answered = channel.basic_qos(0, BasicQosOptions::default()).await;
        answered.map_err(|error| self.lost(error))
    }

    /// How many messages wait in each line.
    pub(super) async fn ready(&self) -> Result<[u32; Priority::COUNT], Error> {
        let counts = Priority::ALL.map(|priority| self.count_there(self.names.lane(priority)));
        let counts = try_join_all(counts).await?;
        let mut ready = [0; Priority::COUNT];
        ready.copy_from_slice(&counts);
        Ok(ready)
    }

    pub(super) async fn dead(&self) -> Result<u32, Error> {
        self.count_there(self.names.dead()).await
    }

    async fn count_there(&self, queue: ShortString) -> Result<u32, Error> {
        let counted = count(&self.looker, queue).await;
        counted.map_err(|error| self.lost(error))
    }

    /// How many messages wait to be in their lines.
    pub(super) async fn waiting(&self) -> Result<u32, Error> {
        let counts = RUNGS.map(|rung| self.count_there(self.names.wait(rung)));
        Ok(try_join_all(counts).await?.into_iter().sum())
    }

    /// Empties a queue: how many there were.
    pub(super) async fn purge(&self, queue: ShortString) -> Result<usize, Error> {
        let purged = self
            .looker
            .queue_purge(queue, QueuePurgeOptions::default())
            .await;
        purged
            .map(|count| count as usize)
            .map_err(|error| self.lost(error))
    }

    /// A channel for somebody's own use. Whatever it has not acknowledged when it goes is in its queue again.
    pub(super) async fn channel(&self) -> Result<Channel, Error> {
        let channel = self.consuming.create_channel().await;
        channel.map_err(|error| self.lost(error))
    }

    /// Waits until it is of no use any more, and says why.
    pub(super) async fn ended(&self) -> Error {
        let mut broken = self.broken.subscribe();
        let both = [
            self.publishing.events_listener(),
            self.consuming.events_listener(),
        ];
        let mut events = stream::select_all(both.map(StreamExt::boxed));
        if !self.is_up() {
            return Error::Disconnected(BrokerError::new("the connection was lost"));
        }
        loop {
            tokio::select! {
                failed = broken.wait_for(Option::is_some) => {
                    let error = failed.ok().and_then(|error| error.clone());
                    return error.unwrap_or(Error::Closed);
                }
                event = events.next() => match event {
                    // Somebody's own channel may fail.
                    Some(Event::Error(_)) if self.is_up() => {}
                    Some(Event::Error(error)) => return refused(error),
                    Some(Event::ConnectionBlocked(reason)) => tracing::warn!(queue = %self.names, reason, "the server takes nothing in"),
                    Some(Event::ConnectionUnblocked) => tracing::info!(queue = %self.names, "the server takes messages again"),
                    Some(_) => {}
                    None => return Error::Disconnected(BrokerError::new("the connection was lost")),
                },
            }
        }
    }

    fn is_up(&self) -> bool {
        let mut ours = self.takers.iter().chain([&self.publisher, &self.looker]);
        self.publishing.status().connected()
            && self.consuming.status().connected()
            && ours.all(|channel| channel.status().connected())
    }

    /// Something on the connection failed, so nothing can be said of what was on its way.
    pub(super) fn lost(&self, error: lapin::Error) -> Error {
        let unknown = Error::Unknown(BrokerError::new(error.clone()));
        self.fail(refused(error));
        unknown
    }

    fn fail(&self, error: Error) {
        self.broken.send_if_modified(|broken| {
            let is_first = broken.is_none();
            broken.get_or_insert(error);
            is_first
        });
    }

    /// Says goodbye to the server.
    pub(super) async fn close(&self) {
        for connection in [&self.publishing, &self.consuming] {
            // It may be lost already.
            let _ = connection.close(200, "closed".into()).await;
        }
    }
}

async fn connection(uri: &AMQPUri, names: &Names, does: &str) -> Result<Connection, Error> {
    let name = format!("{names} {does}, process {}", std::process::id());
    let properties = ConnectionProperties::default().with_connection_name(name.as_str().into());
    let connected = Connection::connect_uri(uri.clone(), properties).await;
    connected.map_err(refused)
}

pub(super) async fn channel(connection: &Connection) -> Result<Channel, Error> {
    connection.create_channel().await.map_err(refused)
}

fn silent(limit: Duration) -> Error {
    Error::Disconnected(BrokerError::silence(limit))
}

async fn count(channel: &Channel, queue: ShortString) -> Result<u32, lapin::Error> {
    let options = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let declared = channel.queue_declare(queue, options, FieldTable::default());
    Ok(declared.await?.message_count())
}

/// What the driver says, as one of our errors. None of them shows the password.
pub(super) fn refused(error: lapin::Error) -> Error {
    if is(&error, AMQPSoftError::PRECONDITIONFAILED) {
        return Error::Broker(BrokerError::new(OtherArguments(error)));
    }
    match error.kind() {
        ErrorKind::AuthProviderError(_) | ErrorKind::InvalidProtocolVersion(_) => {
            Error::Broker(BrokerError::new(error))
        }
        ErrorKind::ProtocolError(protocol) => match protocol.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => {
                Error::Broker(BrokerError::new(error))
            }
            _ => Error::Disconnected(BrokerError::new(error)),
        },
        _ => Error::Disconnected(BrokerError::new(error)),
    }
}

pub(super) fn is(error: &lapin::Error, wanted: AMQPSoftError) -> bool {
    match error.kind() {
        ErrorKind::ProtocolError(protocol) => *protocol.kind() == AMQPErrorKind::Soft(wanted),
        _ => false,
    }
}

/// A queue is there with other arguments, or a channel was closed for a similar reason.
#[derive(Debug, thiserror::Error)]
#[error(
    "the server refuses: if a queue is there with other bounds, open it with those it was made with, or delete it at the server when it is empty"
)]
struct OtherArguments(#[source] lapin::Error);
