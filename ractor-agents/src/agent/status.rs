//! What an agent is doing.

use std::fmt;

/// What an agent is doing, as far as its mailbox and its supervisor can see.
///
/// Seven of the eight move by themselves; [`Maintenance`](Self::Maintenance) is set by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It is being started or restarted; messages wait in line.
    Starting,
    /// Nothing to do.
    Idle,
    /// A message is in hand or in line.
    Busy,
    /// A lane is filled to four fifths or more.
    Overloaded,
    /// It failed and waits for its restart; messages wait in line.
    Error,
    /// It finishes what it has and takes nothing new, until it is resumed.
    Maintenance,
    /// It finishes what it has and then ends.
    Stopping,
    /// It has ended: stopped, or given up by its supervisor.
    Offline,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Starting,
        Self::Idle,
        Self::Busy,
        Self::Overloaded,
        Self::Error,
        Self::Maintenance,
        Self::Stopping,
        Self::Offline,
    ];

    /// The lower-case name, as in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Idle => "idle",
            Self::Busy => "busy",
            Self::Overloaded => "overloaded",
            Self::Error => "error",
            Self::Maintenance => "maintenance",
            Self::Stopping => "stopping",
            Self::Offline => "offline",
        }
    }

    /// Whether the agent's mailbox takes messages in.
    pub const fn accepts(self) -> bool {
        !matches!(self, Self::Maintenance | Self::Stopping | Self::Offline)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
