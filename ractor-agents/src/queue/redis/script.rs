//! The scripts: one per operation, each atomic.

/// What the server is asked to do with a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Open,
    Tick,
    Enqueue,
    Lease,
    Settle,
    Release,
    Pause,
    Stats,
    Peek,
    Purge,
    /// Of dead letters, what makes room or only looks.
    Dead,
    /// Of dead letters, what takes room.
    Redrive,
}

/// Refused where the server has no memory left: it takes room.
const TAKES: &str = "#!lua\n";
/// Done all the same: it makes room, or needs next to none.
const MAKES: &str = "#!lua flags=allow-oom\n";

macro_rules! source {
    ($head:ident, $file:literal) => {
        [
            $head,
            include_str!("lua/common.lua"),
            include_str!(concat!("lua/", $file, ".lua")),
        ]
    };
}

impl Script {
    pub(super) const ALL: [Self; 12] = [
        Self::Open,
        Self::Tick,
        Self::Enqueue,
        Self::Lease,
        Self::Settle,
        Self::Release,
        Self::Pause,
        Self::Stats,
        Self::Peek,
        Self::Purge,
        Self::Dead,
        Self::Redrive,
    ];

    /// What the server loads.
    pub(super) fn source(self) -> String {
        let parts = match self {
            Self::Open => source!(MAKES, "open"),
            Self::Tick => source!(MAKES, "tick"),
            Self::Enqueue => source!(TAKES, "enqueue"),
            Self::Lease => source!(MAKES, "lease"),
            Self::Settle => source!(MAKES, "settle"),
            Self::Release => source!(MAKES, "release"),
            Self::Pause => source!(MAKES, "pause"),
            Self::Stats => source!(MAKES, "stats"),
            Self::Peek => source!(MAKES, "peek"),
            Self::Purge => source!(MAKES, "purge"),
            Self::Dead => source!(MAKES, "dead"),
            Self::Redrive => source!(TAKES, "dead"),
        };
        parts.concat()
    }
}
