//! An actor in a wrapper that tells its supervisor what ractor does not.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};

use crate::exit::{ExitReason, Panicked, panic_text};
use crate::start::StartReport;

/// An actor with the same message, state and arguments as `A`, which reports its start and tells panics from errors.
///
/// The report lives in the handler, so it is dropped, and thereby told, in every way in which an actor can end.
pub(crate) struct Supervised<A> {
    actor: A,
    report: Mutex<Option<StartReport>>,
}

impl<A> Supervised<A> {
    pub(crate) fn new(actor: A, report: StartReport) -> Self {
        Self {
            actor,
            report: Mutex::new(Some(report)),
        }
    }
}

impl<A: Actor> Actor for Supervised<A> {
    type Msg = A::Msg;
    type State = A::State;
    type Arguments = A::Arguments;

    async fn pre_start(
        &self,
        myself: ActorRef<A::Msg>,
        arguments: A::Arguments,
    ) -> Result<A::State, ActorProcessingErr> {
        let result = caught(self.actor.pre_start(myself, arguments)).await;
        if let (Err(error), Some(report)) = (&result, self.report.lock().as_mut()) {
            let reason = match ExitReason::from_error(error) {
                ExitReason::Failed(text) => ExitReason::StartFailed(text),
                other => other,
            };
            report.set_failure(reason);
        }
        result
    }

    async fn post_start(
        &self,
        myself: ActorRef<A::Msg>,
        state: &mut A::State,
    ) -> Result<(), ActorProcessingErr> {
        // Only now is the actor linked: from here on ractor itself reports its end.
        let report = self.report.lock().take();
        if let Some(report) = report {
            report.started();
        }
        caught(self.actor.post_start(myself, state)).await
    }

    async fn handle(
        &self,
        myself: ActorRef<A::Msg>,
        message: A::Msg,
        state: &mut A::State,
    ) -> Result<(), ActorProcessingErr> {
        caught(self.actor.handle(myself, message, state)).await
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<A::Msg>,
        event: SupervisionEvent,
        state: &mut A::State,
    ) -> Result<(), ActorProcessingErr> {
        caught(self.actor.handle_supervisor_evt(myself, event, state)).await
    }

    async fn post_stop(
        &self,
        myself: ActorRef<A::Msg>,
        state: &mut A::State,
    ) -> Result<(), ActorProcessingErr> {
        caught(self.actor.post_stop(myself, state)).await
    }
}

/// Runs `future`, turning a panic into a [`Panicked`] error.
async fn caught<T>(
    future: impl Future<Output = Result<T, ActorProcessingErr>>,
) -> Result<T, ActorProcessingErr> {
    let mut future = pin!(future);
    // The future is not polled again after a panic, and the actor it belongs to ends.
    std::future::poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(payload) => std::task::Poll::Ready(Err(Panicked(panic_text(&*payload)).into())),
        },
    )
    .await
}
