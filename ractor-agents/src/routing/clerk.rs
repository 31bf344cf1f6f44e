//! A router's actor: keeps the table.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::core::Core;
use super::offering::LOOK_AGAIN;
use crate::registry::Change;

/// A router's actor. It has nothing of its own: killed, its successor looks round and goes on, and messages are routed by the last
/// table meanwhile.
pub(super) struct Clerk(pub(super) Arc<Core>);

/// The only message: keep the table until there is no router any more.
pub(super) struct Keep;

impl Actor for Clerk {
    type Msg = Keep;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Keep>, (): ()) -> Result<(), ActorProcessingErr> {
        myself.cast(Keep)?;
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Keep>,
        _: Keep,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        tokio::select! {
            () = self.keep() => {}
            () = self.abandoned() => {}
        }
        myself.stop(None);
        Ok(())
    }
}

impl Clerk {
    async fn abandoned(&self) {
        while !self.0.is_abandoned.load(Ordering::Acquire) {
            self.0.abandoned.notified().await;
        }
    }

    /// Until there may be somebody for messages whose agent has ended.
    async fn stranded(&self) {
        let strand = &self.0.stranded;
        if strand.is_empty() {
            strand.came.notified().await;
        } else {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Until the swarm has ended.
    async fn keep(&self) {
        let Some(swarm) = self.0.swarm.upgrade() else {
            return;
        };
        let mut changes = swarm.index.changes();
        drop(swarm);
        self.0.look_round();
        loop {
            let (mut came, mut left) = (Vec::new(), Vec::new());
            let received = tokio::select! {
                received = changes.recv() => received,
                () = self.stranded() => {
                    self.0.stranded.offer(&self.0);
                    continue;
                }
            };
            let mut next = match received {
                Ok(change) => Ok(change),
                Err(RecvError::Lagged(_)) => Err(TryRecvError::Lagged(0)),
                Err(RecvError::Closed) => return,
            };
            let Some(swarm) = self.0.swarm.upgrade() else {
                return;
            };
            // All that is there is one change of the table.
            let mut is_complete = true;
            loop {
                match next {
                    Ok(Change::Entered(number)) => came.extend(swarm.index.get(number)),
                    Ok(Change::Left(number)) => left.push(number),
                    Ok(Change::Standing(_)) => {}
                    Err(TryRecvError::Lagged(_)) => is_complete = false,
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
                next = changes.try_recv();
            }
            drop(swarm);
            if is_complete {
                self.0.update(&came, &left);
            } else {
                self.0.look_round();
            }
            self.0.stranded.offer(&self.0);
        }
    }
}
