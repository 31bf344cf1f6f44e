//! The queues of an audit.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ractor_agents::prelude::Result;
use ractor_agents::queue::{Backoff, Claim, Dedup, Delivery, Error, Queue, QueueBuilder};
use ractor_agents::swarm::Swarm;

use super::place::{AUDIT, NAMESPACE, Place};
use super::wire::{Audit, Found, Job};

/// The three queues.
#[derive(Clone, Debug)]
pub struct Queues {
    pub audit: Queue<Audit>,
    pub files: Queue<Job>,
    pub results: Queue<Found>,
}

/// Why an audit cannot be begun or gone on with.
#[derive(Debug, thiserror::Error)]
pub enum Taken {
    /// The queue has another one in it.
    #[error(
        "the queue at {place} has an unfinished audit of {}{}: start that one again, or name another queue", .root.display(),
        if *.no_ignore { " with --no-ignore" } else { " without --no-ignore" },
    )]
    Other {
        /// Where the queue is.
        place: String,
        /// What that audit is of.
        root: PathBuf,
        /// And with which files.
        no_ignore: bool,
    },
    /// Another process is to write the report.
    #[error("another process is at the audit at {place}; with --worker this one would help it")]
    Busy {
        /// Where the queue is.
        place: String,
    },
    /// Nobody can be helped at it.
    #[error("--worker needs a queue at a server: the folder {place} is for one process at a time")]
    Alone {
        /// Where the queue is.
        place: String,
    },
    /// The queue cannot be used.
    #[error("{place}: {source}")]
    Queue {
        /// Where it is.
        place: String,
        /// Why.
        source: Error,
    },
}

/// How long messages are on lease to a process that has died, where the queues are at a server. Of an embedded queue they come back when
/// it is opened. Source: a guess; long enough for a renewal to be late.
const LEASE: Duration = Duration::from_secs(15);

/// The same for results. All of them are on lease while they are collected, so that each is renewed seldom. Source: a guess.
const RESULTS_LEASE: Duration = Duration::from_mins(1);

/// How long files are remembered that were enqueued. Whoever goes on later does some of the work twice.
const WINDOW: Duration = Duration::from_hours(24);

/// The pause before another attempt: short, since what a file is does not get better by waiting. Source: guesses.
const BACKOFF: Backoff = Backoff {
    base: Duration::from_millis(20),
    cap: Duration::from_secs(1),
};

impl Queues {
    /// Opens all three.
    ///
    /// # Errors
    /// [`Taken::Queue`].
    pub async fn open(swarm: &Swarm, place: &Place, attempts: u32) -> Result<Self, Taken> {
        let dedup = Dedup {
            window: WINDOW,
            ..Dedup::default()
        };
        let files = at::<Job>(swarm, place, "files").attempts(attempts);
        // Unbounded: nothing takes results away before the report is written, and whoever has one waits for room.
        let results = at::<Found>(swarm, place, "results").bounds(usize::MAX, u64::MAX);
        let open = async {
            Ok(Self {
                // First, so that whoever comes second has touched nothing when it is told that the queue is in use.
                audit: at(swarm, place, AUDIT).lease(LEASE).await?,
                files: files.dedup(dedup).backoff(BACKOFF).lease(LEASE).await?,
                results: results.lease(RESULTS_LEASE).await?,
            })
        };
        open.await.map_err(|source| Taken::Queue {
            place: place.broker.address(),
            source,
        })
    }

    /// Takes on the audit that is in the queue, or begins it. As long as the claim is there, nobody else can.
    ///
    /// # Errors
    /// [`Taken`].
    pub async fn take_on(&self, place: &Place, wanted: &Audit) -> Result<(Audit, Claim), Taken> {
        let at = place.broker.address();
        let taken = self.claim(wanted).await.map_err(|source| Taken::Queue {
            place: at.clone(),
            source,
        })?;
        let (audit, claim) = taken.ok_or_else(|| Taken::Busy { place: at.clone() })?;
        if (&audit.root, audit.no_ignore) != (&wanted.root, wanted.no_ignore) {
            return Err(Taken::Other {
                place: at,
                root: Path::new(&audit.root).to_owned(),
                no_ignore: audit.no_ignore,
            });
        }
        Ok((audit, claim))
    }

    async fn claim(&self, wanted: &Audit) -> Result<Option<(Audit, Claim)>, Error> {
        let mut delivery = self.audit.lease().wait(Duration::ZERO).await?;
        if delivery.is_none() && self.audit.stats().await?.count() == 0 {
            // Should two begin at a server at the same moment, they do not know of each other. Each passes over the results of the
            // other, and what is missing in the end it enqueues again.
            self.audit.enqueue(wanted).await?;
        }
        if delivery.is_none() {
            // Whoever has it may have died: then it comes back.
            delivery = self.audit.lease().wait(2 * LEASE).await?;
        }
        Ok(delivery.map(Delivery::into_parts))
    }
}

fn at<M>(swarm: &Swarm, place: &Place, name: &str) -> QueueBuilder<M> {
    let queue = swarm.queue(&format!("{NAMESPACE}/{name}"));
    queue.on_shared(place.broker.clone())
}
