//! Agents as what they take and answer.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use crate::agent::{Agent, Context, Failure};

/// Stands for every agent that takes messages of type `M` and answers with `R`: for [routers](super::Router) over agents of different
/// types, and over functions, whose types cannot be written down. There is none of it.
pub struct Protocol<M, R>(Infallible, PhantomData<fn(M) -> R>);

impl<M: Send + Sync + 'static, R: Send + 'static> Agent for Protocol<M, R> {
    type Message = M;
    type Reply = R;

    async fn handle(&mut self, _: &M, _: &Context<Self>) -> Result<R, Failure> {
        match self.0 {}
    }
}

impl<M, R> fmt::Debug for Protocol<M, R> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}
