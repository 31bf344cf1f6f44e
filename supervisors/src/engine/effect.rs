//! What the engine wants done.

use std::time::Duration;

use super::{ChildInfo, Counts, Run};
use crate::{ChildId, CommandError, Event, ExitReason};

/// Something for the shell to do. In order.
#[derive(Debug)]
pub(crate) enum Effect<R> {
    /// Call the child's start function and tell the engine what came of it.
    Start(Run),
    /// Ask the child to stop.
    Stop(Run),
    Kill(Run),
    /// Have the child, a supervisor that was asked to stop, kill what is left below it. Come back with [`Timer::Hurry`] when it
    /// should have ended.
    Hurry(Run),
    /// The child survived its kill: cut it off from its work and keep an eye on its end.
    Abandon {
        run: Run,
        id: ChildId,
    },
    /// The supervisor was restarted and this child of its previous life may still be ending: make sure of its end.
    Reclaim(Run),
    /// Come back with [`Engine::timer`](super::Engine::timer) after this long.
    Arm(Run, Timer, Duration),
    /// No actor is behind the child any more; `last` if none is expected to be soon.
    Clear {
        key: u32,
        last: bool,
    },
    /// Forget the child.
    Remove(u32),
    /// Forget the child's specification too: it was deleted, a restarted supervisor does not bring it back.
    Unlist(ChildId),
    Emit(Event),
    Reply(R, Outcome),
    /// All children of the supervisor's own start run.
    Ready,
    /// All children are gone: end.
    Exit(Exit),
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// The child's time to stop is over.
    Shutdown,
    /// The hurried child's time to end is over.
    Hurry,
    /// The killed child's time to end is over.
    Grace,
    /// The child's time to start is over.
    Start,
    /// The child's own restart is due.
    Backoff,
    /// The group's restart is due; `Run::epoch` says which.
    Group,
}

/// How a supervisor ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// As asked, or because its significant children have ended.
    Shutdown,
    /// It gives up.
    Failed(ExitReason),
}

/// The answer to a command.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Done,
    /// The child in this place runs.
    Started(u32),
    Failed(CommandError),
    Children(Vec<ChildInfo>),
    Counts(Counts),
}
