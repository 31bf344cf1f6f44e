//! A layer of one's own in a page: messages above a size are refused before they are in line.
//!
//! ```text
//! cargo run --example custom_layer
//!
//! taken: "short"
//! refused: printer#1 did not take the message: size limit: 28 bytes, the limit is 16
//! still here: "much too long for this agent"
//! ```
//!
//! A [`Layer`] wraps whatever stands behind it: other layers, and at last the mailbox. It runs on the sender's task, so it
//! must not block. A refused message stays with its sender: nothing is lost.

use ractor_agents::mailbox::{Inbound, Layer, Mailbox, Offer, Refusal};
use ractor_agents::prelude::*;

/// What the user of the layer writes: `.layer(SizeLimit { bytes_max: 16 })`.
#[derive(Clone, Copy)]
struct SizeLimit {
    bytes_max: usize,
}

/// What becomes of it, once it is known what stands behind it.
struct SizeLimited<Inner> {
    inner: Inner,
    bytes_max: usize,
}

impl<Inner> Layer<Inner> for SizeLimit {
    type Outer = SizeLimited<Inner>;

    fn layer(self, inner: Inner) -> Self::Outer {
        SizeLimited {
            inner,
            bytes_max: self.bytes_max,
        }
    }
}

/// For agents whose messages know their size as bytes.
impl<A, Inner> Inbound<A> for SizeLimited<Inner>
where
    A: Agent<Message: AsRef<[u8]>>,
    Inner: Inbound<A>,
{
    fn offer(&self, offer: Offer<'_, A>, mailbox: &Mailbox<A>) -> Result<(), Refusal> {
        let (bytes, bytes_max) = (offer.message().as_ref().len(), self.bytes_max);
        if bytes > bytes_max {
            // No payload in here: refusals end up in logs.
            let text = format!("{bytes} bytes, the limit is {bytes_max}");
            let layer = "size limit";
            return Err(Refusal::Layer { layer, text });
        }
        self.inner.offer(offer, mailbox)
    }
}

async fn printer(text: String) {
    println!("taken: {text:?}");
}

#[tokio::main]
async fn main() -> Result<()> {
    let swarm = Swarm::local();
    let printer = swarm
        .spawn(printer)
        .layer(SizeLimit { bytes_max: 16 })
        .await?;
    printer.ask("short").await?;
    if let Err(error) = printer.tell("much too long for this agent").await {
        println!("refused: {error}");
        println!("still here: {:?}", error.into_message());
    }
    Ok(())
}
