//! What can be told or asked.

use super::Agent;

/// A message that agent `A` takes, with the reply that belongs to it.
///
/// Everything that converts into [`Agent::Message`] is one. For agents written with [`#[agent]`](macro@crate::agent), so
/// is the message of each method, and it has that method's own reply type. The marker tells the two apart; it is
/// inferred.
#[diagnostic::on_unimplemented(
    message = "`{A}` does not take messages of type `{Self}`",
    label = "not a message of this agent",
    note = "send the agent's `Message` type or something that converts `Into` it",
    note = "or, for an agent written with `#[agent]`, the message struct of one of its methods"
)]
pub trait IntoMessage<A: Agent, Marker> {
    /// What an asker gets.
    type Reply: Send + 'static;

    /// The message itself.
    fn into_message(self) -> A::Message;

    /// This message's part of the agent's reply type. `None` if the agent answered with that of another message.
    fn reply(reply: A::Reply) -> Option<Self::Reply>;
}

/// Marks what converts into the agent's message type.
#[derive(Debug)]
pub struct Plain(());

/// Marks the message of one method of an agent written with [`#[agent]`](macro@crate::agent).
#[derive(Debug)]
pub struct Typed(());

#[diagnostic::do_not_recommend]
impl<A: Agent, M: Into<A::Message>> IntoMessage<A, Plain> for M {
    type Reply = A::Reply;

    fn into_message(self) -> A::Message {
        self.into()
    }

    fn reply(reply: A::Reply) -> Option<A::Reply> {
        Some(reply)
    }
}
