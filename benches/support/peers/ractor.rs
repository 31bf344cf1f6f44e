//! ractor, every actor spawned linked to a supervisor, as a program that means to notice failures would do it.

use std::{convert::Infallible, marker::PhantomData};

use ractor::{
    Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SpawnErr, SupervisionEvent, rpc::CallResult,
};
use tokio::sync::watch;

use crate::{Message, Peer, Restarts, Role};

/// ractor without its default features: no tracing span travels with a message, which makes it faster.
#[derive(Debug)]
pub struct Ractor {
    supervisor: ActorRef<Infallible>,
}

/// Takes note of its children's ends and goes on; the default would stop with the first of them.
struct Supervisor;

impl Actor for Supervisor {
    type Msg = Infallible;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Infallible>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<Infallible>,
        _: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        Ok(())
    }
}

/// An actor that plays a role.
struct Player<R>(PhantomData<R>);

impl<R: Role> Actor for Player<R> {
    type Msg = Message;
    type State = R;
    type Arguments = R;

    async fn pre_start(&self, _: ActorRef<Message>, role: R) -> Result<R, ActorProcessingErr> {
        Ok(role)
    }

    async fn handle(
        &self,
        _: ActorRef<Message>,
        message: Message,
        role: &mut R,
    ) -> Result<(), ActorProcessingErr> {
        role.handle(&message).await;
        Ok(())
    }
}

/// Answers questions.
struct Echo;

/// What [`Echo`] is asked.
pub struct Question(Message, RpcReplyPort<u64>);

impl Actor for Echo {
    type Msg = Question;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Question>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle(
        &self,
        _: ActorRef<Question>,
        Question(message, reply): Question,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        reply.send(message.number())?;
        Ok(())
    }
}

/// Restarts its one child by hand, since ractor only reports the death; the child's mailbox is lost.
struct Restarter<R>(PhantomData<R>);

/// What a [`Restarter`] needs to know.
struct Restart<R> {
    role: R,
    address: watch::Sender<Option<ActorRef<Message>>>,
}

impl<R: Role> Restart<R> {
    async fn bring_up(&self, myself: &ActorRef<Infallible>) -> Result<(), SpawnErr> {
        let (child, _) = Actor::spawn_linked(
            None,
            Player(PhantomData),
            self.role.clone(),
            myself.get_cell(),
        )
        .await?;
        self.address.send_replace(Some(child));
        Ok(())
    }
}

impl<R: Role> Actor for Restarter<R> {
    type Msg = Infallible;
    type State = Restart<R>;
    type Arguments = Restart<R>;

    async fn pre_start(
        &self,
        myself: ActorRef<Infallible>,
        restart: Restart<R>,
    ) -> Result<Restart<R>, ActorProcessingErr> {
        restart.bring_up(&myself).await?;
        Ok(restart)
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<Infallible>,
        event: SupervisionEvent,
        restart: &mut Restart<R>,
    ) -> Result<(), ActorProcessingErr> {
        match event {
            SupervisionEvent::ActorTerminated(..) | SupervisionEvent::ActorFailed(..) => {
                restart.bring_up(&myself).await?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// The present address of an actor that comes back under a new one.
#[derive(Debug)]
pub struct Mortal {
    address: watch::Receiver<Option<ActorRef<Message>>>,
}

impl Mortal {
    fn present(&self) -> ActorRef<Message> {
        self.address
            .borrow()
            .clone()
            .expect("set before the restarter was up")
    }
}

impl Peer for Ractor {
    const NAME: &'static str = "ractor";
    type Address<R: Role> = ActorRef<Message>;
    type Echo = ActorRef<Question>;

    async fn start() -> Self {
        let (supervisor, _) = Actor::spawn(None, Supervisor, ()).await.expect("starts");
        Self { supervisor }
    }

    async fn shutdown(self) {
        self.supervisor
            .stop_and_wait(None, None)
            .await
            .expect("stops");
    }

    async fn spawn<R: Role>(&self, role: R) -> ActorRef<Message> {
        let supervisor = self.supervisor.get_cell();
        let (address, _) = Actor::spawn_linked(None, Player(PhantomData), role, supervisor)
            .await
            .expect("starts");
        address
    }

    async fn spawn_many<R: Role>(&self, role: R, count: usize) -> Vec<ActorRef<Message>> {
        let mut addresses = Vec::with_capacity(count);
        for _ in 0..count {
            addresses.push(self.spawn(role.clone()).await);
        }
        addresses
    }

    async fn tell<R: Role>(address: &ActorRef<Message>, message: Message) {
        address.cast(message).expect("the actor lives");
    }

    async fn stop<R: Role>(&self, addresses: Vec<ActorRef<Message>>) {
        for address in &addresses {
            address.stop(None);
        }
        for address in addresses {
            address
                .wait(None)
                .await
                .expect("there is no limit to run into");
        }
    }

    async fn echo(&self) -> ActorRef<Question> {
        let supervisor = self.supervisor.get_cell();
        let (echo, _) = Actor::spawn_linked(None, Echo, (), supervisor)
            .await
            .expect("starts");
        echo
    }

    async fn ask(echo: &ActorRef<Question>, message: Message) -> u64 {
        match echo.call(|reply| Question(message, reply), None).await {
            Ok(CallResult::Success(number)) => number,
            _ => panic!("every question is answered"),
        }
    }
}

impl Restarts for Ractor {
    type Mortal<R: Role> = Mortal;

    async fn mortal<R: Role>(&self, role: R) -> Mortal {
        let (sender, address) = watch::channel(None);
        let restart = Restart {
            role,
            address: sender,
        };
        let supervisor = self.supervisor.get_cell();
        Actor::spawn_linked(None, Restarter(PhantomData), restart, supervisor)
            .await
            .expect("starts");
        Mortal { address }
    }

    async fn kill<R: Role>(mortal: &mut Mortal) {
        mortal.address.mark_unchanged();
        mortal.present().kill();
        mortal.address.changed().await.expect("the restarter lives");
    }

    async fn tell_mortal<R: Role>(mortal: &Mortal, message: Message) {
        mortal
            .present()
            .cast(message)
            .expect("the replacement lives");
    }
}
