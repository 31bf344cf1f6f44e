//! The thread that writes a queue: many who call, one who commits.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Semaphore, oneshot};

use super::journal::{self, Journal};
use super::ledger::{Fault, Leased, Refused};
use super::log;
use crate::queue::{BrokerError, Error, Token, time};

/// What all who call and the writer share. It outlives the writer: what nobody has taken yet waits for the next one.
pub(super) struct Calls {
    inbox: Mutex<Inbox>,
    came: Condvar,
    /// Calls that are on their way. More wait.
    room: Semaphore,
    /// Those who wait for messages. More wait for that.
    seats: Semaphore,
}

#[derive(Default)]
struct Inbox {
    jobs: Vec<Box<dyn Job>>,
    waiting: VecDeque<Waiting>,
    is_closed: bool,
}

/// What the writer is to do. Dropped in between, whoever asked is told that the writer failed.
trait Job: Send {
    /// Changes the journal.
    fn work(&mut self, journal: &mut Journal, now: u64) -> Result<(), journal::Error>;

    /// That is on disk.
    fn answer(self: Box<Self>);
}

/// A job that somebody waits for.
struct Asked<Work, T> {
    work: Option<Work>,
    outcome: Option<Result<T, Error>>,
    answer: oneshot::Sender<Result<T, Error>>,
}

impl<Work, T: Send> Job for Asked<Work, T>
where
    Work: FnOnce(&mut Journal, u64) -> Result<T, journal::Error> + Send,
{
    fn work(&mut self, journal: &mut Journal, now: u64) -> Result<(), journal::Error> {
        if let Some(work) = self.work.take() {
            self.outcome = Some(match work(journal, now) {
                Ok(done) => Ok(done),
                Err(error) => Err(told(error)?),
            });
        }
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(outcome) = self.outcome {
            // Whoever asked may have gone.
            let _ = self.answer.send(outcome);
        }
    }
}

/// A message that is given back. Nobody waits for that.
struct GivenBack(Token);

impl Job for GivenBack {
    fn work(&mut self, journal: &mut Journal, now: u64) -> Result<(), journal::Error> {
        // It may have run out meanwhile, or have been started on, which is as good.
        let _ = journal.change(|ledger, out| ledger.release(self.0, now, out))?;
        Ok(())
    }

    fn answer(self: Box<Self>) {}
}

/// Somebody waits for messages.
struct Waiting {
    count: usize,
    /// Of the lease, in milliseconds.
    length: u64,
    until: Instant,
    answer: oneshot::Sender<Handed>,
}

/// A message on lease, and what is in it.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) leased: Leased,
    pub(super) payload: Vec<u8>,
}

/// Messages on their way to whoever waited for them. Dropped on the way, they are given back.
struct Handed {
    deliveries: Vec<Delivery>,
    calls: Arc<Calls>,
}

impl Drop for Handed {
    fn drop(&mut self) {
        for Delivery { leased, .. } in self.deliveries.drain(..) {
            self.calls.release(leased.token);
        }
    }
}

/// What a caller is told of an error that changed nothing and ends nothing. Others come back.
fn told(error: journal::Error) -> Result<Error, journal::Error> {
    match error {
        journal::Error::Refused(Refused::Full(bound)) => Ok(Error::Full(bound)),
        journal::Error::Refused(Refused::NeverFits(bound)) => Ok(Error::NeverFits(bound)),
        journal::Error::Log(log::Error::NoSpace(_)) => Ok(Error::NoSpace),
        journal::Error::Log(log::Error::TooLong { length, length_max }) => {
            Ok(Error::TooLong { length, length_max })
        }
        fatal => Err(fatal),
    }
}

/// How many calls may be on their way at a time, and how many may wait for messages; more wait for room. Source: a guess, four times the callers that the largest benchmark has.
pub(super) const CALLS_MAX: usize = 4_096;

impl Calls {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            inbox: Mutex::default(),
            came: Condvar::new(),
            room: Semaphore::new(CALLS_MAX),
            seats: Semaphore::new(CALLS_MAX),
        })
    }

    /// Has the writer do `work`, which must change nothing where it fails with an error that is not fatal. Returns when that is on disk.
    ///
    /// # Cancel safety
    /// Dropped before it is done, the work may be done or not.
    pub(super) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Journal, u64) -> Result<T, journal::Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self.room.acquire().await.map_err(|_| Error::Closed)?;
        let (answer, done) = oneshot::channel();
        self.push(Box::new(Asked {
            work: Some(work),
            outcome: None,
            answer,
        }))?;
        let lost = |_| Error::Unknown(BrokerError::new("its writer failed"));
        done.await.map_err(lost)?
    }

    fn push(&self, job: Box<dyn Job>) -> Result<(), Error> {
        let mut inbox = self.inbox.lock();
        if inbox.is_closed {
            return Err(Error::Closed);
        }
        inbox.jobs.push(job);
        if inbox.jobs.len() == 1 {
            self.came.notify_one();
        }
        Ok(())
    }

    fn stand_in_line(&self, waiting: Waiting) {
        let mut inbox = self.inbox.lock();
        // Otherwise it is told so by its end.
        if !inbox.is_closed {
            inbox.waiting.push_back(waiting);
            self.came.notify_one();
        }
    }

    /// Leases up to `count` messages for `length`, waiting for the first of them up to `wait`. Empty if none came.
    ///
    /// # Cancel safety
    /// Dropped before it is done, what it was given is given back.
    pub(super) async fn lease(
        &self,
        count: usize,
        length: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, Error> {
        let _seat = self.seats.acquire().await.map_err(|_| Error::Closed)?;
        let (answer, given) = oneshot::channel();
        let now = Instant::now();
        self.stand_in_line(Waiting {
            // Of none, nobody could ever be served.
            count: count.max(1),
            length: time::as_millis(length),
            until: now.checked_add(wait).unwrap_or(now + FAR),
            answer,
        });
        let mut handed = given.await.map_err(|_| self.gone())?;
        Ok(std::mem::take(&mut handed.deliveries))
    }

    /// Why nobody answers whoever waits for messages.
    fn gone(&self) -> Error {
        if self.inbox.lock().is_closed {
            return Error::Closed;
        }
        Error::Disconnected(BrokerError::new("its writer failed"))
    }

    /// Gives a message back that nobody has started on. Nobody waits for that.
    pub(super) fn release(&self, token: Token) {
        // Where the queue is closed, nothing is left to be done.
        let _ = self.push(Box::new(GivenBack(token)));
    }

    /// Places for calls and seats that nobody has.
    #[cfg(test)]
    pub(super) fn free(&self) -> (usize, usize) {
        (
            self.room.available_permits(),
            self.seats.available_permits(),
        )
    }

    /// The writer finishes what was pushed before, and ends. Nothing new is taken.
    pub(super) fn close(&self) {
        let mut inbox = self.inbox.lock();
        inbox.is_closed = true;
        let waiting = std::mem::take(&mut inbox.waiting);
        self.came.notify_one();
        drop(inbox);
        // They are told so by that.
        drop(waiting);
    }
}

/// Longer than anybody waits.
const FAR: Duration = Duration::from_hours(24 * 365);

/// Writes until they are closed. Blocks; for a thread of its own.
///
/// # Errors
/// Whatever ends the journal. Those whose calls were being done are told [`Error::Unknown`]; the queue has to be opened anew.
pub(super) fn write(calls: &Arc<Calls>, mut journal: Journal) -> Result<(), journal::Error> {
    let clock = Clock::from(journal.ledger().now());
    let mut is_busy = true;
    loop {
        let Some(mut taken) = calls.take(&journal, &clock, is_busy) else {
            return Ok(());
        };
        let now = clock.now();
        for job in &mut taken {
            job.work(&mut journal, now)?;
        }
        journal.change(|ledger, out| ledger.advance(now, out))?;
        let given = calls.give(&mut journal, now)?;
        let answer_all = || taken.into_iter().for_each(Job::answer);
        if journal.has_fault(Fault::AnswersBeforeCommit) {
            answer_all();
            journal.commit()?;
        } else {
            journal.commit()?;
            debug_assert!(journal.is_on_disk(), "what is answered is on disk");
            answer_all();
        }
        hand_over(calls, &journal, given)?;
        is_busy = journal.tend()?;
    }
}

/// The time in milliseconds since 1970, as the system told it once; from there on, as time passes: a system's clock that is set does not
/// end leases.
struct Clock {
    at: u64,
    then: Instant,
}

impl Clock {
    /// Not before `at`, which was before.
    fn from(at: u64) -> Self {
        Self {
            at: at.max(time::millis(SystemTime::now())),
            then: Instant::now(),
        }
    }

    fn now(&self) -> u64 {
        self.at.saturating_add(time::as_millis(self.then.elapsed()))
    }
}

type Given = Vec<(oneshot::Sender<Handed>, Vec<Leased>)>;

impl Calls {
    /// What there is to do now. `None` when it is closed and nothing is left.
    fn take(&self, journal: &Journal, clock: &Clock, is_busy: bool) -> Option<Vec<Box<dyn Job>>> {
        let mut inbox = self.inbox.lock();
        while inbox.jobs.is_empty() {
            if inbox.is_closed {
                return None;
            }
            if is_busy || inbox.has_waiting_for(journal) {
                break;
            }
            match inbox.rest(journal, clock) {
                Some(rest) if rest.is_zero() => break,
                Some(rest) => drop(self.came.wait_for(&mut inbox, rest)),
                None => self.came.wait(&mut inbox),
            }
        }
        Some(std::mem::take(&mut inbox.jobs))
    }

    fn hand(self: &Arc<Self>, deliveries: Vec<Delivery>) -> Handed {
        let calls = Arc::clone(self);
        Handed { deliveries, calls }
    }

    /// Leases messages to those who wait, in their order, and lets go of those who have waited long enough.
    fn give(self: &Arc<Self>, journal: &mut Journal, now: u64) -> Result<Given, journal::Error> {
        let mut waiting = std::mem::take(&mut self.inbox.lock().waiting);
        let mut given = Vec::new();
        while let Some(first) = waiting.pop_front() {
            if first.answer.is_closed() {
                continue;
            }
            let leased =
                journal.change(|ledger, out| ledger.lease(first.count, first.length, now, out))?;
            if leased.is_empty() {
                waiting.push_front(first);
                break;
            }
            given.push((first.answer, leased));
        }
        let instant = Instant::now();
        let (late, mut waiting): (VecDeque<_>, VecDeque<_>) = waiting
            .into_iter()
            .partition(|waiting| waiting.until <= instant);
        let mut inbox = self.inbox.lock();
        waiting.append(&mut inbox.waiting);
        inbox.waiting = waiting;
        drop(inbox);
        for Waiting { answer, .. } in late {
            let _ = answer.send(self.hand(Vec::new()));
        }
        Ok(given)
    }
}

/// Gives messages to those who waited, with their payloads. Those of whoever has gone are given back.
fn hand_over(calls: &Arc<Calls>, journal: &Journal, given: Given) -> Result<(), journal::Error> {
    for (answer, leased) in given {
        let mut deliveries = Vec::with_capacity(leased.len());
        for leased in leased {
            let payload = journal.read(leased.place)?;
            deliveries.push(Delivery { leased, payload });
        }
        // Dropped, if whoever waited has gone.
        drop(answer.send(calls.hand(deliveries)));
    }
    Ok(())
}

impl Inbox {
    fn has_waiting_for(&self, journal: &Journal) -> bool {
        let is_wanted = self
            .waiting
            .iter()
            .any(|waiting| !waiting.answer.is_closed());
        is_wanted && journal.ledger().has_available()
    }

    /// Until when there is nothing to do unless somebody comes.
    fn rest(&self, journal: &Journal, clock: &Clock) -> Option<Duration> {
        let waiting = self.waiting.iter().map(|waiting| waiting.until).min();
        let waiting = waiting.map(|until| until.saturating_duration_since(Instant::now()));
        let due = journal.ledger().next_due();
        let due = due.map(|due| Duration::from_millis(due.saturating_sub(clock.now())));
        [waiting, due].into_iter().flatten().min()
    }
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inbox = self.inbox.lock();
        f.debug_struct("Calls")
            .field("jobs", &inbox.jobs.len())
            .field("waiting", &inbox.waiting.len())
            .finish_non_exhaustive()
    }
}
