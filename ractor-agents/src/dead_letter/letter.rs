//! One message that nobody handled.

use std::any::Any;
use std::fmt;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::Reason;
use crate::message::{Headers, MessageId, Priority, TraceContext};

/// A message that nobody handled, with the reason and the attempts.
pub struct DeadLetter {
    /// The message's name; it tells whose mailbox it was in. `None` if it was in none: a router found
    /// [nobody](Reason::NoCandidate) for it.
    pub id: Option<MessageId>,
    /// The message's type.
    pub message_type: &'static str,
    /// Its lane.
    pub priority: Priority,
    /// Why it was not handled.
    pub reason: Reason,
    /// How many times a handler had begun; 0 if none did.
    pub attempts: u16,
    /// Whether it was an `ask`. Its asker is told right after the letter was written, or was before if the patience ended in
    /// line.
    pub was_ask: bool,
    /// What travelled with it.
    pub headers: Headers,
    /// Its place in a distributed trace.
    pub trace: Option<TraceContext>,
    /// When it came here.
    pub at: SystemTime,
    pub(crate) message: Mutex<Option<Box<dyn Any + Send + Sync>>>,
}

impl DeadLetter {
    /// Takes the message out, to send it again or to look at it.
    ///
    /// `None` if it was taken before, if it is of another type, or if a handler that could not be killed still has it.
    pub fn take<M: 'static>(&self) -> Option<M> {
        let mut slot = self.message.lock();
        match slot.take()?.downcast::<M>() {
            Ok(message) => Some(*message),
            Err(other) => {
                *slot = Some(other);
                None
            }
        }
    }
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadLetter")
            .field("id", &self.id)
            .field("message_type", &self.message_type)
            .field("reason", &self.reason)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
