//! actix, its actors shared out over as many arbiters as the other peers have workers.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    task::{Context as TaskContext, Waker},
    thread::JoinHandle,
};

use actix::{
    Actor, ActorContext, Addr, Arbiter, ArbiterHandle, Context, Handler, Supervised, Supervisor,
    System,
};

use crate::{Latch, Message, Peer, Restarts, Role, WORKERS};

/// How many actors in a row share a thread, so that a ring of a thousand crosses threads twice and not with every hop.
const NEIGHBOURS: usize = 500;

/// actix: a system on a thread of its own and one arbiter, thus one thread, for each worker of the others.
///
/// An actor runs where it was started and never moves; messages from the outside cross threads.
#[derive(Debug)]
pub struct Actix {
    system: System,
    arbiters: Vec<ArbiterHandle>,
    next: AtomicUsize,
    thread: JoinHandle<()>,
}

/// An actor that plays a role.
pub struct Player<R: Role> {
    role: R,
    started: Option<Arc<Latch>>,
}

impl<R: Role> Actor for Player<R> {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        if let Some(started) = self.started.take() {
            started.count_down();
        }
    }
}

impl<R: Role> Supervised for Player<R> {
    fn restarting(&mut self, _: &mut Context<Self>) {
        self.role = self.role.clone();
    }
}

impl actix::Message for Message {
    type Result = ();
}

impl<R: Role> Handler<Message> for Player<R> {
    type Result = ();

    fn handle(&mut self, message: Message, _: &mut Context<Self>) {
        // `do_send` never waits, so one poll is all that messages need, and a boxed future for each would be a handicap.
        // Only the beginning of a backlog makes it wait; that holds up no one else, for this thread is the actor's own then.
        let mut handled = pin!(self.role.handle(&message));
        let mut task = TaskContext::from_waker(Waker::noop());
        while handled.as_mut().poll(&mut task).is_pending() {
            std::thread::yield_now();
        }
    }
}

/// Ends an actor.
struct Halt;

impl actix::Message for Halt {
    type Result = ();
}

impl<R: Role> Handler<Halt> for Player<R> {
    type Result = ();

    fn handle(&mut self, _: Halt, context: &mut Context<Self>) {
        context.terminate();
    }
}

/// Answers questions.
pub struct Echo;

impl Actor for Echo {
    type Context = Context<Self>;
}

/// What [`Echo`] is asked.
struct Question(Message);

impl actix::Message for Question {
    type Result = u64;
}

impl Handler<Question> for Echo {
    type Result = u64;

    fn handle(&mut self, question: Question, _: &mut Context<Self>) -> u64 {
        question.0.number()
    }
}

impl Actix {
    fn launch<R: Role>(&self, role: R, started: Option<Arc<Latch>>) -> Addr<Player<R>> {
        Player::start_in_arbiter(self.arbiter(), move |_| Player { role, started })
    }

    fn arbiter(&self) -> &ArbiterHandle {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        &self.arbiters[turn / NEIGHBOURS % self.arbiters.len()]
    }
}

impl Peer for Actix {
    const NAME: &'static str = "actix";
    type Address<R: Role> = Addr<Player<R>>;
    type Echo = Addr<Echo>;

    async fn start() -> Self {
        let (sender, receiver) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runner = System::new();
            let arbiters: Vec<_> =
                runner.block_on(async { (0..WORKERS).map(|_| Arbiter::new().handle()).collect() });
            sender
                .send((System::current(), arbiters))
                .expect("the bench waits for it");
            runner.run().expect("stops with code 0");
        });
        let (system, arbiters) = receiver.recv().expect("the system is up");
        Self {
            system,
            arbiters,
            next: AtomicUsize::new(0),
            thread,
        }
    }

    async fn shutdown(self) {
        for arbiter in &self.arbiters {
            arbiter.stop();
        }
        self.system.stop();
        self.thread.join().expect("the system ends");
    }

    async fn spawn<R: Role>(&self, role: R) -> Addr<Player<R>> {
        let started = Arc::new(Latch::default());
        started.arm(1);
        let address = self.launch(role, Some(Arc::clone(&started)));
        started.wait().await;
        address
    }

    async fn spawn_many<R: Role>(&self, role: R, count: usize) -> Vec<Addr<Player<R>>> {
        let started = Arc::new(Latch::default());
        started.arm(count);
        let addresses = (0..count)
            .map(|_| self.launch(role.clone(), Some(Arc::clone(&started))))
            .collect();
        started.wait().await;
        addresses
    }

    async fn tell<R: Role>(address: &Addr<Player<R>>, message: Message) {
        address.do_send(message);
    }

    async fn stop<R: Role>(&self, addresses: Vec<Addr<Player<R>>>) {
        for address in &addresses {
            address.do_send(Halt);
        }
        for address in addresses {
            // Answered by nobody: the reply ends when the actor, and this message with it, is dropped.
            let _ = address.send(Halt).await;
        }
    }

    async fn echo(&self) -> Addr<Echo> {
        Echo::start_in_arbiter(self.arbiter(), |_| Echo)
    }

    async fn ask(echo: &Addr<Echo>, message: Message) -> u64 {
        echo.send(Question(message))
            .await
            .expect("every question is answered")
    }
}

impl Restarts for Actix {
    type Mortal<R: Role> = Addr<Player<R>>;

    async fn mortal<R: Role>(&self, role: R) -> Addr<Player<R>> {
        Supervisor::start_in_arbiter(self.arbiter(), move |_| Player {
            role,
            started: None,
        })
    }

    async fn kill<R: Role>(mortal: &mut Addr<Player<R>>) {
        // actix has no kill from the outside and no restart after a panic: the actor ends itself.
        mortal.do_send(Halt);
    }

    async fn tell_mortal<R: Role>(mortal: &Addr<Player<R>>, message: Message) {
        mortal.do_send(message);
    }
}
