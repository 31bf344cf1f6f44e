//! A ledger and its log as a queue.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

#[cfg(unix)]
use super::control::Server;
use super::journal::{self, Journal};
use super::ledger::{self, Fate, Ledger, Outcome, Record, ReleaseError, Settings};
use super::log;
use super::thread::Writer;
use super::writer::{Calls, Delivery};
use crate::queue::broker::{Answer, Entry, Leased, Settled, Settlement};
use crate::queue::{
    Abilities, Ability, Aging, Backend, Cause, Cursor, DeadLetter, Durability, Error, Filter,
    Guarantees, Options, Payload, Peeked, Position, Receipt, Selection, Stale, Stats, Token, Unmet,
    time,
};

/// One queue in a folder.
pub(super) struct Embedded {
    calls: Arc<Calls>,
    writer: Writer,
    options: Options,
    /// Where operators are served, if anywhere.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no such sockets"))]
    folder: Option<PathBuf>,
}

impl Embedded {
    /// The queue in that folder; a former thread of this process that still has it is waited for so long.
    pub(super) fn new(
        folder: PathBuf,
        log: log::Options,
        options: &Options,
        patience: Duration,
    ) -> Self {
        let path = folder.clone();
        let mut new = Self::opened_by(options, patience, move |settings| {
            let doing = "make the folder of the queue";
            let disk =
                log::Folder::new(&path).map_err(|source| log::Error::Io { doing, source })?;
            let now = time::millis(SystemTime::now());
            Journal::open(Arc::new(disk), log, settings, rand::random(), now)
        });
        new.folder = Some(folder);
        new
    }

    /// One on another disk, with a mistake that it does not make.
    #[cfg(test)]
    pub(super) fn with_fault(
        disk: impl Fn() -> std::io::Result<Arc<dyn log::Disk>> + Send + Sync + 'static,
        log: log::Options,
        options: &Options,
        fault: Option<ledger::Fault>,
    ) -> Self {
        Self::opened_by(options, Duration::ZERO, move |settings| {
            // Its times are its own.
            let mut journal = Journal::open(disk().expect("a disk"), log, settings, 7, 1_000)?;
            journal.set_fault(fault);
            Ok(journal)
        })
    }

    fn opened_by(
        options: &Options,
        patience: Duration,
        open: impl Fn(Settings) -> Result<Journal, journal::Error> + Send + Sync + 'static,
    ) -> Self {
        let calls = Calls::new();
        let settings = settings(options);
        let open = Arc::new(move || open(settings));
        Self {
            writer: Writer::new(Arc::clone(&calls), open, patience),
            calls,
            options: *options,
            folder: None,
        }
    }

    /// What changes nothing but the ledger, and is written.
    fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Ledger, u64, &mut Vec<Record>) -> T + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(
            self.calls.call(|journal, now| {
                journal.change_with_room(|ledger, out| change(ledger, now, out))
            }),
        )
    }

    /// What changes nothing that is on disk, but for what the time brings: a full disk is no reason to refuse it.
    fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&mut Ledger, u64, &mut Vec<Record>) -> T + Send + 'static,
    ) -> Answer<'_, T> {
        Box::pin(
            self.calls
                .call(|journal, now| journal.change(|ledger, out| look(ledger, now, out))),
        )
    }

    /// A change where a lease has to be good.
    fn hold(
        &self,
        change: impl FnOnce(&mut Ledger, u64, &mut Vec<Record>) -> Result<Settled, Stale>
        + Send
        + 'static,
    ) -> Answer<'_, Settled> {
        let changed = self.change(change);
        Box::pin(async { Ok(changed.await??) })
    }
}

fn settings(options: &Options) -> Settings {
    Settings {
        count_max: options.count_max,
        bytes_max: options.bytes_max,
        remembered_max: options.dedup.remembered_max,
        dead_max: options.dead_max,
        backoff_base: time::as_millis(options.backoff.base),
        backoff_cap: time::as_millis(options.backoff.cap),
        aging: options.aging,
    }
}

impl Backend for Embedded {
    fn open(&self) -> Answer<'_, ()> {
        Box::pin(self.writer.open())
    }

    fn run(&self) -> Answer<'_, ()> {
        Box::pin(async {
            #[cfg(unix)]
            if let Some(folder) = &self.folder {
                match Server::bind(folder) {
                    Ok(server) => tokio::select! {
                        ended = self.writer.ended() => return ended,
                        () = server.serve(self) => {}
                    },
                    Err(error) => {
                        tracing::warn!(folder = %folder.display(), %error, "operators cannot reach this queue");
                    }
                }
            }
            self.writer.ended().await
        })
    }

    fn close(&self) {
        self.calls.close();
    }

    fn guarantees(&self) -> Answer<'_, Guarantees> {
        let abilities = Abilities::all().without(Ability::Sharing);
        let guarantees = Guarantees {
            durability: Durability::Synced,
            abilities: match self.options.aging {
                Aging::Fair => abilities,
                Aging::Strict => abilities.without(Ability::FairPriorities),
            },
        };
        Box::pin(async move { Ok(guarantees) })
    }

    fn advice(&self, _: &Unmet) -> &'static str {
        "an embedded queue is for one process: for several, choose a broker that is a server"
    }

    fn enqueue(&self, batch: Vec<Entry>) -> Answer<'_, Vec<Receipt>> {
        let window = time::as_millis(self.options.dedup.window);
        Box::pin(self.calls.call(move |journal, now| {
            let ids: Vec<_> = batch.iter().map(|entry| entry.id).collect();
            let outcomes = journal.enqueue(batch, window, now)?;
            Ok(ids.into_iter().zip(outcomes).map(receipt).collect())
        }))
    }

    fn lease(&self, count_max: usize, wait: Duration) -> Answer<'_, Vec<Leased>> {
        Box::pin(async move {
            let given = self.calls.lease(count_max, self.options.lease, wait);
            Ok(given.await?.into_iter().map(leased).collect())
        })
    }

    fn settle(&self, token: Token, settlement: Settlement) -> Answer<'_, Settled> {
        match settlement {
            Settlement::Start => self
                .hold(move |ledger, now, out| ledger.start(token, now, out).map(Settled::Started)),
            Settlement::Extend => {
                let length = time::as_millis(self.options.lease);
                let extended = self.look(move |ledger, now, out| {
                    ledger.extend(token, now.saturating_add(length), now, out)
                });
                Box::pin(async { Ok(extended.await?.map(|_| Settled::Extended)?) })
            }
            Settlement::Ack => self
                .hold(move |ledger, now, out| ledger.ack(token, now, out).map(|()| Settled::Done)),
            Settlement::Nack { delay, error } => {
                let (delay, cause) = (delay.map(time::as_millis), Cause::failed(&error));
                self.hold(move |ledger, now, out| {
                    let fate = ledger.nack(token, delay, cause, now, out)?;
                    Ok(match fate {
                        Fate::Retry { .. } => Settled::Returned,
                        Fate::Dead => Settled::Dead,
                    })
                })
            }
            Settlement::Release => {
                let released = self.look(move |ledger, now, out| ledger.release(token, now, out));
                Box::pin(async {
                    match released.await? {
                        Ok(()) => Ok(Settled::Returned),
                        Err(ReleaseError::Started) => Err(Error::Started),
                        Err(ReleaseError::Stale(stale)) => Err(Error::Stale(stale)),
                    }
                })
            }
            Settlement::DeadLetter { why } => self.hold(move |ledger, now, out| {
                let dead = ledger.dead_letter(token, &why, now, out);
                dead.map(|()| Settled::Dead)
            }),
        }
    }

    fn abandon(&self, token: Token) {
        self.calls.release(token);
    }

    fn peek(&self, count_max: usize) -> Answer<'_, Vec<Peeked>> {
        Box::pin(self.calls.call(move |journal, _| {
            // What came with the same commit is not on disk yet.
            journal.commit()?;
            let views = journal.ledger().peek(count_max);
            views
                .into_iter()
                .map(|view| peeked(journal, view))
                .collect()
        }))
    }

    fn purge(&self) -> Answer<'_, usize> {
        self.change(Ledger::purge)
    }

    fn set_paused(&self, is_paused: bool) -> Answer<'_, ()> {
        self.change(move |ledger, _, out| {
            if is_paused {
                ledger.pause(out);
            } else {
                ledger.resume(out);
            }
        })
    }

    fn stats(&self) -> Answer<'_, Stats> {
        self.look(|ledger, now, out| {
            ledger.advance(now, out);
            ledger.stats()
        })
    }

    fn dead_letters(
        &self,
        filter: Filter,
        after: Option<Cursor>,
        count_max: usize,
    ) -> Answer<'_, Vec<DeadLetter>> {
        Box::pin(self.calls.call(move |journal, now| {
            journal.change(|ledger, out| ledger.advance(now, out))?;
            journal.commit()?;
            let letters = journal.ledger().dead_letters(&filter, after, count_max);
            letters
                .into_iter()
                .map(|letter| dead_letter(journal, letter))
                .collect()
        }))
    }

    fn redrive(&self, selection: Selection) -> Answer<'_, usize> {
        Box::pin(self.calls.call(move |journal, now| {
            Ok(journal.change_with_room(|ledger, out| ledger.redrive(&selection, now, out))??)
        }))
    }

    fn discard(&self, selection: Selection) -> Answer<'_, usize> {
        self.change(move |ledger, now, out| ledger.discard(&selection, now, out))
    }
}

fn receipt((id, outcome): (crate::queue::MessageId, Outcome)) -> Receipt {
    match outcome {
        Outcome::Accepted => Receipt {
            id,
            is_duplicate: false,
        },
        Outcome::Duplicate { of } => Receipt {
            id: of,
            is_duplicate: true,
        },
    }
}

fn leased(delivery: Delivery) -> Leased {
    let Delivery { leased, payload } = delivery;
    Leased {
        token: leased.token,
        attempts: leased.attempts,
        attempts_max: leased.attempts_max,
        priority: leased.priority,
        group: leased.group,
        enqueued_at: time::at(leased.enqueued_at),
        expires_at: leased.expires.map(time::at),
        payload: Payload::from_bytes(payload),
    }
}

fn peeked(journal: &Journal, view: ledger::View) -> Result<Peeked, journal::Error> {
    Ok(Peeked {
        id: view.id,
        size: view.size,
        priority: view.priority,
        group: view.group,
        enqueued_at: time::at(view.enqueued_at),
        expires_at: view.expires.map(time::at),
        attempts: view.attempts,
        attempts_max: view.attempts_max,
        failure: view.failure,
        position: match view.position {
            ledger::Position::Ready => Position::Ready,
            ledger::Position::Delayed { due } => Position::Delayed { due: time::at(due) },
            ledger::Position::Leased { until, is_running } => Position::Leased {
                until: time::at(until),
                is_running,
            },
            ledger::Position::Dead => Position::Dead,
        },
        payload: Payload::from_bytes(journal.read(view.place)?),
    })
}

fn dead_letter(
    journal: &Journal,
    letter: ledger::DeadLetter,
) -> Result<DeadLetter, journal::Error> {
    Ok(DeadLetter {
        id: letter.id,
        size: letter.size,
        priority: letter.priority,
        group: letter.group,
        enqueued_at: time::at(letter.enqueued_at),
        history: letter.history,
        cursor: letter.cursor,
        payload: Payload::from_bytes(journal.read(letter.place)?),
    })
}

impl Drop for Embedded {
    /// The thread is told to end, and does so by itself: nobody can call it any more.
    fn drop(&mut self) {
        self.calls.close();
    }
}
