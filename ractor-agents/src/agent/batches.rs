//! The run loop of an agent that handles messages together.

use std::pin::pin;

use ractor::ActorProcessingErr;
use tokio::time::sleep;

use super::cell::end_incarnation;
use super::context::Context;
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
        let mut in_hand = Vec::new();
        while in_hand.len() < batch.size_max {
            match mailbox.next(epoch, now) {
                Next::Deliver(envelope) => in_hand.push(envelope),
                Next::Empty => break,
                Next::Fenced => return Ok(()),
            }
        }
        deliver(agent, in_hand, ctx).await?;
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

async fn deliver<A: Agent>(
    agent: &mut A,
    in_hand: Vec<InHand<'_, A>>,
    ctx: &mut Context<A>,
) -> Result<(), ActorProcessingErr> {
    let messages: Vec<&A::Message> = in_hand.iter().filter_map(InHand::message).collect();
    let Some(first) = in_hand.first() else {
        return Ok(());
    };
    ctx.enter(first.stamp, None);
    let handled = agent
        .handle_batch(&messages, ctx)
        .await
        .and_then(|replies| {
            let (expected, got) = (messages.len(), replies.len());
            let is_complete = expected == got;
            let wrong = || {
                Failure::new(format!(
                    "handle_batch gave {got} replies to {expected} messages"
                ))
            };
            is_complete.then_some(replies).ok_or_else(wrong)
        });
    drop(messages);
    match handled {
        Ok(replies) => {
            in_hand
                .into_iter()
                .zip(replies)
                .for_each(|(envelope, reply)| envelope.complete(reply));
            Ok(())
        }
        Err(failure) => {
            // Last first, so that they are back in line in their order.
            in_hand
                .into_iter()
                .rev()
                .for_each(|envelope| envelope.fail(&failure));
            end_incarnation(&failure)
        }
    }
}
