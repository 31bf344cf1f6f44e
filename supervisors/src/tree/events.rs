//! What happens in a tree, as a stream.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::sync::{broadcast, watch};

use super::ChildPath;
use crate::{Event, ExitReason, Missed};

/// Something a supervisor of a tree did or saw.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeEvent {
    /// The supervisor it comes from, seen from the one that is listened to.
    pub path: ChildPath,
    /// What it did or saw.
    pub event: Event,
}

/// A receiver of the events of a whole tree. Made by [`SupervisorRef::tree_events`](crate::SupervisorRef::tree_events).
#[derive(Debug)]
pub struct TreeEvents {
    receiver: broadcast::Receiver<TreeEvent>,
    ended: watch::Receiver<Option<ExitReason>>,
}

impl TreeEvents {
    pub(super) fn new(
        receiver: broadcast::Receiver<TreeEvent>,
        ended: watch::Receiver<Option<ExitReason>>,
    ) -> Self {
        Self { receiver, ended }
    }

    /// Waits for the next event.
    ///
    /// # Errors
    /// [`Missed::Lagged`] when more than [`EVENTS_MAX`](crate::EVENTS_MAX) events came in since the last call: the oldest are gone, the
    /// next call goes on with those that are left. [`Missed::Closed`] when the top of the tree has ended for good and all its
    /// events were received.
    ///
    /// # Cancel safety
    /// Cancel safe: a dropped call takes no event.
    pub async fn recv(&mut self) -> Result<TreeEvent, Missed> {
        {
            let mut some = pin!(self.receiver.recv());
            let mut ended = pin!(self.ended.wait_for(Option::is_some));
            let next = poll_fn(|cx| {
                if let Poll::Ready(next) = some.as_mut().poll(cx) {
                    return Poll::Ready(Some(next));
                }
                ended.as_mut().poll(cx).map(|_| None)
            });
            if let Some(next) = next.await {
                return next.map_err(|error| match error {
                    broadcast::error::RecvError::Lagged(count) => Missed::Lagged(count),
                    broadcast::error::RecvError::Closed => Missed::Closed,
                });
            }
        }
        // The last events come before the end, but perhaps after the first look.
        self.try_recv()?.ok_or(Missed::Closed)
    }

    /// Takes the next event if there is one already.
    ///
    /// # Errors
    /// [`Missed::Lagged`] as [`recv`](Self::recv). [`Missed::Closed`] when nobody holds a handle of the tree, or of a supervisor in it, any more.
    pub fn try_recv(&mut self) -> Result<Option<TreeEvent>, Missed> {
        match self.receiver.try_recv() {
            Ok(event) => Ok(Some(event)),
            Err(broadcast::error::TryRecvError::Empty) => Ok(None),
            Err(broadcast::error::TryRecvError::Lagged(count)) => Err(Missed::Lagged(count)),
            Err(broadcast::error::TryRecvError::Closed) => Err(Missed::Closed),
        }
    }
}
