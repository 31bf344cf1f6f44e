//! Leases that are waited for, and who gets them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, sleep_until};

use super::lanes::Turns;
use super::link::Link;
use super::settle::Abandoned;
use crate::message::Priority;
use crate::queue::broker::Leased;
use crate::queue::{Aging, Error};

/// Who waits for leases, in the order in which they came.
pub(super) struct Fetch {
    waiting: Mutex<VecDeque<Request>>,
    /// Notified when somebody waits, or when there may be something to lease.
    stirred: Notify,
    turns: Mutex<Turns>,
}

/// Up to so many leases are wanted, until then.
struct Request {
    count_max: usize,
    until: Instant,
    answer: oneshot::Sender<Grant>,
    /// Whether the server was asked since it came.
    is_served: bool,
}

/// Leases on their way to whoever asked for them. They are given back if nobody takes them.
pub(super) struct Grant {
    leased: Vec<Leased>,
    abandoned: Arc<Abandoned>,
}

/// What came of a round.
#[derive(Default)]
struct Fetched {
    leased: Vec<Leased>,
    /// Messages that were not due, or that nobody is to have any more.
    elsewhere: usize,
}

/// How many messages are fetched for several who wait before they are handed out, and how many for one who wants many. Sources: a guess, a slow disk lets through a few
/// hundred a second; what a queue shows at a time.
const ROUND_MAX: usize = 16;
const MANY_MAX: usize = 1_000;

/// How soon the server is asked again for what was not there: soon at first, less often later. Source: guesses; a process that waits costs the server 50 small
/// questions a second.
const PAUSE_MIN: Duration = Duration::from_millis(4);
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// When nobody waits, it is looked again after this.
const FAR: Duration = Duration::from_hours(1);

impl Grant {
    pub(super) fn take(mut self) -> Vec<Leased> {
        std::mem::take(&mut self.leased)
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        for leased in self.leased.drain(..) {
            self.abandoned.push(leased.token);
        }
    }
}

impl Fetch {
    pub(super) fn new(aging: Aging) -> Self {
        Self {
            waiting: Mutex::default(),
            stirred: Notify::new(),
            turns: Mutex::new(Turns::new(aging)),
        }
    }

    /// Asks for leases.
    pub(super) fn ask(&self, count_max: usize, until: Instant) -> oneshot::Receiver<Grant> {
        let (answer, granted) = oneshot::channel();
        self.waiting.lock().push_back(Request {
            count_max,
            until,
            answer,
            is_served: false,
        });
        self.stir();
        granted
    }

    /// There may be something to lease.
    pub(super) fn stir(&self) {
        self.stirred.notify_one();
    }

    /// Nobody is given anything any more.
    pub(super) fn forget(&self) {
        self.waiting.lock().clear();
    }

    /// Leases and hands out, for as long as it is polled or until the connection fails.
    pub(super) async fn serve(&self, link: &Link, abandoned: &Arc<Abandoned>) -> Error {
        let mut pause = PAUSE_MIN;
        loop {
            let wanted = self.wanted();
            if wanted == 0 {
                self.stirred.notified().await;
                pause = PAUSE_MIN;
                continue;
            }
            let fetched = match self.round(link, wanted).await {
                Ok(fetched) => fetched,
                Err(error) => return error,
            };
            let (came, is_all) = (!fetched.leased.is_empty(), fetched.elsewhere == 0);
            if came || is_all {
                self.hand_out(fetched.leased, abandoned);
            }
            if came || !is_all {
                pause = PAUSE_MIN;
                continue;
            }
            let next = (Instant::now() + pause).min(self.earliest());
            pause = (pause * 2).min(PAUSE_MAX);
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.stirred.notified() => pause = PAUSE_MIN,
            }
        }
    }

    /// How many leases are wanted by those who still wait: all that the first wants, or some for several. They are asked for now.
    fn wanted(&self) -> usize {
        let mut waiting = self.waiting.lock();
        waiting.retain(|request| !request.answer.is_closed());
        let mut all = 0_usize;
        for request in waiting.iter_mut() {
            request.is_served = true;
            all = all.saturating_add(request.count_max);
        }
        let first = waiting.front().map_or(0, |request| request.count_max);
        first.min(MANY_MAX).max(all.min(ROUND_MAX))
    }

    /// Takes up to so many messages, from the lines whose turn it is.
    async fn round(&self, link: &Link, wanted: usize) -> Result<Fetched, Error> {
        let mut ready = link.ready().await?;
        let mut plan = Vec::with_capacity(wanted);
        {
            let mut turns = self.turns.lock();
            plan.extend(std::iter::from_fn(|| turns.take(&mut ready)).take(wanted));
        }
        let each = Priority::ALL.map(|priority| {
            let count = plan.iter().filter(|planned| **planned == priority).count();
            take(link, priority, count)
        });
        let (mut taken, mut elsewhere) = (Vec::with_capacity(Priority::COUNT), 0);
        for came in join_all(each).await {
            let came = came?;
            elsewhere += came.elsewhere;
            taken.push(came.leased.into_iter());
        }
        let in_turn = plan
            .iter()
            .filter_map(|priority| taken.get_mut(priority.index())?.next());
        Ok(Fetched {
            leased: in_turn.collect(),
            elsewhere,
        })
    }

    /// First come, first served. Whoever has waited long enough is given nothing.
    fn hand_out(&self, fetched: Vec<Leased>, abandoned: &Arc<Abandoned>) {
        let mut fetched = fetched.into_iter();
        let grant = |leased| Grant {
            leased,
            abandoned: Arc::clone(abandoned),
        };
        let now = Instant::now();
        let mut waiting = self.waiting.lock();
        let mut still = VecDeque::with_capacity(waiting.len());
        while let Some(request) = waiting.pop_front() {
            let is_over = request.is_served && request.until <= now;
            if fetched.len() == 0 && !is_over {
                still.push_back(request);
                continue;
            }
            let leased = fetched.by_ref().take(request.count_max).collect();
            if let Err(mut refused) = request.answer.send(grant(leased)) {
                // Nobody is there any more: for the next.
                let back = std::mem::take(&mut refused.leased);
                fetched = back
                    .into_iter()
                    .chain(fetched)
                    .collect::<Vec<_>>()
                    .into_iter();
            }
        }
        *waiting = still;
        drop(waiting);
        drop(grant(fetched.collect()));
    }

    /// When the first of those who wait will not any more.
    fn earliest(&self) -> Instant {
        let waiting = self.waiting.lock();
        let earliest = waiting.iter().map(|request| request.until).min();
        earliest.unwrap_or_else(|| Instant::now() + FAR)
    }
}

/// Up to so many messages of one line, in order.
async fn take(link: &Link, priority: Priority, count: usize) -> Result<Fetched, Error> {
    let mut fetched = Fetched::default();
    for _ in 0..count {
        let Some((channel, message)) = link.take(priority).await? else {
            break;
        };
        match link.receive(priority, channel, message).await {
            Ok(Some(leased)) => fetched.leased.push(leased),
            Ok(None) => fetched.elsewhere += 1,
            // It comes again.
            Err(error) => {
                tracing::warn!(queue = %link.names, %error, "a message could not be put elsewhere");
            }
        }
    }
    Ok(fetched)
}
