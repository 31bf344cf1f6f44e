//! Plain functions as agents.

use std::fmt;
use std::marker::PhantomData;

use super::{Agent, Context, Failure};

/// What can be spawned: an [`Agent`] that is `Clone`, or a plain `async fn` of one argument.
///
/// The clone stays behind as the pristine state from which a restart begins. The marker tells the two kinds apart, so
/// that both impls can be blanket ones; it is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be spawned as an agent",
    label = "neither a `Clone` agent nor an `async fn` of one argument",
    note = "an agent is a `Clone` type with `impl Agent` (use `spawn_with` for one that is not `Clone`)",
    note = "or an `async fn(T) -> R` where `T` is `Clone + Send + Sync`, `R` is `Send`, and its future is `Send`"
)]
pub trait IntoAgent<Marker> {
    /// The agent that it becomes.
    type Agent: Agent + Clone;

    /// Makes the agent.
    fn into_agent(self) -> Self::Agent;
}

/// Marks what is an [`Agent`] already.
#[derive(Debug)]
pub struct IsAgent(());

/// Marks a function from `T`.
pub struct IsFunction<T>(PhantomData<fn(T)>);

impl<T> fmt::Debug for IsFunction<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IsFunction")
    }
}

impl<A: Agent + Clone> IntoAgent<IsAgent> for A {
    type Agent = Self;

    fn into_agent(self) -> Self {
        self
    }
}

impl<F, T, R, Answer> IntoAgent<IsFunction<T>> for F
where
    F: Fn(T) -> Answer + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    R: Send + 'static,
    Answer: Future<Output = R> + Send,
{
    type Agent = FnAgent<F, T>;

    fn into_agent(self) -> Self::Agent {
        FnAgent {
            function: self,
            argument: PhantomData,
        }
    }
}

/// A plain `async fn` of one argument, as an agent. See [`IntoAgent`].
pub struct FnAgent<F, T> {
    function: F,
    argument: PhantomData<fn(T)>,
}

impl<F, T, R, Answer> Agent for FnAgent<F, T>
where
    F: Fn(T) -> Answer + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    R: Send + 'static,
    Answer: Future<Output = R> + Send,
{
    type Message = T;
    type Reply = R;

    async fn handle(&mut self, message: &T, _ctx: &Context<Self>) -> Result<R, Failure> {
        Ok((self.function)(message.clone()).await)
    }

    fn kind() -> &'static str {
        std::any::type_name::<F>()
    }
}

impl<F: Clone, T> Clone for FnAgent<F, T> {
    fn clone(&self) -> Self {
        Self {
            function: self.function.clone(),
            argument: PhantomData,
        }
    }
}

impl<F, T> fmt::Debug for FnAgent<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FnAgent({})", std::any::type_name::<F>())
    }
}
