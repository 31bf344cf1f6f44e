//! A process that only helps: it inspects files, and another one writes the report.

use std::time::Duration;

use ractor_agents::prelude::*;
use ractor_agents::swarm::Swarm;
use tokio::time::sleep;

use super::inspector;
use super::place::Place;
use super::queues::{Queues, Taken};
use crate::chaos;
use crate::team::{END_WITHIN, Order};

/// How often it is looked whether the audit is over. Source: a guess.
const LOOK: Duration = Duration::from_secs(1);

/// Inspects files for whoever writes the report, from when there is an audit at `place` until there is none any more. The audited
/// folder has to be there under the same path.
///
/// # Errors
/// [`Taken`], where the place is no server's or cannot be used.
pub async fn work(order: &Order, place: Place) -> Result<()> {
    if place.folder.is_some() {
        let place = place.broker.address();
        return Err(Taken::Alone { place }.into());
    }
    let swarm = Swarm::builder().build()?;
    let queues = Queues::open(&swarm, &place, order.attempts()).await?;
    let inspectors = inspector::spawn(&swarm, order, &queues).await?;
    tokio::select! {
        over = is_over(&queues) => over?,
        never = chaos::run(order.chaos, &swarm) => match never {},
    }
    for inspector in &inspectors {
        swarm.stop(inspector.id(), END_WITHIN).await;
    }
    swarm.shutdown(END_WITHIN).await;
    Ok(())
}

/// Waits for the end of an audit, and before that for its beginning.
async fn is_over(queues: &Queues) -> Result<()> {
    let mut was_there = false;
    loop {
        let is_there = queues.audit.stats().await?.count() > 0;
        if was_there && !is_there {
            return Ok(());
        }
        was_there |= is_there;
        sleep(LOOK).await;
    }
}
