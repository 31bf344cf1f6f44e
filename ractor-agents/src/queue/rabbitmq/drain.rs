//! Dead letters, from the oldest on.

use std::time::SystemTime;

use bytes::Bytes;
use lapin::options::BasicGetOptions;

use super::link::Link;
use super::wire::Received;
use crate::queue::{Error, time};

/// Puts up to so many of the dead letters that there are now back into their lines. Those that died of something else than we know stay.
pub(super) async fn redrive(link: &Link, count_max: usize) -> Result<usize, Error> {
    let channel = link.channel().await?;
    let (mut seen, mut count) = (0, 0);
    let there = link.dead().await? as usize;
    while seen < there && count < count_max {
        seen += 1;
        let got = channel.basic_get(link.names.dead(), BasicGetOptions::default());
        let Some(letter) = got.await.map_err(|error| link.lost(error))? else {
            break;
        };
        let Some(received) = Received::read(&letter) else {
            // In the queue again when the channel goes.
            continue;
        };
        let mut head = received.head;
        head.history.revived();
        head.attempts = 0;
        head.leases = head
            .leases
            .saturating_add(received.deliveries.into())
            .saturating_add(1);
        (head.expires, head.due) = (None, None);
        head.enqueued_at = head.enqueued_at.min(time::millis(SystemTime::now()));
        match link.put(&head, &Bytes::from(letter.delivery.data)).await {
            Ok(()) => link.ack_at(&channel, letter.delivery.delivery_tag).await?,
            // The rest has to wait.
            Err(Error::Full(_)) if count > 0 => break,
            Err(error) => return Err(error),
        }
        count += 1;
    }
    Ok(count)
}

/// Drops up to so many dead letters.
pub(super) async fn discard(link: &Link, count_max: usize) -> Result<usize, Error> {
    let there = link.dead().await? as usize;
    if there <= count_max {
        return link.purge(link.names.dead()).await;
    }
    let channel = link.channel().await?;
    let mut count = 0;
    while count < count_max {
        let got = channel.basic_get(link.names.dead(), BasicGetOptions::default());
        let Some(letter) = got.await.map_err(|error| link.lost(error))? else {
            break;
        };
        link.ack_at(&channel, letter.delivery.delivery_tag).await?;
        count += 1;
    }
    Ok(count)
}
