//! Those who wait for messages in this process.
//!
//! They stand in one line, and the queue's actor asks the server for all of them at once: a message wakes one task, not a thousand, and a lease
//! costs a part of a round trip. What was given to somebody who has gone is given back.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::queue::broker::Leased;
use crate::queue::{BrokerError, Error, Token};

/// All of them, and the leases that nobody needs any more.
pub(super) struct Line {
    waiting: Mutex<Waiting>,
    /// Notified when somebody has come.
    pub(super) came: Notify,
    needless: Mutex<Vec<Token>>,
    /// Notified when a lease is not needed any more.
    pub(super) left: Notify,
    /// Whether anybody asks the server on their behalf.
    served: watch::Sender<bool>,
    timers: OnceLock<Handle>,
}

#[derive(Default)]
struct Waiting {
    line: VecDeque<Place>,
    is_closed: bool,
}

struct Place {
    count: usize,
    until: Instant,
    answer: oneshot::Sender<Given>,
}

/// Messages on their way to whoever waited for them. Given back, if they do not arrive.
struct Given {
    leased: Vec<Leased>,
    line: Arc<Line>,
}

impl Drop for Given {
    fn drop(&mut self) {
        for leased in &self.leased {
            self.line.give_back(leased.token);
        }
    }
}

/// What is wanted by all in line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Messages.
    pub(super) count: usize,
    /// How many stand there, those included who have gone.
    pub(super) places: usize,
    /// Whether any of them waits on when there is nothing.
    pub(super) waits: bool,
}

/// Longer than anybody waits.
const FAR: Duration = Duration::from_hours(24 * 365);

/// How many needless leases are kept to be given back while nobody can; others run out. Source: a guess, more than are held by most programs.
const NEEDLESS_MAX: usize = 65_536;

impl Line {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::default(),
            came: Notify::new(),
            needless: Mutex::default(),
            left: Notify::new(),
            served: watch::Sender::new(false),
            timers: OnceLock::new(),
        })
    }

    /// Waits by the clock of this runtime from now on, the first time it is called.
    pub(super) fn open(&self) {
        let _ = self.timers.set(Handle::current());
    }

    /// Waits until then, also where there is no runtime around whoever does. Not at all before it was opened.
    pub(super) fn timer(&self, until: Instant) -> impl Future<Output = ()> + use<> {
        let sleep = self.timers.get().map(|timers| {
            let _entered = timers.enter();
            sleep_until(until)
        });
        async move {
            if let Some(sleep) = sleep {
                sleep.await;
            }
        }
    }

    /// Waits for up to `count` messages: for `wait`, and for as long as the server then takes to say that there are none.
    ///
    /// # Cancel safety
    /// Dropped before it is done, what it was given is given back.
    pub(super) async fn lease(
        &self,
        count: usize,
        wait: Duration,
        away: impl Fn() -> BrokerError,
    ) -> Result<Vec<Leased>, Error> {
        let (answer, mut given) = oneshot::channel();
        let now = Instant::now();
        let until = now.checked_add(wait).unwrap_or(now + FAR);
        self.enter(Place {
            // Of none, nobody could ever be served.
            count: count.max(1),
            until,
            answer,
        })?;
        let late = self.timer(until);
        let unserved = async {
            late.await;
            let mut served = self.served.subscribe();
            // The sender is here.
            let _ = served.wait_for(|served| !served).await;
        };
        tokio::select! {
            biased;
            given = &mut given => {
                // Only a queue that is closed lets go of those who wait.
                let mut given = given.map_err(|_| Error::Closed)?;
                Ok(std::mem::take(&mut given.leased))
            }
            () = unserved => Err(Error::Disconnected(away())),
        }
    }

    fn enter(&self, place: Place) -> Result<(), Error> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            return Err(Error::Closed);
        }
        waiting.line.push_back(place);
        drop(waiting);
        self.came.notify_one();
        Ok(())
    }

    /// Nobody waits any more, and nobody will.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.is_closed = true;
        let line = std::mem::take(&mut waiting.line);
        drop(waiting);
        // They are told so by that.
        drop(line);
    }

    /// From now on, and until that is dropped, somebody asks on their behalf.
    pub(super) fn serve(&self) -> Served<'_> {
        self.served.send_replace(true);
        Served(self)
    }

    /// What is wanted, if anybody stands there.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        let mut waiting = self.waiting.lock();
        waiting.line.retain(|place| !place.answer.is_closed());
        let now = Instant::now();
        let line = &waiting.line;
        let wanted = Wanted {
            count: line.iter().map(|place| place.count).sum(),
            places: line.len(),
            waits: line.iter().any(|place| place.until > now),
        };
        (wanted.places > 0).then_some(wanted)
    }

    /// When the first of them has waited long enough.
    pub(super) fn until(&self) -> Option<Instant> {
        let waiting = self.waiting.lock();
        waiting.line.iter().map(|place| place.until).min()
    }

    /// Hands messages out in the order of the line. How many places that took.
    pub(super) fn hand_out(self: &Arc<Self>, leased: Vec<Leased>) -> usize {
        let mut leased = leased.into_iter().peekable();
        let mut places = 0;
        while leased.peek().is_some() {
            let Some(place) = self.waiting.lock().line.pop_front() else {
                break;
            };
            places += 1;
            if place.answer.is_closed() {
                continue;
            }
            let given = Given {
                leased: leased.by_ref().take(place.count).collect(),
                line: Arc::clone(self),
            };
            // Whoever has just gone drops it, and so gives it back.
            drop(place.answer.send(given));
        }
        for leased in leased {
            self.give_back(leased.token);
        }
        places
    }

    /// There was nothing for the first so many: those of them who do not wait on are told so.
    pub(super) fn let_go(self: &Arc<Self>, places: usize) {
        let now = Instant::now();
        let mut waiting = self.waiting.lock();
        let rest = waiting.line.len().min(places);
        let behind = waiting.line.split_off(rest);
        let (late, mut line): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut waiting.line)
            .into_iter()
            .partition(|place| place.until <= now);
        line.extend(behind);
        waiting.line = line;
        drop(waiting);
        for place in late {
            let nothing = Given {
                leased: Vec::new(),
                line: Arc::clone(self),
            };
            drop(place.answer.send(nothing));
        }
    }

    /// A lease that nobody needs any more.
    pub(super) fn give_back(&self, token: Token) {
        let mut needless = self.needless.lock();
        if needless.len() < NEEDLESS_MAX {
            needless.push(token);
            drop(needless);
            self.left.notify_one();
        }
    }

    /// Up to so many of those.
    pub(super) fn needless(&self, count_max: usize) -> Vec<Token> {
        let mut needless = self.needless.lock();
        let rest = needless.len().saturating_sub(count_max);
        needless.split_off(rest)
    }
}

/// That somebody asks the server.
pub(super) struct Served<'a>(&'a Line);

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.served.send_replace(false);
    }
}
