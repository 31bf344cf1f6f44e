//! The run loop of an agent that handles messages together.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::join_all;
use ractor::ActorProcessingErr;
use tokio::time::sleep;

use super::cell::{end_incarnation, fenced};
use super::context::Context;
use super::courier::begin;
use super::noting::{Notes, Noting};
use super::record::Batch;
use super::{Agent, Failure, Pace, Record};
use crate::mailbox::{Hand, Next, Unparked};

/// Handles one batch after another until there is a reason to end.
pub(super) async fn serve_batches<A: Agent>(
    record: &Record<A>,
    batch: Batch,
    epoch: u32,
    agent: &mut A,
    ctx: &mut Context<A>,
    notes: &mut Notes,
) -> Result<(), ActorProcessingErr> {
    let mailbox = &record.mailbox;
    let mut pace = Pace::new(mailbox.settings().clock);
    loop {
        match poll_fn(|cx| mailbox.poll_unparked(epoch, cx)).await {
            Unparked::Ready => {}
            Unparked::Drained => {
                ctx.leave();
                agent.on_stop(ctx).await;
                return Ok(());
            }
        }
        fill(record, batch, epoch).await;
        let mut in_hand = Batched(Vec::new());
        let now = mailbox.settings().clock.now();
        while in_hand.0.len() < batch.size_max {
            let mut hand = mailbox.hand(epoch);
            match hand.try_next(now) {
                Next::Deliver => in_hand.0.push(hand),
                Next::Leave if in_hand.0.is_empty() => {
                    ctx.leave();
                    agent.on_stop(ctx).await;
                    return Ok(());
                }
                Next::Fenced => return fenced(record),
                _ => break,
            }
        }
        deliver(agent, in_hand, ctx, notes).await?;
        pace.handled(true);
        if pace.tick().is_none() {
            pace.rest();
            yield_once().await;
        }
    }
}

/// Waits until a batch is full or the first of it has waited long enough.
async fn fill<A: Agent>(record: &Record<A>, batch: Batch, epoch: u32) {
    let mut delay = pin!(sleep(batch.delay_max));
    poll_fn(|cx| {
        if delay.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        record.mailbox.poll_filled(epoch, batch.size_max, cx)
    })
    .await;
}

/// Envelopes that are handled together, in their order.
struct Batched<'a, A: Agent>(Vec<Hand<'a, A>>);

impl<A: Agent> Drop for Batched<'_, A> {
    fn drop(&mut self) {
        // Last first, so that those which go back are in line in their order.
        while self.0.pop().is_some() {}
    }
}

async fn deliver<A: Agent>(
    agent: &mut A,
    mut in_hand: Batched<'_, A>,
    ctx: &mut Context<A>,
    notes: &mut Notes,
) -> Result<(), ActorProcessingErr> {
    ctx.enter_batch(&in_hand.0);
    begin_all(&mut in_hand.0).await;
    let messages: Vec<&A::Message> = in_hand.0.iter().filter_map(Hand::message).collect();
    if messages.is_empty() {
        return Ok(());
    }
    let handled = Noting::new(agent.handle_batch(&messages, ctx), notes, ctx)
        .await
        .and_then(|replies| {
            let (expected, got) = (messages.len(), replies.len());
            let wrong = || {
                Failure::new(format!(
                    "handle_batch gave {got} replies to {expected} messages"
                ))
            };
            (expected == got).then_some(replies).ok_or_else(wrong)
        });
    drop(messages);
    match handled {
        Ok(replies) => {
            let in_hand = std::mem::take(&mut in_hand.0);
            in_hand
                .into_iter()
                .zip(replies)
                .for_each(|(hand, reply)| hand.complete(reply));
            Ok(())
        }
        Err(failure) => {
            while let Some(mut hand) = in_hand.0.pop() {
                hand.fail(&failure);
            }
            end_incarnation(&failure)
        }
    }
}

/// Begins on what is from a durable queue. Whose lease is lost by now is left out.
async fn begin_all<A: Agent>(in_hand: &mut Vec<Hand<'_, A>>) {
    if in_hand.iter().all(|hand| hand.claim().is_none()) {
        return;
    }
    let begun = in_hand
        .iter()
        .map(|hand| hand.claim().cloned())
        .map(|claim| async {
            match claim {
                Some(claim) => begin(&claim).await,
                None => Ok(()),
            }
        });
    let begun = Box::pin(join_all(begun)).await;
    let mut begun = begun.into_iter();
    in_hand.retain_mut(|hand| match begun.next() {
        Some(Err(failure)) => {
            hand.fail(&failure);
            false
        }
        _ => true,
    });
}

/// Lets other tasks of the worker run. Cheaper than tokio's, which waits for the I/O driver first.
async fn yield_once() {
    let mut is_resumed = false;
    poll_fn(|cx| {
        if is_resumed {
            return Poll::Ready(());
        }
        is_resumed = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
