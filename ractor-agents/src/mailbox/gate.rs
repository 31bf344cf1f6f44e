//! Whether a mailbox takes messages in.

use super::Refusal;

/// Whether a mailbox takes messages in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    /// Closed by hand until it is opened again; what is in line is handled.
    Maintenance,
    /// Closed for good; what is in line is handled, then the agent ends.
    Draining,
    /// Closed for good, and nothing is in line.
    Closed,
}

impl Gate {
    pub(crate) fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Open => None,
            Self::Maintenance => Some(Refusal::Maintenance),
            Self::Draining | Self::Closed => Some(Refusal::Closed),
        }
    }
}
