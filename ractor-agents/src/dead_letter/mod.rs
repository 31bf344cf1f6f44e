//! Where messages go that nobody handled.
//!
//! A letter is written before the asker of its message hears of the failure. The one exception is patience that ends while
//! the message is in line: the asker hears at once, and the letter is written when the agent comes to the message.

mod letter;
mod office;
mod reason;

pub use letter::DeadLetter;
pub use office::DeadLetters;
pub(crate) use reason::End;
pub use reason::Reason;
