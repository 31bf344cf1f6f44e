//! How a child is made to stop.

use std::time::Duration;

/// How long a child may take to stop before it is killed.
///
/// Source: OTP's `supervisor`, the `shutdown` key of a child specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// It is killed at once.
    BrutalKill,
    /// It is asked to stop, and killed after this long.
    Timeout(Duration),
    /// It is asked to stop and may take for ever; meant for supervisors.
    Infinity,
}

impl Shutdown {
    /// What a worker gets unless it says otherwise: 5 s.
    ///
    /// Source: OTP's default for workers.
    pub const WORKER: Self = Self::Timeout(Duration::from_secs(5));

    /// What a supervisor gets unless it says otherwise: all the time its own children need.
    ///
    /// Source: OTP's default for supervisors.
    pub const SUPERVISOR: Self = Self::Infinity;
}

/// How long a killed child may take to end before it is abandoned: 50 ms.
///
/// A kill takes effect at the child's next await, usually within 0.1 ms (measured, ractor 0.16.5);
/// a child that is still there after this long computes without awaiting and cannot be ended in a tokio process.
pub const KILL_GRACE: Duration = Duration::from_millis(50);

/// How long a child may take to start before its start is a failure: 30 s.
///
/// OTP waits for ever, because it can kill any process; here a start that hangs must not hang the tree. The figure is a guess.
pub const START_DEADLINE: Duration = Duration::from_secs(30);

/// How many abandoned children a supervisor bears at a time before it escalates: 8. The figure is a guess.
pub const ABANDONED_MAX: usize = 8;
