//! From the spool to the broker.

use std::time::Duration;

use tokio::time::sleep;

use super::backend::Spooled;
use super::entry::unwrap;
use crate::queue::broker::{Leased, Settlement};
use crate::queue::{Ability, BrokerError, Error};

/// How many messages are taken out of the spool at a time. Source: a guess; few enough that a lost broker leaves few to give back.
const AT_A_TIME: usize = 64;

/// How long a broker without room is left alone. Source: a guess.
const FULL: Duration = Duration::from_millis(100);

/// Brings messages over in their order, for as long as the broker takes them. Returns why it does not any more.
pub(super) async fn forward(queue: &Spooled) -> Error {
    loop {
        match bring(queue).await {
            Ok(0) => match queue.look().await {
                Ok(true) => queue.came.notified().await,
                // Somebody is just giving it back.
                Ok(false) => sleep(FULL).await,
                Err(lost) => return lost,
            },
            Ok(_) => {}
            Err(Error::Full(_) | Error::NoSpace) => sleep(FULL).await,
            Err(lost) => return lost,
        }
    }
}

/// Brings some over; how many there were.
async fn bring(queue: &Spooled) -> Result<usize, Error> {
    let leased = queue.spool.lease(AT_A_TIME, Duration::ZERO).await?;
    let count = leased.len();
    let mut rest = leased.into_iter();
    while let Some(next) = rest.next() {
        let token = next.token;
        if let Err(error) = bring_one(queue, next).await {
            // Last first: each is put before those that came after it.
            for left in rest.rev().map(|left| left.token).chain([token]) {
                queue.spool.settle(left, Settlement::Release).await?;
            }
            return Err(error);
        }
    }
    Ok(count)
}

async fn bring_one(queue: &Spooled, leased: Leased) -> Result<(), Error> {
    let token = leased.token;
    let brought = match unwrap(&leased.payload, queue.has(Ability::Dedup)) {
        Ok(entry) => queue.to.enqueue(vec![entry]).await.map(drop),
        Err(error) => Err(Error::Corrupted(BrokerError::new(error))),
    };
    let settlement = match brought {
        Ok(()) => Settlement::Ack,
        Err(error) if error.is_retryable() => return Err(error),
        Err(error) => {
            tracing::error!(queue = %queue.name, message = %token.id, %error, "the broker never takes it: a dead letter of the spool");
            let why = error.to_string().into();
            Settlement::DeadLetter { why }
        }
    };
    queue.spool.settle(token, settlement).await?;
    Ok(())
}
