//! Messages that crash their handler over and over.

use std::collections::VecDeque;
use std::fmt;
use std::hash::Hash;

use parking_lot::Mutex;

use super::dedup::{ByContent, Fingerprint};
use crate::agent::{Agent, Context, Failure, Handler};

/// Puts content away that has crashed the agent too often: it goes to the dead letters unhandled, and nobody is
/// restarted for it again.
///
/// A strike is an attempt that did not come to an answer: a panic, a failure that restarts the agent, a missed deadline,
/// a kill. Strikes are counted per content, over attempts and over different messages of the same content, until one of
/// them succeeds.
#[derive(Clone, Debug)]
pub struct Layer<F> {
    fingerprint: F,
    strikes_max: u32,
}

/// How much struck content is remembered; the oldest is forgotten for the newest. Source: a guess.
const CONTENTS_MAX: usize = 1024;

impl Layer<ByContent> {
    /// Content is the same if the message's `Hash` says so; after `strikes_max` strikes, at least 1, it is quarantined.
    pub fn by_content(strikes_max: u32) -> Self {
        Self {
            fingerprint: ByContent::default(),
            strikes_max: strikes_max.max(1),
        }
    }
}

impl<F, Inner> super::Layer<Inner> for Layer<F> {
    type Outer = Quarantine<F, Inner>;

    fn layer(self, inner: Inner) -> Self::Outer {
        Quarantine {
            inner,
            layer: self,
            struck: Mutex::default(),
        }
    }
}

/// What [`Layer`] makes of an inner handler.
pub struct Quarantine<F, Inner> {
    inner: Inner,
    layer: Layer<F>,
    /// Content and strikes, oldest first. Short: content that succeeds is not in here.
    struck: Mutex<VecDeque<(u128, u32)>>,
}

impl<F, Inner> Quarantine<F, Inner> {
    /// Counts a strike ahead of the attempt, since one that crashes cannot. False if there were too many.
    fn strike(&self, print: u128) -> bool {
        let mut struck = self.struck.lock();
        if let Some((_, strikes)) = struck.iter_mut().find(|(known, _)| *known == print) {
            let is_allowed = *strikes < self.layer.strikes_max;
            *strikes += u32::from(is_allowed);
            return is_allowed;
        }
        if struck.len() >= CONTENTS_MAX {
            struck.pop_front();
        }
        struck.push_back((print, 1));
        true
    }

    fn forgive(&self, print: u128) {
        self.struck.lock().retain(|(known, _)| *known != print);
    }
}

impl<A, F, Inner> Handler<A> for Quarantine<F, Inner>
where
    A: Agent<Message: Hash>,
    F: Fingerprint<A>,
    Inner: Handler<A>,
{
    async fn handle(
        &self,
        agent: &mut A,
        message: &A::Message,
        ctx: &Context<A>,
    ) -> Result<A::Reply, Failure> {
        let Some(print) = self.layer.fingerprint.of(message, ctx.key()) else {
            return self.inner.handle(agent, message, ctx).await;
        };
        if !self.strike(print) {
            return Err(Failure::quarantined());
        }
        let result = self.inner.handle(agent, message, ctx).await;
        if result
            .as_ref()
            .map_or_else(|failure| !failure.restarts(), |_| true)
        {
            self.forgive(print);
        }
        result
    }
}

impl<F, Inner: fmt::Debug> fmt::Debug for Quarantine<F, Inner> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quarantine")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
