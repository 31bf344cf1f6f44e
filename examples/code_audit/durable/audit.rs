//! The process that writes the report.

use std::future::IntoFuture;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use ractor_agents::prelude::*;
use ractor_agents::queue::{self, Ability, Claim, Filter, Selection};
use ractor_agents::swarm::Swarm;
use tokio::sync::mpsc;

use super::collection::Collection;
use super::inspector;
use super::place::Place;
use super::queues::Queues;
use super::wire::{Audit, File, Job};
use crate::chaos;
use crate::fold::Run;
use crate::progress::Progress;
use crate::report::Report;
use crate::team::{self, END_WITHIN, Order, Unfinished};
use crate::walk::{Entry, Walk};

/// A report, and what is to be done when it has been written.
#[derive(Debug)]
pub struct Finished {
    pub report: Report,
    swarm: Swarm,
    place: Place,
    queues: Queues,
    claim: Claim,
    results: Vec<Claim>,
}

/// How many files are enqueued, and how many results fetched, at a time. Source: a guess; each is one write to disk.
const AT_A_TIME: usize = 256;

/// How long the results are waited for before somebody looks what has become of them. Source: a guess.
const LOOK: Duration = Duration::from_millis(200);

/// How long a batch waits for room among the files. Source: a guess; there is room whenever 256 of them have been inspected.
const ROOM: Duration = Duration::from_mins(10);

/// Audits everything below the root, by way of the queues at `place`. They keep all of it until [`Finished::clear`].
///
/// # Errors
/// [`walk::Error`](crate::walk::Error) where there is nothing to walk, [`Taken`](super::queues::Taken) where the queue is somebody else's,
/// [`Unfinished`] where no attempt at a file has succeeded. Whatever it is, what has been done is kept.
pub async fn audit(order: &Order, place: Place, progress: &Progress) -> Result<Finished> {
    let started = Instant::now();
    // Before anything is made, so that a mistyped path is told at once.
    let walk = Walk::new(&order.root, order.options)?;
    let swarm = Swarm::builder().build()?;
    let queues = Queues::open(&swarm, &place, order.attempts()).await?;
    let wanted = Audit {
        root: std::fs::canonicalize(&order.root)?.into_os_string(),
        no_ignore: order.options.no_ignore,
        number: rand::random(),
    };
    let (audit, claim) = queues.take_on(&place, &wanted).await?;
    let inspectors = inspector::spawn(&swarm, order, &queues).await?;
    let mut desk = Desk {
        queues,
        number: audit.number,
        base: walk.root().to_owned(),
        is_batching: false,
        collection: Collection::new(audit.number),
        claims: Vec::new(),
        progress: progress.clone(),
    };
    tokio::select! {
        collected = desk.collect_all(walk, &place) => collected?,
        never = chaos::run(order.chaos, &swarm) => match never {},
    }
    for inspector in &inspectors {
        swarm.stop(inspector.id(), END_WITHIN).await;
    }
    let status = swarm.status();
    if !status.messages.balances() {
        return Err(Unfinished::Disorder(status.messages).into());
    }
    let report = desk.collection.fold().report(Run {
        root: order.root.display().to_string(),
        messages: team::messages(status.messages),
        restarts: status.restarts,
        elapsed: started.elapsed(),
    })?;
    Ok(Finished {
        report,
        swarm,
        place,
        queues: desk.queues,
        claim,
        results: desk.claims,
    })
}

/// What the process is at.
struct Desk {
    queues: Queues,
    number: u64,
    base: PathBuf,
    /// Whether the broker takes several at a time.
    is_batching: bool,
    collection: Collection,
    /// Of all results so far.
    claims: Vec<Claim>,
    progress: Progress,
}

impl Desk {
    /// Walks, enqueues what is not known, and collects results until nothing is missing.
    async fn collect_all(&mut self, walk: Walk, place: &Place) -> Result<()> {
        // What used up its attempts before may have others: somebody has started again.
        done_where_possible(self.queues.files.redrive(Selection::all()).await)?;
        while self.collect(Duration::ZERO).await? > 0 {}
        self.enqueue_all(walk, place.folder.as_deref()).await?;
        while !self.collection.missing().is_empty() {
            if self.collect(LOOK).await? == 0 {
                self.look_for_missing().await?;
            }
        }
        Ok(())
    }

    /// Enqueues the files that a walk meets, except what is known and what is the queue's own.
    async fn enqueue_all(&mut self, walk: Walk, own: Option<&Path>) -> Result<()> {
        let given = self.queues.files.guarantees().await?;
        let is_keyed = given.has(Ability::Dedup);
        self.is_batching = given.has(Ability::AtomicBatches);
        let own = own.and_then(|folder| std::fs::canonicalize(folder).ok());
        let base = self.base.clone();
        let (met, mut entries) = mpsc::channel(AT_A_TIME);
        let walking = tokio::task::spawn_blocking(move || {
            let is_own = |entry: &Entry| {
                let place = base.join(entry.path());
                own.as_ref().is_some_and(|own| place.starts_with(own))
            };
            for entry in walk.filter(|entry| !is_own(entry)) {
                let met = match entry {
                    Entry::File(path) => met.blocking_send(Ok(File::look(&base, path))),
                    Entry::Unreadable(path) => met.blocking_send(Err(path)),
                };
                if met.is_err() {
                    return;
                }
            }
        });
        let mut batch = Vec::with_capacity(AT_A_TIME);
        while entries.recv_many(&mut batch, AT_A_TIME).await > 0 {
            let mut unknown = Vec::new();
            for met in batch.drain(..) {
                self.progress.found();
                match met {
                    Ok(file) if self.collection.expect(&file) => unknown.push(file),
                    Ok(_) => self.progress.done(),
                    Err(folder) => {
                        self.collection.unreadable(folder);
                        self.progress.done();
                    }
                }
            }
            self.enqueue(unknown, is_keyed).await?;
            self.collect(Duration::ZERO).await?;
        }
        Ok(walking.await?)
    }

    async fn enqueue(&self, files: Vec<File>, is_keyed: bool) -> Result<(), queue::Error> {
        let jobs = files.into_iter().map(|file| Job {
            audit: self.number,
            base: self.base.clone().into_os_string(),
            file,
        });
        let batch = jobs.map(|job| {
            let enqueue = self.queues.files.enqueue(&job).wait(ROOM);
            if is_keyed {
                enqueue.key(&job.key())
            } else {
                enqueue
            }
        });
        if self.is_batching {
            return self.queues.files.enqueue_batch(batch).await.map(drop);
        }
        try_join_all(batch.map(IntoFuture::into_future))
            .await
            .map(drop)
    }

    /// Takes in the results that there are, waiting for the first of them. How many there were.
    async fn collect(&mut self, wait: Duration) -> Result<usize, queue::Error> {
        let results = self.queues.results.lease_many(AT_A_TIME).wait(wait).await?;
        let count = results.len();
        for result in results {
            let (found, claim) = result.into_parts();
            self.claims.push(claim);
            if self.collection.take(found) {
                self.progress.done();
            }
        }
        Ok(count)
    }

    /// Nothing has come for a while. Who waits for a file that is a dead letter waits for ever, and so does who waits for one that is
    /// nowhere.
    async fn look_for_missing(&mut self) -> Result<()> {
        let Queues { files, results, .. } = &self.queues;
        let in_files = files.stats().await?;
        if in_files.dead > 0 {
            self.judge_dead().await?;
        }
        // In this order: a result is in its queue before its file has left the other.
        if in_files.count() == 0 && results.stats().await?.count() == self.claims.len() {
            for missing in self.missing().chunks(AT_A_TIME) {
                self.enqueue(missing.to_vec(), false).await?;
            }
        }
        Ok(())
    }

    fn missing(&self) -> Vec<File> {
        self.collection.missing().iter().cloned().collect()
    }

    /// Ends with the first dead letter that is missing. Others are of files that are there no more.
    async fn judge_dead(&self) -> Result<()> {
        let files = &self.queues.files;
        let letters = files.dead_letters(Filter::default(), None, AT_A_TIME).await;
        if let Err(queue::Error::Unsupported { .. }) = letters {
            return Err(Unfinished::DeadLetter {
                message: "a file".into(),
                attempts: files.options().attempts,
                reason: "the broker cannot tell which, nor why".into(),
            }
            .into());
        }
        let letters = letters?;
        for letter in letters {
            let job = files.decode(&letter.payload).ok();
            let job = job.filter(|job| self.collection.missing().contains(&job.file));
            let Some(job) = job else {
                files.discard(Selection::one(letter.id)).await?;
                continue;
            };
            let (death, last) = (letter.history.dead, letter.history.failures.last());
            return Err(Unfinished::DeadLetter {
                message: crate::report::shown(job.file.path()),
                attempts: death.map_or(0, |death| death.attempts),
                reason: last.map_or_else(String::new, |failure| failure.cause.to_string()),
            }
            .into());
        }
        Ok(())
    }
}

/// A broker that cannot do it is none the worse.
fn done_where_possible<T>(outcome: Result<T, queue::Error>) -> Result<(), queue::Error> {
    match outcome {
        Err(queue::Error::Unsupported { .. }) | Ok(_) => Ok(()),
        Err(error) => Err(error),
    }
}

impl Finished {
    /// The report has been written: nothing of it has to be kept.
    ///
    /// # Errors
    /// What the broker or the system says. Then something is left; the next audit at this queue goes on with it, or passes over it.
    pub async fn clear(self) -> Result<()> {
        if self.place.folder.is_none() {
            // From here on the next one is another audit.
            self.claim.ack().await?;
            self.queues.files.purge().await?;
            let mut results = self.results.into_iter();
            loop {
                let acks = results
                    .by_ref()
                    .take(AT_A_TIME)
                    .map(|claim| async move { claim.ack().await });
                let mut acks: tokio::task::JoinSet<_> = acks.collect();
                if acks.is_empty() {
                    break;
                }
                while let Some(ack) = acks.join_next().await {
                    ack??;
                }
            }
        }
        self.swarm.shutdown(END_WITHIN).await;
        Ok(self.place.clear()?)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A desk in a swarm without inspectors, at which `names` are expected, and enqueued.
    async fn desk(names: &[&str]) -> Result<(Desk, Swarm, TempDir)> {
        let folder = tempfile::tempdir()?;
        let place = Place::find(folder.path().as_os_str())?;
        let swarm = Swarm::builder().test().build()?;
        let mut desk = Desk {
            queues: Queues::open(&swarm, &place, 2).await?,
            number: 7,
            base: folder.path().to_owned(),
            is_batching: true,
            collection: Collection::new(7),
            claims: Vec::new(),
            progress: Progress::new(true),
        };
        for name in names {
            assert!(desk.collection.expect(&file(name)));
        }
        let files = names.iter().map(|name| file(name)).collect();
        desk.enqueue(files, true).await?;
        Ok((desk, swarm, folder))
    }

    fn file(name: &str) -> File {
        File::look(Path::new("/nowhere"), name.into())
    }

    /// The only file in line dies.
    async fn die(desk: &Desk) -> Result<()> {
        let delivery = desk.queues.files.lease().await?.ok_or("no file")?;
        delivery.start().await?;
        assert!(!delivery.nack_for(Duration::ZERO, "at first").await?);
        let delivery = desk.queues.files.lease().await?.ok_or("no file")?;
        assert!(delivery.nack("as the test says").await?);
        Ok(())
    }

    #[tokio::test]
    async fn a_file_that_no_attempt_could_inspect_ends_the_audit_by_name() -> Result<()> {
        let (mut desk, _swarm, _folder) = desk(&["a/b.rs"]).await?;
        die(&desk).await?;
        let error = desk.look_for_missing().await.unwrap_err().to_string();
        assert_eq!(
            error,
            "the audit is incomplete: a/b.rs was not handled in 2 attempts: as the test says"
        );
        Ok(())
    }

    #[tokio::test]
    async fn a_dead_letter_of_a_file_that_is_not_there_any_more_does_not_matter() -> Result<()> {
        let (mut desk, _swarm, _folder) = desk(&["a.rs"]).await?;
        die(&desk).await?;
        desk.collection = Collection::new(7);
        desk.look_for_missing().await?;
        assert_eq!(desk.queues.files.stats().await?.dead, 0);
        Ok(())
    }

    #[tokio::test]
    async fn what_is_in_line_is_not_enqueued_again_and_what_was_purged_is() -> Result<()> {
        let (mut desk, _swarm, _folder) = desk(&["a.rs", "b.rs"]).await?;
        desk.enqueue(desk.missing(), true).await?;
        desk.look_for_missing().await?;
        let queues = desk.queues.clone();
        assert_eq!(queues.files.purge().await?, 2);
        desk.look_for_missing().await?;
        assert_eq!(queues.files.stats().await?.ready(), 2);
        Ok(())
    }

    #[tokio::test]
    async fn what_an_inspector_is_at_or_has_just_found_is_not_missing() -> Result<()> {
        let (mut desk, _swarm, _folder) = desk(&["a.rs"]).await?;
        let queues = desk.queues.clone();
        let delivery = queues.files.lease().await?.ok_or("no file")?;
        desk.look_for_missing().await?;
        for found in delivery.message().found(Err(crate::report::Skip::Binary)) {
            queues.results.enqueue(&found).await?;
        }
        delivery.ack().await?;
        desk.look_for_missing().await?;
        assert_eq!(queues.files.stats().await?.count(), 0);
        assert_eq!(desk.collect(Duration::from_secs(5)).await?, 1);
        assert!(desk.collection.missing().is_empty());
        Ok(())
    }
}
