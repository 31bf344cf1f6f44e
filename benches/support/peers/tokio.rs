//! A task and an unbounded channel: what is left when there is no actor library.

use std::sync::Arc;

use tokio::{
    sync::{
        mpsc::{UnboundedSender, unbounded_channel},
        oneshot,
    },
    task::AbortHandle,
};

use crate::{Latch, Message, Peer, Role};

/// Bare tokio. Nothing restarts, nothing is supervised.
#[derive(Debug)]
pub struct Tokio;

/// The channel of a task, and the way to end the task.
#[derive(Clone, Debug)]
pub struct Address {
    sender: UnboundedSender<Message>,
    task: AbortHandle,
}

impl Tokio {
    fn launch(mut role: impl Role, started: Option<Arc<Latch>>) -> Address {
        let (sender, mut receiver) = unbounded_channel::<Message>();
        let task = tokio::spawn(async move {
            if let Some(started) = started {
                started.count_down();
            }
            while let Some(message) = receiver.recv().await {
                role.handle(&message).await;
            }
        });
        Address {
            sender,
            task: task.abort_handle(),
        }
    }
}

impl Peer for Tokio {
    const NAME: &'static str = "tokio";
    type Address<R: Role> = Address;
    type Echo = UnboundedSender<(Message, oneshot::Sender<u64>)>;

    async fn start() -> Self {
        Self
    }

    async fn shutdown(self) {}

    async fn spawn<R: Role>(&self, role: R) -> Address {
        Self::launch(role, None)
    }

    async fn spawn_many<R: Role>(&self, role: R, count: usize) -> Vec<Address> {
        let started = Arc::new(Latch::default());
        started.arm(count);
        let addresses = (0..count)
            .map(|_| Self::launch(role.clone(), Some(Arc::clone(&started))))
            .collect();
        started.wait().await;
        addresses
    }

    async fn tell<R: Role>(address: &Address, message: Message) {
        address.sender.send(message).expect("the task lives");
    }

    async fn stop<R: Role>(&self, addresses: Vec<Address>) {
        for address in &addresses {
            address.task.abort();
        }
        for address in addresses {
            address.sender.closed().await;
        }
    }

    async fn echo(&self) -> Self::Echo {
        let (sender, mut receiver) = unbounded_channel::<(Message, oneshot::Sender<u64>)>();
        // Ends by itself when the bench drops the sender.
        tokio::spawn(async move {
            while let Some((message, reply)) = receiver.recv().await {
                let _ = reply.send(message.number());
            }
        });
        sender
    }

    async fn ask(echo: &Self::Echo, message: Message) -> u64 {
        let (reply, answer) = oneshot::channel();
        echo.send((message, reply)).expect("the task lives");
        answer.await.expect("every question is answered")
    }
}
