//! A router's actor: keeps the table.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use ractor::{Actor, ActorProcessingErr, ActorRef};
use supervisors::{ChildSpec, Restart, Shutdown, StartContext, spawn_now};
use tokio::sync::Notify;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::core::Core;
use super::failover::Strand;
use super::offering::LOOK_AGAIN;
use crate::registry::Change;
use crate::swarm::{Inner, Member, SpawnError};

/// A table of agents that has to be kept.
pub(super) trait Keeps: Send + Sync + 'static {
    fn swarm(&self) -> &Weak<Inner>;

    /// These came and those left.
    fn update(&self, came: &[Arc<dyn Member>], left: &[u64]);

    /// Anybody may have come and left.
    fn look_round(&self);

    /// Whether nobody needs the table any more.
    fn is_abandoned(&self) -> bool;

    /// Notified when that is so.
    fn abandoned(&self) -> &Notify;

    /// Messages whose agent has ended, where there can be any.
    fn strand(&self) -> Option<&Strand> {
        None
    }

    /// Gives them to others.
    fn offer_stranded(&self) {}
}

impl Keeps for Core {
    fn swarm(&self) -> &Weak<Inner> {
        &self.swarm
    }

    fn update(&self, came: &[Arc<dyn Member>], left: &[u64]) {
        self.update(came, left);
    }

    fn look_round(&self) {
        self.look_round();
    }

    fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Acquire)
    }

    fn abandoned(&self) -> &Notify {
        &self.abandoned
    }

    fn strand(&self) -> Option<&Strand> {
        Some(&self.stranded)
    }

    fn offer_stranded(&self) {
        self.stranded.offer(self);
    }
}

/// Starts the actor that keeps it.
pub(super) async fn start<T: Keeps>(swarm: &Inner, kept: Arc<T>) -> Result<(), SpawnError> {
    let start = move |cx: &StartContext<'_>| spawn_now(Clerk(Arc::clone(&kept)), (), cx);
    let spec = ChildSpec::new(u64::from(swarm.next_router()), start)
        .restart(Restart::Transient)
        .shutdown(Shutdown::BrutalKill);
    let started = swarm.routers().start_child(spec).await;
    started.map(drop).map_err(|_| SpawnError::Ended)
}

/// A router's actor. It has nothing of its own: killed, its successor looks round and goes on, and messages are routed by the last
/// table meanwhile.
struct Clerk<T>(Arc<T>);

/// The only message: keep the table until there is no router any more.
struct Keep;

impl<T: Keeps> Actor for Clerk<T> {
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

impl<T: Keeps> Clerk<T> {
    async fn abandoned(&self) {
        while !self.0.is_abandoned() {
            self.0.abandoned().notified().await;
        }
    }

    /// Until there may be somebody for messages whose agent has ended.
    async fn stranded(&self) {
        match self.0.strand() {
            None => std::future::pending().await,
            Some(strand) if strand.is_empty() => strand.came.notified().await,
            Some(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }

    /// Until the swarm has ended.
    async fn keep(&self) {
        let Some(swarm) = self.0.swarm().upgrade() else {
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
                    self.0.offer_stranded();
                    continue;
                }
            };
            let mut next = match received {
                Ok(change) => Ok(change),
                Err(RecvError::Lagged(_)) => Err(TryRecvError::Lagged(0)),
                Err(RecvError::Closed) => return,
            };
            let Some(swarm) = self.0.swarm().upgrade() else {
                return;
            };
            // All that is there is one change of the table.
            let mut is_complete = true;
            loop {
                match next {
                    Ok(Change::Entered(number)) => came.extend(swarm.index.get(number)),
                    Ok(Change::Left(number)) => left.push(number),
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
            self.0.offer_stranded();
        }
    }
}
