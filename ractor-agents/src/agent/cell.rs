//! The ractor actor of an agent, and its run loop.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use ractor::{ActorProcessingErr, ActorRef};
use supervisors::{ExitReason, Panicked, StartFailed};

use super::batches::serve_batches;
use super::context::Context;
use super::courier::begin;
use super::metered::Metered;
use super::noting::{Notes, Noting};
use super::{Agent, Current, Failure, OnRestart, Pace, Record};
use crate::mailbox::{Hand, Next, Phase};
use crate::message::Moment;

/// The ractor actor of an agent. It gets one message in its life, [`Run`], whose handler is the run loop.
pub(super) struct Cell<A: Agent> {
    pub(super) record: Arc<Record<A>>,
    /// Which incarnation it is to the mailbox.
    pub(super) epoch: u32,
}

/// Run, until there is a reason to end.
pub(super) struct Run;

/// The state of one incarnation. ractor hands it to the supervisor when the actor is killed, and the supervisor may keep
/// it: it must not hold the swarm, which holds the supervisor.
pub(super) struct Body<A: Agent> {
    agent: Option<A>,
    restarted: Option<ExitReason>,
}

impl<A: Agent> Body<A> {
    pub(super) fn new(agent: Option<A>, restarted: Option<ExitReason>) -> Self {
        Self { agent, restarted }
    }

    pub(super) fn into_agent(self) -> Option<A> {
        self.agent
    }
}

/// The error of an incarnation that was taken over from.
#[derive(Debug, thiserror::Error)]
#[error("another incarnation has taken over")]
struct Superseded;

/// The error of an incarnation whose handler failed on purpose.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct HandlerFailed(String);

impl<A: Agent> ractor::Actor for Cell<A> {
    type Msg = Run;
    type State = Body<A>;
    type Arguments = Body<A>;

    // Never awaits: the supervisor spawns agents without waiting for them.
    async fn pre_start(
        &self,
        myself: ActorRef<Run>,
        body: Body<A>,
    ) -> Result<Body<A>, ActorProcessingErr> {
        // Before it can handle anything: a kill always meets the incarnation that answers.
        self.record.set_actor(myself.get_cell());
        myself.cast(Run)?;
        Ok(body)
    }

    async fn handle(
        &self,
        myself: ActorRef<Run>,
        _run: Run,
        body: &mut Body<A>,
    ) -> Result<(), ActorProcessingErr> {
        // Boxed, because ractor stores the future of a handler about three times over.
        let record = &self.record;
        let work = run(record, self.epoch, body);
        let swarm = record.swarm_address();
        let work = Current::scope(swarm, record.id(), record.is_watched, work);
        let work = AssertUnwindSafe(work).catch_unwind();
        match Box::pin(Metered::new(record, self.epoch, work)).await {
            Ok(Ok(())) => {
                myself.stop(None);
                Ok(())
            }
            Ok(Err(error)) => Err(error),
            Err(panic) => {
                body.agent = None;
                Err(Panicked(supervisors::panic_text(&*panic)).into())
            }
        }
    }
}

/// Marks the incarnation as down when it ends, however it ends.
struct Incarnation<'a, A: Agent> {
    record: &'a Record<A>,
    epoch: u32,
}

impl<A: Agent> Drop for Incarnation<'_, A> {
    fn drop(&mut self) {
        self.record.mailbox.set_phase(self.epoch, Phase::Down);
        self.record.note_standing();
        if let Some(gathering) = self.record.gathering.lock().take() {
            let panicked = std::thread::panicking();
            let why = if panicked {
                "its start hook panicked"
            } else {
                "its start hook was killed"
            };
            gathering.fail(self.record.id(), why.to_owned());
        }
    }
}

async fn run<A: Agent>(
    record: &Arc<Record<A>>,
    epoch: u32,
    body: &mut Body<A>,
) -> Result<(), ActorProcessingErr> {
    let Some(swarm) = record.swarm.upgrade() else {
        return Ok(());
    };
    let start_by = Moment::now().after(record.defaults.start_within);
    if !record.mailbox.begin(epoch, start_by) {
        return fenced(record);
    }
    record.seat.take_over(epoch);
    let _incarnation = Incarnation { record, epoch };
    let mut ctx = Context::new(Arc::clone(record), swarm);
    let restarted = body.restarted.take();
    match record.defaults.on_restart {
        // In this future, so that it is dropped here when the future is, and not by the supervisor.
        OnRestart::Fresh => live(&mut (record.factory)(), restarted, epoch, &mut ctx).await,
        OnRestart::Resume => {
            let agent = body.agent.get_or_insert_with(&record.factory);
            live(agent, restarted, epoch, &mut ctx).await
        }
    }
}

/// From the start hook to the end.
async fn live<A: Agent>(
    agent: &mut A,
    restarted: Option<ExitReason>,
    epoch: u32,
    ctx: &mut Context<A>,
) -> Result<(), ActorProcessingErr> {
    let mut notes = Notes::new(epoch);
    start(agent, restarted, ctx, &mut notes).await?;
    let record = Arc::clone(&ctx.record);
    if !record.mailbox.set_phase(epoch, Phase::Running) {
        return fenced(&record);
    }
    record.note_standing();
    match record.batch {
        None => serve(&record, epoch, agent, ctx, &mut notes).await,
        Some(batch) => serve_batches(&record, batch, epoch, agent, ctx, &mut notes).await,
    }
}

/// Runs the hook of a start or a restart, and tells those who wait for the first start.
async fn start<A: Agent>(
    agent: &mut A,
    restarted: Option<ExitReason>,
    ctx: &Context<A>,
    notes: &mut Notes,
) -> Result<(), ActorProcessingErr> {
    let started = match &restarted {
        None => Noting::new(agent.on_start(ctx), notes, ctx).await,
        Some(reason) => Noting::new(agent.on_restart(reason, ctx), notes, ctx).await,
    };
    if let Err(failure) = started {
        if let Some(gathering) = ctx.gathering() {
            gathering.fail(ctx.id(), failure.to_string());
        }
        return Err(StartFailed(failure.to_string()).into());
    }
    if let Some(gathering) = ctx.gathering() {
        gathering.arrive();
    }
    Ok(())
}

/// Handles one envelope after another until there is a reason to end.
async fn serve<A: Agent>(
    record: &Record<A>,
    epoch: u32,
    agent: &mut A,
    ctx: &mut Context<A>,
    notes: &mut Notes,
) -> Result<(), ActorProcessingErr> {
    let mut hand = record.mailbox.hand(epoch);
    let mut pace = Pace::new(record.mailbox.settings().clock);
    let mut reply = None;
    loop {
        match poll_fn(|cx| hand.poll_next(&mut reply, &mut pace, cx)).await {
            Next::Deliver => {}
            Next::Fenced => return fenced(record),
            _ => {
                ctx.leave();
                agent.on_stop(ctx).await;
                return Ok(());
            }
        }
        ctx.enter(&hand);
        let handled = handle(agent, &hand, ctx, notes).await;
        pace.handled(notes.pended);
        match handled {
            Ok(answer) => reply = Some(answer),
            Err(failure) => {
                hand.fail(&failure);
                end_incarnation(&failure)?;
            }
        }
    }
}

/// Has the agent handle an envelope, through the layers around it if there are any, and notes how it waits.
async fn handle<A: Agent>(
    agent: &mut A,
    hand: &Hand<'_, A>,
    ctx: &Context<A>,
    notes: &mut Notes,
) -> Result<A::Reply, Failure> {
    let Some(message) = hand.message() else {
        return Err(Failure::new("the message is gone").without_restart());
    };
    if let Some(claim) = hand.claim() {
        begin(claim).await?;
    }
    match &ctx.record.around {
        None => Noting::new(agent.handle(message, ctx), notes, ctx).await,
        Some(around) => Noting::new(around.handle_boxed(agent, message, ctx), notes, ctx).await,
    }
}

/// Ends an incarnation that another has taken over from. Its supervisor expects nothing of it; should it do so after all, the
/// agent has not ended by itself.
pub(super) fn fenced<A: Agent>(record: &Record<A>) -> Result<(), ActorProcessingErr> {
    if record.mailbox.is_closed() {
        return Ok(());
    }
    Err(Superseded.into())
}

/// Ends the incarnation with an error, if the failure asks for a restart.
pub(super) fn end_incarnation(failure: &Failure) -> Result<(), ActorProcessingErr> {
    if failure.restarts() {
        Err(HandlerFailed(failure.to_string()).into())
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Agent, Body, Context, Failure, Record, run};

    struct Nothing;

    impl Agent for Nothing {
        type Message = [u8; 64];
        type Reply = ();

        async fn handle(&mut self, _: &[u8; 64], _: &Context<Self>) -> Result<(), Failure> {
            Ok(())
        }
    }

    /// Of the future that `start` would return.
    fn size<'a, F: Future>(
        _start: impl Fn(&'a Arc<Record<Nothing>>, u32, &'a mut Body<Nothing>) -> F,
    ) -> usize {
        size_of::<F>()
    }

    /// ractor stores the future of a handler about three times over, so every byte counts thrice per agent.
    #[test]
    fn the_run_loop_stays_small() {
        let whole = size(run);
        assert!(whole <= 1024, "{whole} bytes");
    }
}
