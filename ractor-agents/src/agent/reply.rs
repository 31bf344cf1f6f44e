//! The way back to an asker.

use std::fmt;

use tokio::sync::oneshot;

use super::Awaited;
use crate::dead_letter::Reason;
use crate::message::Moment;

/// What an asker gets: the answer, or why there will be none and how often it was tried.
pub(crate) type Answer<R> = Result<R, (Reason, u16)>;

/// The way back to an asker. Dropped unused, it tells the asker that the agent ended.
pub(crate) struct ReplyTo<R> {
    sender: oneshot::Sender<Answer<R>>,
    until: Moment,
}

impl<R> ReplyTo<R> {
    /// A way back that is open until then.
    pub(crate) fn channel(until: Moment) -> (Self, Awaited<R>) {
        let (sender, receiver) = oneshot::channel();
        (Self { sender, until }, Awaited::new(receiver))
    }

    /// A way back that never closes, to whoever has to know how it ended.
    pub(crate) fn verdict() -> (Self, oneshot::Receiver<Answer<R>>) {
        let (sender, receiver) = oneshot::channel();
        let until = Moment::NEVER;
        (Self { sender, until }, receiver)
    }

    /// An asker that went away does not hear it, which is no error.
    pub(crate) fn send(self, answer: Answer<R>) {
        let _ = self.sender.send(answer);
    }

    /// When the asker's patience is over.
    pub(crate) fn until(&self) -> Moment {
        self.until
    }

    /// Whether nobody waits any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl<R> fmt::Debug for ReplyTo<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplyTo")
    }
}
