//! A broker that may be away: what cannot be given to it now waits on this machine's disk.
//!
//! ```text
//! enqueue ──▶ the broker is there, and nothing waits ──▶ broker
//!        └──▶ otherwise ──▶ spool (an embedded queue) ──▶ in order, when it is back ──▶ broker
//! ```
//!
//! Nothing is ever only in memory: who enqueues is answered when the message is at the broker, or on disk in the spool. Once something is in the spool,
//! what comes after it goes there too, so that the order stays. Each message goes over under its own name, and with a fingerprint: where it is not
//! known whether the broker has taken it, it is sent again, and the broker's dedup window covers the overlap. At a broker without
//! [dedup](super::Ability::Dedup) it may be there twice then.

mod backend;
mod entry;
mod forward;
mod gate;

use std::fmt;
use std::sync::Arc;

use super::{Backend, Broker, Embedded, Error, Name, Options};
use backend::Spooled as SpooledQueue;

/// A broker with a spool: messages can be enqueued while it is away.
///
/// Leases, settlements and everything else need the broker, and so does the first opening of a queue in a process: what the broker guarantees has to be known. Dead
/// letters of the spool are messages that the broker refuses for good; look at them in the spool's folder.
///
/// # Examples
/// ```no_run
/// use ractor_agents::prelude::*;
/// use ractor_agents::queue::{Broker, Embedded, Spooled};
///
/// # fn invoices(redis: impl Broker) -> Result<()> {
/// let broker = Spooled::new(redis, Embedded::in_folder("spool"));
/// let swarm = Swarm::builder().broker(broker).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Spooled {
    broker: Arc<dyn Broker>,
    spool: Embedded,
}

impl Spooled {
    /// Messages for `broker` wait in `spool` while it is away. A folder of a spool belongs to one process, as that of any embedded queue.
    pub fn new(broker: impl Broker, spool: Embedded) -> Self {
        Self {
            broker: Arc::new(broker),
            spool,
        }
    }
}

impl Broker for Spooled {
    fn name(&self) -> &'static str {
        self.broker.name()
    }

    fn address(&self) -> String {
        self.broker.address()
    }

    fn queue(&self, name: &Name, options: &Options) -> Result<Box<dyn Backend>, Error> {
        let to = self.broker.queue(name, options)?;
        let spool = self.spool.queue(name, &entry::options(options))?;
        Ok(Box::new(SpooledQueue::new(to, spool, name)))
    }
}

impl fmt::Debug for Spooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spooled")
            .field("broker", &self.broker)
            .field("spool", &self.spool)
            .finish()
    }
}
