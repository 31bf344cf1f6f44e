//! A queue that is open in a swarm, and its actor.
//!
//! ```text
//! queues (dynamic supervisor)
//! └── one actor per open queue: opens it at its broker, checks what the broker gives, does what has to go on, renews leases
//! ```
//!
//! What handles, deliveries and the actor share is here and not in the actor: killed, its successor goes on where it was. If the broker
//! is lost the actor fails, and is restarted after a pause (10 ms doubling up to 5 s) to open the queue anew.

use std::any::TypeId;
use std::future::pending;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef};
use supervisors::{ChildSpec, Restart, Shutdown, StartContext, spawn_now};
use tokio::sync::futures::Notified;
use tokio::sync::{Notify, watch};

use super::broker::{Answer, Settled, Settlement};
use super::hold::{Hold, HoldState, Holds};
use super::{Backend, BrokerError, Error, Name, Options, Requirements};
use crate::codec::Codec;
use crate::swarm::Inner;

/// What all who use one queue share.
pub(crate) struct Open {
    pub(super) name: Name,
    pub(super) terms: Terms,
    pub(super) broker: &'static str,
    pub(super) backend: Box<dyn Backend>,
    pub(super) holds: Holds,
    /// Notified when there may be room.
    pub(super) room: Notify,
    stage: watch::Sender<Stage>,
    swarm: Weak<Inner>,
}

/// What a queue was opened with. Others who open it must say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) options: Options,
    pub(super) requirements: Requirements,
    pub(super) codec: Codec,
    pub(super) messages: TypeId,
}

/// How far it has come.
#[derive(Clone, Debug)]
enum Stage {
    Opening,
    Open,
    /// It was open, and its broker does not give any more what it has to.
    Refusing(Error),
    Closed(Option<Error>),
}

/// How long an orderly end may take. Source: that of an agent.
const CLOSING: Duration = Duration::from_secs(5);

impl Open {
    pub(super) fn new(
        name: Name,
        terms: Terms,
        broker: &'static str,
        backend: Box<dyn Backend>,
        swarm: &Arc<Inner>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            terms,
            broker,
            backend,
            holds: Holds::default(),
            room: Notify::new(),
            stage: watch::Sender::new(Stage::Opening),
            swarm: Arc::downgrade(swarm),
        })
    }

    /// The child of the queues' supervisor, of that name.
    pub(super) fn spec(self: &Arc<Self>, child: String) -> ChildSpec {
        let (open, leaving) = (Arc::clone(self), Arc::clone(self));
        let start = move |cx: &StartContext<'_>| spawn_now(Keeper(Arc::clone(&open)), (), cx);
        ChildSpec::new(child, start)
            .restart(Restart::Transient)
            .shutdown(Shutdown::Timeout(CLOSING))
            .stop_with(Arc::new(move |_| leaving.backend.close()))
    }

    /// Waits until it is open, or is known not to be.
    pub(super) async fn opened(&self) -> Result<(), Error> {
        let mut stage = self.stage.subscribe();
        let known = stage.wait_for(|stage| !matches!(stage, Stage::Opening));
        match &*known.await.map_err(|_| Error::Closed)? {
            Stage::Opening | Stage::Open => Ok(()),
            Stage::Refusing(error) => Err(error.clone()),
            Stage::Closed(error) => Err(error.clone().unwrap_or(Error::Closed)),
        }
    }

    /// Waits until it is closed.
    pub(super) async fn closed(&self) {
        let mut stage = self.stage.subscribe();
        // Nobody is left to close it otherwise.
        let _ = stage
            .wait_for(|stage| matches!(stage, Stage::Closed(_)))
            .await;
    }

    /// Whether it can be used now.
    pub(super) fn check(&self) -> Result<(), Error> {
        match &*self.stage.borrow() {
            Stage::Opening | Stage::Open => Ok(()),
            Stage::Refusing(error) => Err(error.clone()),
            Stage::Closed(_) => Err(Error::Closed),
        }
    }

    /// It will never be opened.
    pub(super) fn give_up(&self, error: Error) {
        self.stage.send_replace(Stage::Closed(Some(error)));
    }

    /// Waits for a broker's answer for as long as its queue has patience, and `longer` where waiting is the matter.
    pub(super) async fn ask<T>(
        &self,
        answer: Answer<'_, T>,
        longer: Duration,
        silence: impl FnOnce(BrokerError) -> Error,
    ) -> Result<T, Error> {
        self.check()?;
        let limit = self.terms.options.patience.saturating_add(longer);
        let answered = self
            .swarm
            .upgrade()
            .ok_or(Error::Closed)?
            .within(limit, answer);
        let answered = answered.await;
        answered.unwrap_or_else(|_| Err(silence(BrokerError::silence(limit))))
    }

    /// Waits for `limit`, or until there may be `room`.
    pub(super) async fn pause(&self, limit: Duration, room: Notified<'_>) -> Result<(), Error> {
        let swarm = self.swarm.upgrade().ok_or(Error::Closed)?;
        let waiting = swarm.within(limit, room);
        drop(swarm);
        // Either will do.
        let _ = waiting.await;
        Ok(())
    }

    /// Says something of a message on lease.
    pub(super) async fn settle(
        &self,
        hold: &Hold,
        settlement: Settlement,
    ) -> Result<Settled, Error> {
        let answer = self.backend.settle(hold.token, settlement);
        let settled = self.ask(answer, Duration::ZERO, Error::Unknown).await;
        match &settled {
            Ok(Settled::Done | Settled::Returned | Settled::Dead) => {
                self.holds.end(hold, HoldState::Settled);
                self.room.notify_waiters();
            }
            Err(Error::Stale(_)) => self.holds.end(hold, HoldState::Lost),
            Ok(Settled::Started(_) | Settled::Extended) | Err(_) => {}
        }
        settled
    }

    /// Opens it and keeps it open; returns when it is closed.
    async fn serve(&self) -> Result<(), Error> {
        self.backend.open().await?;
        let given = self.backend.guarantees().await?;
        if let Some(unmet) = self.terms.requirements.unmet(&given) {
            return Err(Error::Unmet {
                queue: self.name.clone(),
                unmet,
                advice: self.backend.advice(&unmet),
            });
        }
        self.stage.send_replace(Stage::Open);
        tokio::select! {
            ended = self.backend.run() => ended,
            () = self.holds.renew(&*self.backend, &self.terms.options) => pending().await,
        }
    }

    /// How far it has come by that.
    fn stage_after(&self, outcome: &Result<(), Error>) -> Stage {
        match (&*self.stage.borrow(), outcome) {
            (Stage::Opening, Err(error)) => Stage::Closed(Some(error.clone())),
            (_, Ok(())) => Stage::Closed(None),
            (_, Err(error @ Error::Unmet { .. })) => Stage::Refusing(error.clone()),
            (stage, Err(_)) => stage.clone(),
        }
    }
}

/// A queue's actor. It has nothing of its own.
struct Keeper(Arc<Open>);

/// The only message: keep the queue open until it is closed.
struct Keep;

impl Actor for Keeper {
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
        let open = &self.0;
        let outcome = open.serve().await;
        let stage = open.stage_after(&outcome);
        let has_ended = matches!(stage, Stage::Closed(_));
        // Whoever is told that it is closed may open it again at once.
        if has_ended && let Some(swarm) = open.swarm.upgrade() {
            swarm.queues().forget(open);
        }
        open.stage.send_replace(stage);
        if has_ended {
            myself.stop(None);
            return Ok(());
        }
        outcome.map_err(|error| {
            tracing::warn!(queue = %open.name, broker = open.broker, %error, "lost its broker; opens anew");
            error.into()
        })
    }
}
