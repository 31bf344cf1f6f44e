//! What reaches a supervisor besides ractor's own events, and how it answers.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ractor::ActorCell;
use tokio::sync::oneshot;

use super::errand::{Called, Errand};
use super::shared::ShutdownRequest;
use crate::engine::{ChildInfo, Command, Counts, Run, Timer};
use crate::{ChildSpec, CommandError, ExitReason};

/// One thing for the supervisor to deal with.
pub(crate) enum Input {
    /// A deferred start is over.
    Started {
        run: Run,
    },
    StartFailed {
        run: Run,
        reason: ExitReason,
    },
    Timer {
        run: Run,
        timer: Timer,
    },
    /// See whether an actor nobody reports on has ended.
    Poll {
        run: Run,
        waited: Duration,
    },
    Overdue {
        run: Run,
        charged: bool,
        reason: ExitReason,
    },
    Add {
        spec: Box<ChildSpec>,
        reply: Reply,
    },
    /// Several children; `next` is the first not yet taken in.
    AddMany {
        specs: std::vec::IntoIter<ChildSpec>,
        batch: Arc<Batch>,
        next: usize,
    },
    Command {
        command: Command,
        reply: Reply,
    },
    /// Starts were made on the children's runtime.
    Called {
        errand: Arc<Errand>,
        results: Vec<Called>,
    },
    /// The time for those starts is over.
    ErrandDue {
        errand: Arc<Errand>,
    },
    /// End. A caller's request holds until the supervisor has ended, over lives.
    Shutdown(ShutdownRequest),
    /// A hurried supervisor below should have ended. `deeds` is what it had done when its time was set.
    HurryDue {
        run: Run,
        deeds: u64,
    },
    /// Some caller's limit is over.
    LimitDue,
    /// What the parent wants of this life.
    FromParent(Wish),
}

/// What a parent asks of a supervisor below it; void once that one's actor is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    End,
    /// End, killing whoever is left.
    Hurry,
}

impl Input {
    /// Whether it counts against the number of commands that may wait.
    pub(crate) fn is_command(&self) -> bool {
        matches!(
            self,
            Self::Add { .. } | Self::AddMany { .. } | Self::Command { .. }
        )
    }
}

pub(crate) type Answer<T> = oneshot::Sender<Result<T, CommandError>>;

/// Where an answer goes. Dropped unanswered, the caller is told that the supervisor has ended.
pub(crate) enum Reply {
    Child(Answer<ActorCell>),
    Done(Answer<()>),
    Children(Answer<Vec<ChildInfo>>),
    Counts(Answer<Counts>),
    Batch(Arc<Batch>, usize),
}

/// The results of several starts, collected until all are there.
pub(crate) struct Batch(Mutex<Collected>);

struct Collected {
    results: Vec<Option<Result<ActorCell, CommandError>>>,
    missing: usize,
    answer: Option<oneshot::Sender<Vec<Result<ActorCell, CommandError>>>>,
}

impl Batch {
    pub(crate) fn new(
        size: usize,
        answer: oneshot::Sender<Vec<Result<ActorCell, CommandError>>>,
    ) -> Arc<Self> {
        let mut results = Vec::new();
        results.resize_with(size, || None);
        Arc::new(Self(Mutex::new(Collected {
            results,
            missing: size,
            answer: Some(answer),
        })))
    }

    pub(crate) fn put(&self, index: usize, result: Result<ActorCell, CommandError>) {
        let mut collected = self.0.lock();
        if let Some(place @ None) = collected.results.get_mut(index) {
            *place = Some(result);
            collected.missing -= 1;
        }
        if collected.missing == 0
            && let Some(answer) = collected.answer.take()
        {
            let results = std::mem::take(&mut collected.results);
            // A caller that no longer waits does not want to know.
            let _ = answer.send(
                results
                    .into_iter()
                    .map(|result| result.unwrap_or(Err(CommandError::Closed)))
                    .collect(),
            );
        }
    }
}
