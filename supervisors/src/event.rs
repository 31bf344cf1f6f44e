//! What supervisors do, as a stream.

use std::time::Duration;

use tokio::sync::broadcast;

use crate::{ChildId, ExitReason};

/// How many events a receiver may lag behind before it misses some: 1,024, of one supervisor or of a whole tree.
///
/// The figure is a guess: room for a burst of restarts, about 100 KiB for each supervisor or tree that somebody listens to.
pub const EVENTS_MAX: usize = 1024;

/// Something a supervisor did or saw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A child runs for the first time, or again by command.
    Started {
        /// Which child.
        id: ChildId,
    },
    /// A child runs again after it had ended.
    Restarted {
        /// Which child.
        id: ChildId,
        /// Why it had ended.
        reason: ExitReason,
        /// How many times it has been started again so far.
        count: u64,
    },
    /// A child did not get through its start.
    StartFailed {
        /// Which child.
        id: ChildId,
        /// Why.
        reason: ExitReason,
    },
    /// A child ended without having been asked to by its supervisor.
    Exited {
        /// Which child.
        id: ChildId,
        /// Why.
        reason: ExitReason,
    },
    /// A child will be started again after a pause.
    BackingOff {
        /// Which child.
        id: ChildId,
        /// How long the pause is.
        delay: Duration,
    },
    /// A child is being killed because its work in flight missed its deadline.
    Overdue {
        /// Which child.
        id: ChildId,
        /// The reason its watch gave.
        reason: ExitReason,
        /// Whether the restart counts against the intensity.
        charged: bool,
    },
    /// A child ended because its supervisor wanted it to.
    Terminated {
        /// Which child.
        id: ChildId,
        /// Whether it had to be killed.
        killed: bool,
    },
    /// A child did not end even after a kill and is left to itself.
    Abandoned {
        /// Which child.
        id: ChildId,
        /// How many abandoned children of this supervisor still run.
        abandoned: usize,
    },
    /// An abandoned child ended at last.
    Recovered {
        /// How many abandoned children of this supervisor still run.
        abandoned: usize,
    },
    /// A child failed more often than its own intensity allows; it stays in the table, not running.
    GaveUp {
        /// Which child.
        id: ChildId,
        /// What it failed with the last time.
        reason: ExitReason,
    },
    /// The supervisor itself gives up: it stops its children and fails, which its parent sees.
    Escalated {
        /// The child that was one failure too many.
        id: ChildId,
        /// What that child failed with.
        reason: ExitReason,
    },
    /// The supervisor runs again after it was itself ended, with the children it had.
    Resumed {
        /// How often the supervisor has been started.
        life: u64,
    },
    /// Significant children have ended, so the supervisor shuts itself down.
    AutoShutdown {
        /// The significant child that ended last.
        id: ChildId,
    },
}

/// A receiver of supervision events.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
}

impl Events {
    pub(crate) fn new(receiver: broadcast::Receiver<Event>) -> Self {
        Self { receiver }
    }

    /// Waits for the next event.
    ///
    /// # Errors
    /// [`Missed::Lagged`] when more than [`EVENTS_MAX`] events came in since the last call: the oldest are gone, the
    /// next call goes on with those that are left. [`Missed::Closed`] when the supervisor is gone for good.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped call takes no event.
    pub async fn recv(&mut self) -> Result<Event, Missed> {
        self.receiver.recv().await.map_err(|error| match error {
            broadcast::error::RecvError::Lagged(count) => Missed::Lagged(count),
            broadcast::error::RecvError::Closed => Missed::Closed,
        })
    }

    /// Takes the next event if there is one already.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<Option<Event>, Missed> {
        match self.receiver.try_recv() {
            Ok(event) => Ok(Some(event)),
            Err(broadcast::error::TryRecvError::Empty) => Ok(None),
            Err(broadcast::error::TryRecvError::Lagged(count)) => Err(Missed::Lagged(count)),
            Err(broadcast::error::TryRecvError::Closed) => Err(Missed::Closed),
        }
    }
}

/// Why there is no event to return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Missed {
    /// The receiver was too slow: so many events are gone.
    #[error("{0} events were missed")]
    Lagged(u64),
    /// There will be no more events.
    #[error("the supervisor is gone")]
    Closed,
}
