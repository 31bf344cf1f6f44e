//! Durable queues, through the public API. The brokers' common suite is in the library; here is what only the embedded one has, and what a
//! swarm makes of queues.

mod agents;
mod conformance;
mod embedded;

use std::time::Duration;

use ractor_agents::queue::Embedded;
use ractor_agents::swarm::Swarm;
use tempfile::TempDir;

/// What tests return, so that they can use `?`.
type Result<T = ()> = ractor_agents::prelude::Result<T>;

/// Not at all.
const NOW: Duration = Duration::ZERO;

/// A swarm whose queues are in a folder of their own. Time is real: a queue's disk and its clock are.
fn swarm() -> Result<(Swarm, TempDir)> {
    let folder = tempfile::tempdir()?;
    Ok((reopened(&folder)?, folder))
}

/// Another swarm over the same folder.
fn reopened(folder: &TempDir) -> Result<Swarm> {
    let broker = Embedded::in_folder(folder.path()).segment_bytes(64 << 10);
    Ok(Swarm::builder().test().broker(broker).build()?)
}
