//! Where messages go that nobody handled.

mod letter;
mod office;
mod reason;

pub use letter::DeadLetter;
pub use office::DeadLetters;
pub(crate) use reason::End;
pub use reason::Reason;
