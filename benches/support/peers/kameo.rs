//! kameo with unbounded mailboxes, which its documentation advises for high message rates, and without tracing.

use std::{fmt, time::Duration};

use kameo::{
    Actor,
    actor::{ActorRef, Spawn},
    error::Infallible,
    mailbox,
    message::Context,
    supervision::RestartPolicy,
};
use tokio::sync::watch;

use crate::{Message, Peer, Restarts, Role};

/// kameo: actors by plain `spawn`, those that are killed by `supervise`.
#[derive(Debug)]
pub struct Kameo {
    supervisor: ActorRef<Supervisor>,
}

/// Restarts what dies, one for one.
pub struct Supervisor;

impl Actor for Supervisor {
    type Args = ();
    type Error = Infallible;

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

/// Tells the bench under which reference an actor can be killed; a new one after each restart.
type Announce<R> = watch::Sender<Option<ActorRef<Player<R>>>>;

/// An actor that plays a role.
pub struct Player<R: Role> {
    role: R,
}

impl<R: Role> Actor for Player<R> {
    type Args = (R, Option<Announce<R>>);
    type Error = Infallible;

    async fn on_start(
        (role, announce): Self::Args,
        myself: ActorRef<Self>,
    ) -> Result<Self, Infallible> {
        if let Some(announce) = announce {
            announce.send_replace(Some(myself));
        }
        Ok(Self { role })
    }
}

impl<R: Role> kameo::message::Message<Message> for Player<R> {
    type Reply = ();

    async fn handle(&mut self, message: Message, _: &mut Context<Self, ()>) {
        self.role.handle(&message).await;
    }
}

/// Answers questions.
pub struct Echo;

/// What [`Echo`] is asked.
pub struct Question(Message);

impl Actor for Echo {
    type Args = ();
    type Error = Infallible;

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

impl kameo::message::Message<Question> for Echo {
    type Reply = u64;

    async fn handle(&mut self, question: Question, _: &mut Context<Self, u64>) -> u64 {
        question.0.number()
    }
}

/// An actor's lasting address, and the reference to its present life.
pub struct Mortal<R: Role> {
    address: ActorRef<Player<R>>,
    present: watch::Receiver<Option<ActorRef<Player<R>>>>,
}

impl<R: Role> fmt::Debug for Mortal<R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mortal").finish_non_exhaustive()
    }
}

impl Peer for Kameo {
    const NAME: &'static str = "kameo";
    type Address<R: Role> = ActorRef<Player<R>>;
    type Echo = ActorRef<Echo>;

    async fn start() -> Self {
        Self {
            supervisor: Supervisor::spawn(()),
        }
    }

    async fn shutdown(self) {
        self.supervisor.kill();
        self.supervisor.wait_for_shutdown().await;
    }

    async fn spawn<R: Role>(&self, role: R) -> ActorRef<Player<R>> {
        let address = Player::spawn_with_mailbox((role, None), mailbox::unbounded());
        address.wait_for_startup().await;
        address
    }

    async fn spawn_many<R: Role>(&self, role: R, count: usize) -> Vec<ActorRef<Player<R>>> {
        let addresses: Vec<_> = (0..count)
            .map(|_| Player::spawn_with_mailbox((role.clone(), None), mailbox::unbounded()))
            .collect();
        for address in &addresses {
            address.wait_for_startup().await;
        }
        addresses
    }

    async fn tell<R: Role>(address: &ActorRef<Player<R>>, message: Message) {
        address.tell(message).send().await.expect("the actor lives");
    }

    async fn stop<R: Role>(&self, addresses: Vec<ActorRef<Player<R>>>) {
        for address in &addresses {
            address.kill();
        }
        for address in addresses {
            address.wait_for_shutdown().await;
        }
    }

    async fn echo(&self) -> ActorRef<Echo> {
        Echo::spawn_with_mailbox((), mailbox::unbounded())
    }

    async fn ask(echo: &ActorRef<Echo>, message: Message) -> u64 {
        echo.ask(Question(message))
            .send()
            .await
            .expect("every question is answered")
    }
}

impl Restarts for Kameo {
    type Mortal<R: Role> = Mortal<R>;

    async fn mortal<R: Role>(&self, role: R) -> Mortal<R> {
        let (announce, present) = watch::channel(None);
        let address = Player::supervise(&self.supervisor, (role, Some(announce)))
            .restart_policy(RestartPolicy::Permanent)
            .restart_limit(u32::MAX, Duration::from_secs(1))
            .spawn_with_mailbox(mailbox::unbounded())
            .await;
        address.wait_for_startup().await;
        Mortal { address, present }
    }

    async fn kill<R: Role>(mortal: &mut Mortal<R>) {
        // The mailbox is kept: whoever is told next is the replacement.
        if let Some(present) = mortal.present.borrow().as_ref() {
            present.kill();
        }
    }

    async fn tell_mortal<R: Role>(mortal: &Mortal<R>, message: Message) {
        mortal
            .address
            .tell(message)
            .send()
            .await
            .expect("the mailbox outlives the actor");
    }
}
