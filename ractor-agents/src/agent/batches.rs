//! The run loop of an agent that handles messages together.

use std::pin::pin;

use ractor::ActorProcessingErr;
use tokio::time::sleep;

use super::cell::{end_incarnation, yield_once};
use super::context::Context;
use super::pace::Pace;
use super::record::Batch;
use super::{Agent, Failure, Record};
use crate::mailbox::{InHand, Next, Unparked};
use crate::message::Moment;

/// Handles one batch after another until there is a reason to end.
pub(super) async fn serve_batches<A: Agent>(
    record: &Record<A>,
    batch: Batch,
    epoch: u32,
    agent: &mut A,
    ctx: &mut Context<A>,
) -> Result<(), ActorProcessingErr> {
    let mailbox = &record.mailbox;
    let mut pace = Pace::new();
    loop {
        match std::future::poll_fn(|cx| mailbox.poll_unparked(epoch, cx)).await {
            Unparked::Ready => {}
            Unparked::Drained => {
                agent.on_stop(ctx).await;
                return Ok(());
            }
        }
        fill(record, batch, epoch).await;
        let now = Moment::now();
        let mut in_hand = InHands(Vec::new());
        while in_hand.0.len() < batch.size_max {
            match mailbox.next(epoch, now) {
                Next::Deliver(envelope) => in_hand.0.push(envelope),
                Next::Leave if in_hand.0.is_empty() => {
                    agent.on_stop(ctx).await;
                    return Ok(());
                }
                Next::Empty | Next::Leave => break,
                Next::Fenced => return Ok(()),
            }
        }
        deliver(agent, in_hand, ctx).await?;
        if pace.served(true) {
            yield_once().await;
            pace.resume();
        }
    }
}

/// Waits until a batch is full or the first of it has waited long enough.
async fn fill<A: Agent>(record: &Record<A>, batch: Batch, epoch: u32) {
    let mut delay = pin!(sleep(batch.delay_max));
    std::future::poll_fn(|cx| {
        if delay.as_mut().poll(cx).is_ready() {
            return std::task::Poll::Ready(());
        }
        record.mailbox.poll_filled(epoch, batch.size_max, cx)
    })
    .await;
}

/// Envelopes that are handled together, in their order.
struct InHands<'a, A: Agent>(Vec<InHand<'a, A>>);

impl<A: Agent> Drop for InHands<'_, A> {
    fn drop(&mut self) {
        // Last first, so that those which go back are in line in their order.
        while self.0.pop().is_some() {}
    }
}

async fn deliver<A: Agent>(
    agent: &mut A,
    mut in_hand: InHands<'_, A>,
    ctx: &mut Context<A>,
) -> Result<(), ActorProcessingErr> {
    for envelope in &in_hand.0 {
        ctx.enter(envelope.stamp, envelope.extras.clone());
    }
    let messages: Vec<&A::Message> = in_hand.0.iter().filter_map(InHand::message).collect();
    if messages.is_empty() {
        return Ok(());
    }
    let handled = agent
        .handle_batch(&messages, ctx)
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
                .for_each(|(envelope, reply)| envelope.complete(reply));
            Ok(())
        }
        Err(failure) => {
            while let Some(envelope) = in_hand.0.pop() {
                envelope.fail(&failure);
            }
            end_incarnation(&failure)
        }
    }
}
