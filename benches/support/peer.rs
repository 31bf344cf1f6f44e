//! What a library must offer to be measured.

use crate::{Message, Role};

/// A way to run agents. One value of it is whatever its agents share: a supervisor, threads, nothing.
pub trait Peer: Send + Sync + Sized + 'static {
    /// The name of the bench function.
    const NAME: &'static str;

    /// Where an agent's messages are sent to.
    type Address<R: Role>: Clone + Send + Sync + 'static;

    /// An agent that answers each question with its number.
    type Echo: Send + Sync + 'static;

    /// Brings up what the agents share.
    fn start() -> impl Future<Output = Self> + Send;

    /// Takes it down again.
    fn shutdown(self) -> impl Future<Output = ()> + Send;

    /// Starts one agent, supervised where its library's users would have it so.
    fn spawn<R: Role>(&self, role: R) -> impl Future<Output = Self::Address<R>> + Send;

    /// Starts `count` agents; returns when all of them have started.
    fn spawn_many<R: Role>(
        &self,
        role: R,
        count: usize,
    ) -> impl Future<Output = Vec<Self::Address<R>>> + Send;

    /// Starts an agent whose mailbox takes `depth` messages; the same as [`spawn`](Self::spawn) where mailboxes have no bound.
    fn spawn_deep<R: Role>(
        &self,
        role: R,
        depth: usize,
    ) -> impl Future<Output = Self::Address<R>> + Send {
        let _ = depth;
        self.spawn(role)
    }

    /// Puts a message in line, waiting for room where there is a bound.
    fn tell<R: Role>(
        address: &Self::Address<R>,
        message: Message,
    ) -> impl Future<Output = ()> + Send;

    /// Puts a message of the lowest priority in line; an ordinary message where there are no priorities.
    fn tell_low<R: Role>(
        address: &Self::Address<R>,
        message: Message,
    ) -> impl Future<Output = ()> + Send {
        Self::tell(address, message)
    }

    /// Puts a message of the highest priority in line; an ordinary message where there are no priorities.
    fn tell_critical<R: Role>(
        address: &Self::Address<R>,
        message: Message,
    ) -> impl Future<Output = ()> + Send {
        Self::tell(address, message)
    }

    /// Stops agents and returns when they are gone.
    fn stop<R: Role>(&self, addresses: Vec<Self::Address<R>>) -> impl Future<Output = ()> + Send;

    /// Starts an agent that answers questions.
    fn echo(&self) -> impl Future<Output = Self::Echo> + Send;

    /// Asks and waits for the answer.
    fn ask(echo: &Self::Echo, message: Message) -> impl Future<Output = u64> + Send;
}

/// A peer whose agents live on after a kill.
pub trait Restarts: Peer {
    /// An agent and what it takes to kill it.
    type Mortal<R: Role>: Send + Sync + 'static;

    /// Starts an agent that will be replaced whenever it is killed, however often that is.
    fn mortal<R: Role>(&self, role: R) -> impl Future<Output = Self::Mortal<R>> + Send;

    /// Kills the agent; returns as soon as a message may be sent to its replacement.
    fn kill<R: Role>(mortal: &mut Self::Mortal<R>) -> impl Future<Output = ()> + Send;

    /// Puts a message in line.
    fn tell_mortal<R: Role>(
        mortal: &Self::Mortal<R>,
        message: Message,
    ) -> impl Future<Output = ()> + Send;
}
