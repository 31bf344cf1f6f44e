//! The clock: one heap of due times for all supervisors of a system.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Watched;
use crate::engine::{Run, Timer};
use crate::supervisor::{Errand, Input, Shared};

/// How many due entries are served before other tasks, and a kill, get their turn. The figure is a guess: about 0.1 ms of work.
const BATCH_MAX: usize = 256;

/// What an entry of the heap is for. All are weak: an entry outlives nobody.
pub(crate) enum Target {
    Timer {
        supervisor: Weak<Shared>,
        run: Run,
        timer: Timer,
    },
    Poll {
        supervisor: Weak<Shared>,
        run: Run,
        waited: Duration,
    },
    /// A hurried supervisor should have ended.
    Hurry {
        supervisor: Weak<Shared>,
        run: Run,
        deeds: u64,
    },
    /// A shutdown's limit is over.
    Limit {
        supervisor: Weak<Shared>,
    },
    Errand {
        supervisor: Weak<Shared>,
        errand: Weak<Errand>,
    },
    Watch(Weak<Watched>),
}

impl Target {
    fn fire(self, now: Instant) {
        let (supervisor, input) = match self {
            Self::Watch(watched) => {
                if let Some(watched) = watched.upgrade() {
                    watched.look(now);
                }
                return;
            }
            Self::Timer {
                supervisor,
                run,
                timer,
            } => (supervisor, Input::Timer { run, timer }),
            Self::Poll {
                supervisor,
                run,
                waited,
            } => (supervisor, Input::Poll { run, waited }),
            Self::Hurry {
                supervisor,
                run,
                deeds,
            } => (supervisor, Input::HurryDue { run, deeds }),
            Self::Limit { supervisor } => (supervisor, Input::LimitDue),
            Self::Errand { supervisor, errand } => {
                let Some(errand) = errand.upgrade() else {
                    return;
                };
                (supervisor, Input::ErrandDue { errand })
            }
        };
        if let Some(supervisor) = supervisor.upgrade() {
            supervisor.push(input);
        }
    }
}

struct Entry {
    due: Instant,
    /// Entries due at the same time fire in the order in which they were made.
    seq: u64,
    target: Target,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.due, self.seq) == (other.due, other.seq)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.seq).cmp(&(other.due, other.seq))
    }
}

/// What the clock knows; outlives the clock's actor.
pub(crate) struct Clock {
    origin: Instant,
    heap: Mutex<Heap>,
    earlier: Notify,
}

#[derive(Default)]
struct Heap {
    entries: BinaryHeap<Reverse<Entry>>,
    next_seq: u64,
    /// Until when the clock sleeps; `None` while it is awake.
    asleep: Option<Sleep>,
}

#[derive(Clone, Copy)]
enum Sleep {
    Until(Instant),
    Forever,
}

impl Clock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            origin: Instant::now(),
            heap: Mutex::default(),
            earlier: Notify::new(),
        })
    }

    /// `due` in nanoseconds since the clock was made, for atomics.
    pub(crate) fn nanos(&self, due: Instant) -> u64 {
        u64::try_from(due.saturating_duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX - 1)
    }

    /// Makes `target` fire at `due`.
    pub(crate) fn arm(&self, due: Instant, target: Target) {
        let mut heap = self.heap.lock();
        let seq = heap.next_seq;
        heap.next_seq += 1;
        heap.entries.push(Reverse(Entry { due, seq, target }));
        let wake = match heap.asleep {
            None => false,
            Some(Sleep::Forever) => true,
            Some(Sleep::Until(earliest)) => due < earliest,
        };
        if wake {
            heap.asleep = None;
        }
        drop(heap);
        if wake {
            self.earlier.notify_one();
        }
    }

    /// Takes what is due, in order; else says how long to sleep.
    fn take_due(&self, now: Instant) -> (Vec<Target>, Sleep) {
        let mut heap = self.heap.lock();
        let mut due = Vec::new();
        while due.len() < BATCH_MAX {
            match heap.entries.peek() {
                Some(Reverse(entry)) if entry.due <= now => {}
                _ => break,
            }
            if let Some(Reverse(entry)) = heap.entries.pop() {
                due.push(entry.target);
            }
        }
        let sleep = heap
            .entries
            .peek()
            .map_or(Sleep::Forever, |Reverse(entry)| Sleep::Until(entry.due));
        heap.asleep = due.is_empty().then_some(sleep);
        (due, sleep)
    }
}

/// The clock's actor: sleeps until the earliest entry is due. It may be killed at any time; its successor goes on.
pub(crate) struct ClockActor(pub(crate) Arc<Clock>);

/// The clock's only message: go round.
pub(crate) struct Tick;

impl Actor for ClockActor {
    type Msg = Tick;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, myself: ActorRef<Tick>, (): ()) -> Result<(), ActorProcessingErr> {
        myself.cast(Tick)?;
        Ok(())
    }

    async fn handle(
        &self,
        myself: ActorRef<Tick>,
        _: Tick,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let now = Instant::now();
        let (due, sleep) = self.0.take_due(now);
        if due.is_empty() {
            match sleep {
                Sleep::Forever => self.0.earlier.notified().await,
                Sleep::Until(earliest) => {
                    // Woken either way; a timeout is the ordinary case.
                    let _ = tokio::time::timeout_at(earliest, self.0.earlier.notified()).await;
                }
            }
        }
        for target in due {
            // A watch that panics is the user's; the clock serves the others.
            if catch_unwind(AssertUnwindSafe(|| target.fire(now))).is_err() {
                tracing::error!("a watch panicked while it was looked at");
            }
        }
        myself.cast(Tick)?;
        Ok(())
    }
}
