//! Between a durable queue and the agent that its messages are for.
//!
//! ```text
//! tell ──▶ queue ──lease──▶ courier ──▶ mailbox ──start──▶ handler
//!            ▲                                               │
//!            └──────── ack, nack, release, dead letter ◀─────┘ verdict
//! ```
//!
//! One actor per bound agent, beside it under the same supervisor. What is under way is not in the actor: killed, its successor goes on with it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use supervisors::{Backoff, ChildSpec, Intensity, Restart, Shutdown, StartContext, spawn_now};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Agent, Answer, Failure, Record, ReplyTo};
use crate::dead_letter::Reason;
use crate::mailbox::Refusal;
use crate::message::{Envelope, durable};
use crate::queue::broker::{Settled, Settlement};
use crate::queue::{Claim, Delivery, Error, Leasing, Line};

/// What is done with one message: until its queue knows what became of it.
type Errand = Pin<Box<dyn Future<Output = ()> + Send>>;

/// All that is under way between a queue and an agent. It outlives the actor that sees to it.
pub(crate) struct Courier<A: Agent> {
    record: Arc<Record<A>>,
    line: Arc<dyn Line<A::Message>>,
    prefetch: usize,
    errands: Mutex<FuturesUnordered<Errand>>,
    /// Cancelled when the supervisor wants the current actor to end.
    leaving: Mutex<CancellationToken>,
}

/// How long a courier waits after an error before it tries again, doubling. Source: guesses; the pauses of a supervisor are like that.
const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// How often an agent that takes nothing now is offered a message again. Source: a guess.
const OFFERED_AGAIN: Duration = Duration::from_millis(50);

/// How often it may be restarted, at once each time: an agent whose courier is given up would have no work for ever, and keep the leases it has. It fails
/// only if it is killed, or a message's own decoding panics. Source: that of the supervisors above it.
const INTENSITY: Intensity = Intensity::new(10_000, Duration::from_secs(1));

impl<A: Agent> Courier<A> {
    pub(crate) fn new(
        record: &Arc<Record<A>>,
        line: Arc<dyn Line<A::Message>>,
        prefetch: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            record: Arc::clone(record),
            line,
            prefetch,
            errands: Mutex::new(FuturesUnordered::new()),
            leaving: Mutex::default(),
        })
    }

    /// The child that stands beside the agent.
    pub(crate) fn spec(self: &Arc<Self>, limit: Duration) -> ChildSpec {
        let (courier, leaving) = (Arc::clone(self), Arc::clone(self));
        let start = move |cx: &StartContext<'_>| {
            *courier.leaving.lock() = CancellationToken::new();
            spawn_now(Runner(Arc::clone(&courier)), (), cx)
        };
        let name = format!("{}-courier", self.record.id().number());
        ChildSpec::new(name, start)
            .restart(Restart::Transient)
            .intensity(INTENSITY)
            .backoff(Backoff::NONE)
            .shutdown(Shutdown::Timeout(limit))
            .stop_with(Arc::new(move |_| leaving.leaving.lock().cancel()))
    }

    /// Fetches and hands over, until the agent or the courier is to stop and nothing is under way.
    async fn run(&self) {
        let stopping = self.record.cancellation();
        let told_to_leave = self.leaving.lock().clone();
        let mut leasing: Option<Leasing<A::Message>> = None;
        let mut pause = PAUSE_MIN;
        loop {
            let is_leaving = stopping.is_cancelled() || told_to_leave.is_cancelled();
            let under_way = self.errands.lock().len();
            if is_leaving && under_way == 0 {
                return;
            }
            let free = self.prefetch.saturating_sub(under_way);
            if is_leaving {
                // What was about to be given is given back.
                leasing = None;
            } else if leasing.is_none() && free > 0 {
                leasing = Some(self.line.lease(free));
            }
            let leased = tokio::select! {
                () = self.next_done(), if under_way > 0 => continue,
                () = stopping.cancelled(), if !is_leaving => continue,
                () = told_to_leave.cancelled(), if !is_leaving => continue,
                leased = poll_some(&mut leasing) => leased,
            };
            leasing = None;
            match leased {
                Ok(leased) => {
                    pause = PAUSE_MIN;
                    let errands = self.errands.lock();
                    for delivery in leased {
                        errands.push(errand(Arc::clone(&self.record), delivery).boxed());
                    }
                }
                Err(error) => {
                    tracing::warn!(agent = %self.record.id(), queue = %self.line.name(), %error, "no messages from its queue");
                    let waited = select(sleep(pause).boxed(), told_to_leave.cancelled().boxed());
                    if let Either::Left(..) = waited.await {
                        pause = (pause * 2).min(PAUSE_MAX);
                    }
                }
            }
        }
    }

    /// Sees to all that is under way; done when one of them is.
    async fn next_done(&self) {
        std::future::poll_fn(|cx| self.poll_done(cx)).await;
    }

    fn poll_done(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.errands.lock().poll_next_unpin(cx).map(drop)
    }
}

/// The future that is there, or none that ever comes.
async fn poll_some<F: Future + Unpin>(future: &mut Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

/// Gives one message to the agent, and tells the queue what became of it.
async fn errand<A: Agent>(record: Arc<Record<A>>, delivery: Delivery<A::Message>) {
    let (message, claim) = delivery.into_parts();
    let claim = Arc::new(claim);
    let (reply, verdict) = ReplyTo::verdict();
    let mut slot = Some(Envelope::claimed(message, durable::extras(&claim), reply));
    loop {
        match record.admit(&mut slot) {
            Ok(()) => break,
            Err(Refusal::Closed) => return settle(&claim, Settlement::Release).await,
            // In maintenance; or full of what it sends itself.
            Err(_) => sleep(OFFERED_AGAIN).await,
        }
    }
    let verdict = verdict.await.unwrap_or(Err((Reason::Stopped, 0)));
    settle(&claim, judgement(&claim, &verdict)).await;
}

/// What the queue is told.
fn judgement<R>(claim: &Claim, verdict: &Answer<R>) -> Settlement {
    match verdict {
        Ok(_) => Settlement::Ack,
        Err(_) if claim.attempt().is_none() => Settlement::Release,
        Err((reason, _)) if claim.is_hopeless() || *reason == Reason::Quarantined => {
            let why = reason.to_string().into();
            Settlement::DeadLetter { why }
        }
        Err((reason, _)) => Settlement::Nack {
            delay: None,
            error: reason.to_string().into(),
        },
    }
}

/// Tells the queue what became of a message, again and again until it knows, or does not care any more.
async fn settle(claim: &Claim, settlement: Settlement) {
    let mut pause = PAUSE_MIN;
    loop {
        match claim.settle(settlement.clone()).await {
            Ok(Settled::Dead) => {
                tracing::warn!(queue = %claim.queue(), message = %claim.id(), "is a dead letter");
                return;
            }
            Ok(_) => return,
            Err(error) if error.is_retryable() => {
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            // Somebody else has it, or will.
            Err(error) => {
                tracing::debug!(queue = %claim.queue(), message = %claim.id(), %error, "not settled");
                return;
            }
        }
    }
}

/// A handler is about to begin on a message from a queue: that is on disk first.
///
/// # Errors
/// A failure that restarts nobody, if the lease is lost or the broker away.
#[cold]
pub(super) fn begin(
    claim: &Claim,
) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + '_>> {
    async {
        match claim.start().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::new(error.to_string()).without_restart()),
        }
    }
    .boxed()
}

/// A courier's actor. It has nothing of its own.
struct Runner<A: Agent>(Arc<Courier<A>>);

/// The only message: run.
struct Run;

impl<A: Agent> Actor for Runner<A> {
    type Msg = Run;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Run>, (): ()) -> Result<(), ActorProcessingErr> {
        myself.cast(Run)?;
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Run>,
        _: Run,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        self.0.run().await;
        myself.stop(None);
        Ok(())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Queue(Box::new(error))
    }
}
