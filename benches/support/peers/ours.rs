//! ractor-agents as it is shipped, and with dedup and a time to live on top.

use std::{fmt, marker::PhantomData, time::Duration};

use ractor_agents::{
    agent::{Agent, AgentRef, Context, Failure},
    mailbox::{Identity, Inbound, Layer, Stack, dedup, ttl},
    message::Priority,
    supervision::{Backoff, Intensity},
    swarm::Swarm,
};

use crate::{Message, Peer, Restarts, Role};

/// Longer than any batch takes.
const WINDOW: Duration = Duration::from_mins(1);

/// More often than any bench kills.
const INTENSITY: Intensity = Intensity::new(1_000_000, Duration::from_secs(1));

/// What is in front of the mailbox.
pub trait Setup: Send + Sync + 'static {
    /// The name of the bench function.
    const NAME: &'static str;

    /// The layers.
    type Layers<A: Agent<Message = Message>>: Layer<Identity, Outer: Inbound<A>>
        + Clone
        + Send
        + Sync
        + 'static;

    /// Makes them; `None` for none at all.
    fn layers<A: Agent<Message = Message>>() -> Option<Self::Layers<A>>;
}

/// Nothing: lanes, bound, accounting, fence and guard are not layers.
#[derive(Debug)]
pub struct Plain;

impl Setup for Plain {
    const NAME: &'static str = "ractor_agents";
    type Layers<A: Agent<Message = Message>> = Identity;

    fn layers<A: Agent<Message = Message>>() -> Option<Identity> {
        None
    }
}

/// Dedup by content and a time to live.
#[derive(Debug)]
pub struct Full;

impl Setup for Full {
    const NAME: &'static str = "ractor_agents_full";
    type Layers<A: Agent<Message = Message>> = Stack<dedup::Layer<dedup::ByContent>, ttl::Layer>;

    fn layers<A: Agent<Message = Message>>() -> Option<Self::Layers<A>> {
        let dedup = dedup::Layer::by_content(WINDOW);
        Some(Stack::new(dedup, ttl::Layer::new(WINDOW)))
    }
}

/// Ours, in one of two set-ups.
pub struct Ours<S> {
    swarm: Swarm,
    setup: PhantomData<S>,
}

/// A plain `spawn`.
pub type RactorAgents = Ours<Plain>;
/// Dedup and a time to live on top.
pub type RactorAgentsFull = Ours<Full>;

impl<S> fmt::Debug for Ours<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ours").finish_non_exhaustive()
    }
}

/// An agent that plays a role.
#[derive(Clone, Debug)]
pub struct Player<R>(R);

impl<R: Role> Agent for Player<R> {
    type Message = Message;
    type Reply = ();

    async fn handle(&mut self, message: &Message, _: &Context<Self>) -> Result<(), Failure> {
        self.0.handle(message).await;
        Ok(())
    }
}

/// Answers questions.
#[derive(Clone, Debug)]
pub struct Echo;

impl Agent for Echo {
    type Message = Message;
    type Reply = u64;

    async fn handle(&mut self, message: &Message, _: &Context<Self>) -> Result<u64, Failure> {
        Ok(message.number())
    }
}

macro_rules! spawn {
    ($spawn:expr) => {{
        let spawn = $spawn;
        match S::layers() {
            None => spawn.await,
            Some(layers) => spawn.layer(layers).await,
        }
        .expect("the swarm lives")
    }};
}

impl<S: Setup> Peer for Ours<S> {
    const NAME: &'static str = S::NAME;
    type Address<R: Role> = AgentRef<Player<R>>;
    type Echo = AgentRef<Echo>;

    async fn start() -> Self {
        Self {
            swarm: Swarm::local(),
            setup: PhantomData,
        }
    }

    async fn shutdown(self) {
        self.swarm.shutdown(Duration::from_secs(10)).await;
    }

    async fn spawn<R: Role>(&self, role: R) -> AgentRef<Player<R>> {
        spawn!(self.swarm.spawn(Player(role)))
    }

    async fn spawn_many<R: Role>(&self, role: R, count: usize) -> Vec<AgentRef<Player<R>>> {
        spawn!(
            self.swarm
                .spawn_many(std::iter::repeat_n(Player(role), count))
        )
    }

    async fn spawn_deep<R: Role>(&self, role: R, depth: usize) -> AgentRef<Player<R>> {
        spawn!(self.swarm.spawn(Player(role)).depth(depth))
    }

    async fn tell<R: Role>(address: &AgentRef<Player<R>>, message: Message) {
        address.tell(message).await.expect("the agent lives");
    }

    async fn tell_low<R: Role>(address: &AgentRef<Player<R>>, message: Message) {
        let tell = address.tell(message).priority(Priority::Low);
        tell.await.expect("the agent lives");
    }

    async fn tell_critical<R: Role>(address: &AgentRef<Player<R>>, message: Message) {
        let tell = address.tell(message).priority(Priority::Critical);
        tell.await.expect("the agent lives");
    }

    async fn stop<R: Role>(&self, addresses: Vec<AgentRef<Player<R>>>) {
        addresses.iter().for_each(AgentRef::stop);
        for address in addresses {
            self.swarm.stop(address.id(), WINDOW).await;
        }
    }

    async fn echo(&self) -> AgentRef<Echo> {
        spawn!(self.swarm.spawn(Echo))
    }

    async fn ask(echo: &AgentRef<Echo>, message: Message) -> u64 {
        echo.ask(message).await.expect("the agent lives")
    }
}

impl<S: Setup> Restarts for Ours<S> {
    type Mortal<R: Role> = AgentRef<Player<R>>;

    async fn mortal<R: Role>(&self, role: R) -> AgentRef<Player<R>> {
        // Without backoff: what is measured is the restart, not the wait before it.
        let spawn = self.swarm.spawn(Player(role));
        spawn!(spawn.intensity(INTENSITY).restart_backoff(Backoff::NONE))
    }

    async fn kill<R: Role>(mortal: &mut AgentRef<Player<R>>) {
        mortal.kill();
    }

    async fn tell_mortal<R: Role>(mortal: &AgentRef<Player<R>>, message: Message) {
        mortal.tell(message).await.expect("the agent lives");
    }
}
