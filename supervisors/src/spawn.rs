//! Spawning ractor actors from a start function.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use ractor::{Actor, ActorCell, ActorRuntime};
use tokio::runtime::Handle;

use crate::supervised::Supervised;
use crate::{StartContext, StartError};

/// Spawns an actor whose `pre_start` never awaits, linked to the supervisor, before it returns.
///
/// The quickest way to start a child: ractor's own `spawn_linked`, polled once.
///
/// # Errors
/// What `pre_start` failed with, or that it awaited after all: then the actor is gone again.
pub fn spawn_now<A: Actor>(
    actor: A,
    arguments: A::Arguments,
    cx: &StartContext<'_>,
) -> Result<ActorCell, StartError> {
    spawn_now_on(actor, arguments, cx, cx.runtime())
}

/// Like [`spawn_now`], on a runtime that the start function chooses.
///
/// # Errors
/// As for [`spawn_now`].
pub fn spawn_now_on<A: Actor>(
    actor: A,
    arguments: A::Arguments,
    cx: &StartContext<'_>,
    runtime: &Handle,
) -> Result<ActorCell, StartError> {
    let _entered = runtime.enter();
    let spawning = pin!(ActorRuntime::spawn_linked(
        None,
        actor,
        arguments,
        cx.supervisor().clone()
    ));
    match spawning.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok((actor, _))) => Ok(actor.get_cell()),
        Poll::Ready(Err(error)) => Err(error.into()),
        Poll::Pending => Err(StartError::Failed(
            "pre_start awaits; spawn_now is for actors whose pre_start does not".into(),
        )),
    }
}

/// Spawns an actor whose `pre_start` may take its time; the start is over when `pre_start` is.
///
/// ractor reports nothing when a `pre_start` fails, panics or is killed, so the actor is wrapped: the wrapper holds the
/// start's report, and whatever ends the actor ends the report too.
///
/// # Errors
/// ractor's own refusal; a failing `pre_start` is told to the supervisor later.
pub fn spawn_later<A: Actor>(
    actor: A,
    arguments: A::Arguments,
    cx: &StartContext<'_>,
) -> Result<ActorCell, StartError> {
    let _entered = cx.runtime().enter();
    let supervised = Supervised::new(actor, cx.defer());
    let (actor, _) =
        ActorRuntime::spawn_linked_instant(None, supervised, arguments, cx.supervisor().clone())?;
    Ok(actor.get_cell())
}
