//! The way back to an asker.

use std::fmt;

use tokio::sync::oneshot;

use crate::dead_letter::Reason;

/// What an asker gets: the answer, or why there will be none and how often it was tried.
pub(crate) type Answer<R> = Result<R, (Reason, u16)>;

/// The way back to an asker. Dropped unused, it tells the asker that the agent ended.
pub(crate) struct ReplyTo<R>(oneshot::Sender<Answer<R>>);

impl<R> ReplyTo<R> {
    pub(crate) fn channel() -> (Self, oneshot::Receiver<Answer<R>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// An asker that went away does not hear it, which is no error.
    pub(crate) fn send(self, answer: Answer<R>) {
        let _ = self.0.send(answer);
    }

    /// Whether nobody waits any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.0.is_closed()
    }
}

impl<R> fmt::Debug for ReplyTo<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyTo")
    }
}
