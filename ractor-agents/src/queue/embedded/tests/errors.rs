//! An error of the disk at every operation of mixed work by eight callers: nobody is told that something was done which was not, and nothing that
//! was answered is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;

use super::super::backend::Embedded;
use super::super::ledger::{Fault as Mistake, Position};
use super::super::log::Disk;
use super::super::log::simulate::{Fault, Simulated};
use super::{Id, SMALL, draft, open};
use crate::queue::broker::{Entry, Settled, Settlement};
use crate::queue::{Backend, Error, Options, Token};

/// So many at a time, each with so many batches.
const CALLERS: u128 = 8;
const ROUNDS: u128 = 4;

/// Longer than any of this takes.
const LONG: Duration = Duration::from_secs(30);

/// Whether something is so, as far as the answers tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Told {
    #[default]
    No,
    /// It was asked for, and not answered.
    Perhaps,
    Yes,
}

/// What is known of a message.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    is_in: Told,
    is_gone: bool,
    /// Acknowledgements that were asked for, and may have been done.
    acks: u32,
    others: u32,
    /// Attempts that were counted for sure, and those that may have been.
    attempts: (u32, u32),
    batch: u128,
}

/// What all callers know.
#[derive(Default)]
struct Ledger {
    known: BTreeMap<u128, Known>,
    /// What was wrong.
    wrong: Vec<String>,
    unknown: usize,
    refused: usize,
}

/// The queue, and those who call it.
struct Stage {
    disk: Simulated,
    backend: Embedded,
    told: Mutex<Ledger>,
}

/// What came of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    operations: u64,
    unknown: usize,
    refused: usize,
    done: usize,
}

impl Stage {
    fn new(disk: &Simulated, mistake: Option<Mistake>) -> Arc<Self> {
        let at = disk.clone();
        let disk_of = move || -> std::io::Result<Arc<dyn Disk>> { Ok(Arc::new(at.clone())) };
        let options = Options {
            lease: LONG,
            ..Options::default()
        };
        Arc::new(Self {
            disk: disk.clone(),
            backend: Embedded::with_fault(disk_of, SMALL, &options, mistake),
            told: Mutex::default(),
        })
    }

    /// Keeps the queue open, as its actor does.
    async fn keep(self: Arc<Self>) -> Result<(), String> {
        for _ in 0..100 {
            if self.backend.open().await.is_ok() && self.backend.run().await.is_ok() {
                return Ok(());
            }
            // The threads are real ones, and so is the time until there is room again.
            sleep(Duration::from_millis(1)).await;
        }
        Err("it does not open any more".into())
    }

    fn note(&self, id: u128, change: impl FnOnce(&mut Known)) {
        change(self.told.lock().known.entry(id).or_default());
    }

    /// What an error leaves open: whether nothing has changed.
    fn failed(&self, error: &Error) -> bool {
        let mut told = self.told.lock();
        match error {
            Error::Unknown(_) => told.unknown += 1,
            Error::NoSpace | Error::Disconnected(_) => told.refused += 1,
            // Of a lease from before the queue was opened anew.
            Error::Stale(_) => {}
            error => told.wrong.push(format!("{error:?}")),
        }
        !matches!(error, Error::Unknown(_))
    }

    async fn call(self: Arc<Self>, caller: u128) {
        for round in 0..ROUNDS {
            self.enqueue(caller, round).await;
            let leased = match self.backend.lease(2, Duration::from_millis(100)).await {
                Ok(leased) => leased,
                Err(error) => {
                    assert!(self.failed(&error), "a lease is no change");
                    continue;
                }
            };
            // Before anything else: later on it may have been opened anew, and others have them.
            for leased in &leased {
                self.came(leased.token.id.0);
            }
            for leased in leased {
                self.handle(leased.token).await;
            }
        }
    }

    /// A message was leased.
    fn came(&self, id: u128) {
        let mut told = self.told.lock();
        let known = told.known.get(&id).copied().unwrap_or_default();
        if known.is_gone || known.is_in == Told::No {
            let wrong = format!("{id} is leased, and {known:?}");
            told.wrong.push(wrong);
        }
    }

    async fn enqueue(&self, caller: u128, round: u128) {
        let batch = caller * ROUNDS + round;
        let ids: Vec<u128> = (0..=batch % 3).map(|at| 1 + batch * 3 + at).collect();
        let entries = |payload: usize| -> Vec<Entry> {
            let entries = ids.iter().map(|id| draft(*id, vec![7; payload]));
            entries.collect()
        };
        for id in &ids {
            self.note(*id, |known| {
                known.is_in = Told::Perhaps;
                known.batch = batch;
            });
        }
        let is_in = match self.backend.enqueue(entries(700)).await {
            Ok(receipts) => {
                let is_new = receipts.iter().all(|receipt| !receipt.is_duplicate);
                assert!(is_new, "each is sent once");
                Told::Yes
            }
            Err(error) if self.failed(&error) => Told::No,
            Err(_) => Told::Perhaps,
        };
        for id in &ids {
            self.note(*id, |known| known.is_in = is_in);
        }
    }

    async fn handle(&self, token: Token) {
        let id = token.id.0;
        let start = Settlement::Start;
        if !self
            .settle(token, start, |known| &mut known.attempts.1)
            .await
        {
            return;
        }
        let settlement = match id % 4 {
            0 => Settlement::Nack {
                delay: Some(Duration::ZERO),
                error: "no luck".into(),
            },
            1 => Settlement::DeadLetter {
                why: "never".into(),
            },
            _ => {
                self.settle(token, Settlement::Ack, |known| &mut known.acks)
                    .await;
                return;
            }
        };
        self.settle(token, settlement, |known| &mut known.others)
            .await;
    }

    /// Whether it was taken. Counts what is asked for, unless nothing has come of it.
    async fn settle(
        &self,
        token: Token,
        settlement: Settlement,
        asked: impl Fn(&mut Known) -> &mut u32,
    ) -> bool {
        let id = token.id.0;
        self.note(id, |known| *asked(known) += 1);
        match self.backend.settle(token, settlement).await {
            Ok(Settled::Started(attempt)) => self.note(id, |known| known.attempts.0 = attempt),
            Ok(Settled::Done) => self.note(id, |known| known.is_gone = true),
            Ok(_) => {}
            Err(error) => {
                if self.failed(&error) {
                    self.note(id, |known| *asked(known) -= 1);
                }
                return false;
            }
        }
        true
    }

    /// What is on a disk is what was answered.
    fn check(&self, disk: &Simulated, what: &str) -> Result<(), String> {
        let journal = open(disk, 2_000).map_err(|error| format!("{what}: {error:?}"))?;
        let known = self.told.lock().known.clone();
        let mut batches: BTreeMap<u128, Vec<bool>> = BTreeMap::new();
        for (id, known) in known {
            let view = journal.ledger().find(Id(id));
            let is_there = view.is_some();
            let is_wrong = match known.is_in {
                _ if known.is_gone => is_there,
                Told::No => is_there,
                Told::Yes => !is_there && known.acks == 0,
                Told::Perhaps => false,
            };
            if is_wrong {
                return Err(format!("{what}: {id} is {view:?}, and {known:?}"));
            }
            if known.acks == 0 {
                batches.entry(known.batch).or_default().push(is_there);
            }
            let Some(view) = view else { continue };
            let (least, most) = known.attempts;
            if view.attempts < least || view.attempts > most {
                return Err(format!("{what}: {id} is {view:?}, and {known:?}"));
            }
            if matches!(view.position, Position::Leased { .. }) {
                return Err(format!("{what}: nobody can have {id}"));
            }
            let read = journal
                .read(view.place)
                .map_err(|error| error.to_string())?;
            if read != [7; 700] {
                return Err(format!("{what}: {id} is not what was sent"));
            }
        }
        let torn = batches
            .iter()
            .find(|(_, there)| there.contains(&true) && there.contains(&false));
        torn.map_or(Ok(()), |torn| Err(format!("{what}: in part: {torn:?}")))
    }
}

/// The whole work on a disk that `prepare` has prepared.
pub(super) async fn run(
    mistake: Option<Mistake>,
    prepare: impl FnOnce(&Simulated),
) -> Result<Outcome, String> {
    let disk = Simulated::new();
    prepare(&disk);
    let stage = Stage::new(&disk, mistake);
    let keeper = tokio::spawn(Arc::clone(&stage).keep());
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| tokio::spawn(Arc::clone(&stage).call(caller)))
        .collect();
    let all = async {
        for caller in callers {
            caller.await.map_err(|error| error.to_string())?;
        }
        stage.backend.close();
        keeper.await.map_err(|error| error.to_string())?
    };
    let ended = tokio::time::timeout(LONG, all).await;
    ended.map_err(|_| "somebody waits for ever")??;
    if stage.disk.counts().repeated_syncs > 0 {
        return Err("an fdatasync that had failed was repeated".into());
    }
    // Without `told`'s guard: the checks take it.
    let wrong = std::mem::take(&mut stage.told.lock().wrong);
    if !wrong.is_empty() {
        return Err(wrong.join("; "));
    }
    stage.check(&disk.kill(), "started again")?;
    for seed in 0..3 {
        stage.check(&disk.cut(seed), "after a power cut")?;
    }
    let told = stage.told.lock();
    let is_done = |known: &&Known| known.is_in == Told::Yes;
    Ok(Outcome {
        operations: disk.counts().operations,
        unknown: told.unknown,
        refused: told.refused,
        done: told.known.values().filter(is_done).count(),
    })
}

async fn at_every_operation(fault: Fault) -> Outcome {
    let whole = run(None, |_| ()).await.expect("the disk is well");
    assert_eq!((whole.unknown, whole.refused), (0, 0), "{whole:?}");
    let mut all = Outcome::default();
    // How many there are depends on who came together. Past the end nothing goes wrong.
    for at in 0..whole.operations + 8 {
        let outcome = run(None, |disk| disk.fail_at(at, fault)).await;
        let outcome = outcome.unwrap_or_else(|wrong| panic!("{fault:?} at {at}: {wrong}"));
        all.operations += 1;
        all.unknown += outcome.unknown;
        all.refused += outcome.refused;
        all.done += outcome.done;
    }
    println!("{fault:?}: {all:?}");
    all
}

#[tokio::test]
async fn where_an_operation_fails_nobody_is_told_that_it_was_done() {
    let all = at_every_operation(Fault::Failed).await;
    assert!(all.unknown > 0, "{all:?}");
}

#[tokio::test]
async fn where_the_disk_is_full_for_once_nobody_is_told_that_it_was_done() {
    at_every_operation(Fault::Full).await;
}

#[tokio::test]
async fn a_write_that_writes_a_part_is_finished() {
    let all = at_every_operation(Fault::Short).await;
    assert_eq!((all.unknown, all.refused), (0, 0), "{all:?}");
}

/// Full for a while, from any byte on.
#[tokio::test]
async fn a_disk_that_is_full_for_a_while_is_told_of_and_nothing_is_lost() {
    let mut all = Outcome::default();
    for kilobytes in 16..90 {
        let outcome = run(None, |disk| {
            disk.set_capacity(Some(kilobytes * 1_000));
            let disk = disk.clone();
            tokio::spawn(async move {
                // Real, as the work is.
                sleep(Duration::from_millis(10)).await;
                disk.set_capacity(None);
            });
        });
        let outcome = outcome
            .await
            .unwrap_or_else(|wrong| panic!("{kilobytes} KB: {wrong}"));
        all.unknown += outcome.unknown;
        all.refused += outcome.refused;
        all.done += outcome.done;
    }
    println!("full for a while: {all:?}");
    assert!(all.refused > 0 && all.done > 0, "{all:?}");
}
