//! Making the queues of a queue.

use std::time::Duration;

use futures_util::future::try_join_all;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::protocol::AMQPSoftError;
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, ExchangeKind};
use tokio::time::sleep;

use super::link::{channel, is, refused};
use super::names::{Names, RUNGS, dead_arguments, rung_arguments, wait_arguments};
use crate::message::Priority;
use crate::queue::{Error, Options};

/// Makes what is not there, and checks that what is there is as it would be made. That all was made, and is known for good, is told by an exchange, which is made
/// last.
pub(super) async fn make(
    connection: &Connection,
    names: &Names,
    options: &Options,
    known_after: Duration,
) -> Result<(), Error> {
    let is_new = !is_made(connection, names).await?;
    let lines = Priority::ALL.map(|priority| (names.lane(priority), names.lane_arguments(options)));
    let waits = RUNGS.map(|rung| (names.wait(rung), wait_arguments(rung)));
    let dead = [(names.dead(), dead_arguments(options))];
    let declared = lines.into_iter().chain(waits).chain(dead);
    let declared = declared.map(|(name, arguments)| async move {
        // Each by a channel of its own: the server makes them side by side.
        let channel = channel(connection).await?;
        declare(&channel, name, arguments).await
    });
    try_join_all(declared).await?;
    let channel = channel(connection).await?;
    exchange(&channel, names.waits(), ExchangeKind::Headers).await?;
    for rung in RUNGS {
        let binding = QueueBindOptions::default();
        let arguments = rung_arguments(rung);
        let bound = channel.queue_bind(
            names.wait(rung),
            names.waits(),
            "".into(),
            binding,
            arguments,
        );
        bound.await.map_err(refused)?;
    }
    if is_new {
        sleep(known_after).await;
        exchange(&channel, names.made(), ExchangeKind::Fanout).await?;
    }
    Ok(())
}

/// Whether all was made.
pub(super) async fn is_made(connection: &Connection, names: &Names) -> Result<bool, Error> {
    let passive = ExchangeDeclareOptions {
        passive: true,
        ..ExchangeDeclareOptions::default()
    };
    // If it is missing, that costs the channel that asks for it.
    let channel = channel(connection).await?;
    let none = FieldTable::default();
    let found = channel.exchange_declare(names.made(), ExchangeKind::Fanout, passive, none);
    match found.await {
        Ok(()) => Ok(true),
        Err(error) if is(&error, AMQPSoftError::NOTFOUND) => Ok(false),
        Err(error) => Err(refused(error)),
    }
}

async fn declare(channel: &Channel, name: ShortString, arguments: FieldTable) -> Result<(), Error> {
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let declared = channel.queue_declare(name, options, arguments).await;
    declared.map(drop).map_err(refused)
}

async fn exchange(channel: &Channel, name: ShortString, kind: ExchangeKind) -> Result<(), Error> {
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let declared = channel.exchange_declare(name, kind, durable, FieldTable::default());
    declared.await.map_err(refused)
}
