//! A handler's own word that it failed.

use std::error::Error;
use std::fmt;

use crate::budget::BudgetExhausted;
use crate::dead_letter::Reason;

/// Why a handler gave up on a message.
///
/// Returning it takes the road of a panic or a missed deadline: the supervisor restarts the agent, and the message goes
/// back to the front of its lane while it has attempts left, or to the dead letters. Any error becomes a failure with
/// `?`. A `Result` that is the agent's own reply type is the asker's business and restarts nobody.
///
/// An error that goes back to a [`BudgetExhausted`] makes a failure without a restart and without another attempt: the asker gets that
/// very error, with the path in it.
///
/// Its text goes into logs, dead letters and to the asker: keep payloads and secrets out of it.
pub struct Failure {
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
    restart: bool,
    retry: bool,
    is_quarantine: bool,
    exhausted: Option<Box<BudgetExhausted>>,
}

impl Failure {
    /// A failure in words.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            source: None,
            restart: true,
            retry: true,
            is_quarantine: false,
            exhausted: None,
        }
    }

    /// Leaves the agent as it is: its state is sound, only this message cannot be handled.
    pub fn without_restart(mut self) -> Self {
        self.restart = false;
        self
    }

    /// Ends the message now even if it has attempts left: it would fail again.
    pub fn without_retry(mut self) -> Self {
        self.retry = false;
        self
    }

    /// Whether the agent is to be restarted.
    pub fn restarts(&self) -> bool {
        self.restart
    }

    /// Whether another attempt may help.
    pub fn is_retryable(&self) -> bool {
        self.retry
    }

    /// The content has crashed the agent too often and is not tried again.
    pub(crate) fn quarantined() -> Self {
        let failure = Self::new("quarantined").without_restart().without_retry();
        Self {
            is_quarantine: true,
            ..failure
        }
    }

    pub(crate) fn reason(&self) -> Reason {
        if self.is_quarantine {
            Reason::Quarantined
        } else if let Some(exhausted) = &self.exhausted {
            Reason::BudgetExhausted(exhausted.clone())
        } else {
            Reason::Failed(self.text.as_str().into())
        }
    }

    /// The error that it was made from, if any.
    pub fn source(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.source.as_deref()
    }
}

// As with `anyhow::Error`: not itself an `Error`, so that every error converts into it.
impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let text = error.to_string();
        let exhausted = BudgetExhausted::within(&error).cloned().map(Box::new);
        Self {
            restart: exhausted.is_none(),
            retry: exhausted.is_none(),
            exhausted,
            source: Some(Box::new(error)),
            ..Self::new(text)
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("text", &self.text)
            .field("restart", &self.restart)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}
