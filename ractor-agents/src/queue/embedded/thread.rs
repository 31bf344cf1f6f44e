//! The writer's thread, from one opening to the next.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::journal::{self, Journal};
use super::log;
use super::writer::{Calls, write};
use crate::queue::{BrokerError, Error};

/// How long a queue that was let go of may take to end. Source: a guess, many times an fdatasync of a busy disk.
pub(super) const LEAVING: Duration = Duration::from_secs(2);

/// Makes the journal. Blocks.
pub(super) type Open = dyn Fn() -> Result<Journal, journal::Error> + Send + Sync;

/// One thread at a time that writes the queue.
pub(super) struct Writer {
    calls: Arc<Calls>,
    open: Arc<Open>,
    /// How long a former thread of this process is waited for.
    patience: Duration,
    thread: Mutex<Option<Thread>>,
}

struct Thread {
    stage: watch::Receiver<Stage>,
    handle: JoinHandle<()>,
}

/// How far a thread has come.
#[derive(Clone, Debug)]
enum Stage {
    Opening,
    Writing,
    Ended(Result<(), Error>),
}

impl Writer {
    pub(super) fn new(calls: Arc<Calls>, open: Arc<Open>, patience: Duration) -> Self {
        Self {
            calls,
            open,
            patience,
            thread: Mutex::new(None),
        }
    }

    /// Has a thread write, unless one does; returns when it has opened the queue.
    ///
    /// # Cancel safety
    /// Dropped, the thread goes on, and is found by the next call.
    pub(super) async fn open(&self) -> Result<(), Error> {
        let mut stage = self.stage()?;
        let reached = stage.wait_for(|stage| !matches!(stage, Stage::Opening));
        match &*reached.await.map_err(|_| Error::Closed)? {
            Stage::Opening | Stage::Writing => Ok(()),
            Stage::Ended(outcome) => outcome.clone(),
        }
    }

    /// Waits until the thread that writes has ended.
    pub(super) async fn ended(&self) -> Result<(), Error> {
        let Some(mut stage) = self
            .thread
            .lock()
            .as_ref()
            .map(|thread| thread.stage.clone())
        else {
            return Ok(());
        };
        let ended = stage.wait_for(|stage| matches!(stage, Stage::Ended(_)));
        match &*ended.await.map_err(|_| panicked())? {
            Stage::Ended(outcome) => outcome.clone(),
            Stage::Opening | Stage::Writing => Ok(()),
        }
    }

    /// That of the thread that writes, or of a new one.
    fn stage(&self) -> Result<watch::Receiver<Stage>, Error> {
        let mut thread = self.thread.lock();
        if let Some(former) = thread.take_if(|thread| thread.has_ended()) {
            // It has said so with its last breath. What it had locked is free when it is gone.
            let _ = former.handle.join();
        }
        match &*thread {
            Some(thread) => Ok(thread.stage.clone()),
            None => Ok(thread.insert(self.spawn()?).stage.clone()),
        }
    }

    fn spawn(&self) -> Result<Thread, Error> {
        let (told, stage) = watch::channel(Stage::Opening);
        let (calls, open) = (Arc::clone(&self.calls), Arc::clone(&self.open));
        let until = Instant::now() + self.patience;
        let work = move || {
            let outcome = open_after(&*open, until).and_then(|journal| {
                told.send_replace(Stage::Writing);
                write(&calls, journal)
            });
            told.send_replace(Stage::Ended(outcome.map_err(fatal)));
        };
        let handle = thread::Builder::new()
            .name("queue".into())
            .spawn(work)
            .map_err(|error| Error::Broker(BrokerError::new(error)))?;
        Ok(Thread { stage, handle })
    }
}

impl Thread {
    fn has_ended(&self) -> bool {
        matches!(*self.stage.borrow(), Stage::Ended(_)) || self.stage.has_changed().is_err()
    }
}

/// Opens the journal. Where another thread of this process still has the queue, which is on its way out, when that is gone.
fn open_after(open: &Open, until: Instant) -> Result<Journal, journal::Error> {
    loop {
        match open() {
            Err(journal::Error::Log(log::Error::InUse { holder }))
                if holder == Some(std::process::id()) && Instant::now() < until =>
            {
                thread::sleep(LEAVING / 400);
            }
            opened => return opened,
        }
    }
}

fn panicked() -> Error {
    Error::Broker(BrokerError::new("the queue's writer panicked"))
}

/// What ended a journal.
fn fatal(error: journal::Error) -> Error {
    match error {
        journal::Error::Log(log::Error::InUse { holder }) => Error::InUse { holder },
        journal::Error::Log(
            error @ (log::Error::Corrupted { .. } | log::Error::UnknownFormat { .. }),
        ) => Error::Corrupted(BrokerError::new(error)),
        journal::Error::Log(log::Error::NoSpace(_))
        | journal::Error::Ahead(log::Error::NoSpace(_)) => Error::NoSpace,
        error @ journal::Error::Record(_) => Error::Corrupted(BrokerError::new(error)),
        error => Error::Broker(BrokerError::new(error)),
    }
}
