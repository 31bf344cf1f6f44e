//! What has come to an end.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::agent::AgentId;

/// A budget has come to an end. Not retryable: it has for all that is done on behalf of the same message.
///
/// As an error of a handler (with `?`) it ends the message without another attempt and restarts nobody, since the agent's state is
/// sound, and the asker gets [`AskError::BudgetExhausted`](crate::agent::AskError::BudgetExhausted). So whoever began it all hears
/// of it, however many agents there are between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetExhausted {
    /// What has come to an end.
    pub which: Exhausted,
    /// The agents that the messages went through, in their order: each was sent a message by the one before it, and the last is the
    /// one who could not go on. The first one's message came from outside. Empty if that one was refused.
    pub path: Vec<AgentId>,
}

/// What of a budget has come to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exhausted {
    /// Messages may go no deeper.
    Hops,
    /// The time is over.
    Deadline,
    /// There was less of these units than was to be spent.
    Units(Arc<str>),
}

impl BudgetExhausted {
    /// The one that an error is, or goes back to.
    pub(crate) fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let cause = |error: &&'a (dyn Error + 'static)| (*error).source();
        let mut errors = std::iter::successors(Some(error), cause);
        errors.find_map(|error| {
            let boxed = error.downcast_ref::<Box<Self>>();
            boxed.map(|boxed| &**boxed).or(error.downcast_ref())
        })
    }
}

impl Error for BudgetExhausted {}

impl fmt::Display for BudgetExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the budget is exhausted: {}", self.which)?;
        for (place, agent) in self.path.iter().enumerate() {
            let before = if place == 0 { ", by way of " } else { " -> " };
            write!(f, "{before}{agent}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hops => f.write_str("no hops are left"),
            Self::Deadline => f.write_str("its time is over"),
            Self::Units(name) => write!(f, "not enough {name} are left"),
        }
    }
}
