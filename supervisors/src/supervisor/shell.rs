//! The supervisor's actor: thin, replaceable, without anything worth losing.

use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};

use super::Shared;
use super::drive::Life;
use crate::ExitReason;
use crate::engine::Exit;
use crate::exit::{Escalated, SHUTDOWN, StartFailed};
use crate::start::StartReport;

/// The actor of one life of a supervisor.
pub(crate) struct Shell(pub(crate) Arc<Shared>);

/// What the actor is sent; everything else is in its inbox.
pub(crate) enum Signal {
    /// Start or resume the children.
    Begin,
    /// Look into the inbox.
    Wake,
}

impl Actor for Shell {
    type Msg = Signal;
    type State = Life;
    type Arguments = Option<StartReport>;

    async fn pre_start(
        &self,
        myself: ActorRef<Signal>,
        report: Option<StartReport>,
    ) -> Result<Life, ActorProcessingErr> {
        // Begun by a message, because children can be linked only to an actor that hears of their end.
        myself.cast(Signal::Begin)?;
        Ok(Life::take_over(&self.0, myself.get_cell(), report))
    }

    async fn handle(
        &self,
        myself: ActorRef<Signal>,
        signal: Signal,
        life: &mut Life,
    ) -> Result<(), ActorProcessingErr> {
        let exit = match signal {
            Signal::Begin => life.begin(&self.0),
            Signal::Wake => None,
        };
        let exit = exit.or_else(|| life.work(&self.0));
        leave(&myself, exit)
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Signal>,
        event: SupervisionEvent,
        life: &mut Life,
    ) -> Result<(), ActorProcessingErr> {
        leave(&myself, life.event(&self.0, event))
    }
}

fn leave(myself: &ActorRef<Signal>, exit: Option<Exit>) -> Result<(), ActorProcessingErr> {
    match exit {
        None => Ok(()),
        Some(Exit::Shutdown) => {
            myself.stop(Some(SHUTDOWN.to_owned()));
            Ok(())
        }
        Some(Exit::Failed(ExitReason::StartFailed(text))) => Err(StartFailed(text).into()),
        Some(Exit::Failed(ExitReason::Escalated(text))) => Err(Escalated(text).into()),
        Some(Exit::Failed(reason)) => Err(Escalated(reason.to_string()).into()),
    }
}
