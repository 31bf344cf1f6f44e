//! What a lease is shown by.

use super::MessageId;

/// What a lease is shown by. Never given twice, so that whoever had a message before cannot touch it any more: a fencing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// Of the opening, connection or server that gave it. Later ones have higher epochs.
    pub epoch: u64,
    /// Of the lease in its epoch. Later leases have higher numbers.
    pub number: u64,
    /// The message.
    pub id: MessageId,
}

/// Why a lease is not good any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Stale {
    /// It was given before the queue was opened anew.
    #[error("the lease is from before the queue was opened anew")]
    Restarted,
    /// No such lease was ever given.
    #[error("no such lease was ever given")]
    Unknown,
    /// The message is acknowledged, purged, discarded or redriven since.
    #[error("the message is done with")]
    Gone,
    /// The message is a dead letter.
    #[error("the message is a dead letter")]
    Dead,
    /// The message has been leased anew since.
    #[error("the message has been leased anew")]
    Replaced,
    /// The lease ran out, and the message waits for another.
    #[error("the lease has run out")]
    Expired,
    /// The lease was given back, and the message waits for another.
    #[error("the lease was given back")]
    GivenBack,
}
