//! A disk in memory that forgets, for tests: private to this workspace, and no part of what is promised.
//!
//! It keeps apart what programs see and what is on disk. A power cut keeps what was synced, and of all else any part: each sector of each write for
//! itself, lengths, and names of files. A failed sync leaves what was written visible, clean, and on disk in parts, as Linux does.

mod contents;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use self::contents::{Contents, Torn};
use super::{Disk, DiskFile, Lock, LockError};

/// The disk. The copies are of one.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    state: Arc<Mutex<State>>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The disk fails. A sync that fails has lost some of what it was for.
    Failed,
    /// The disk is full, this once.
    Full,
    /// A write writes half of what it was given, and says so. Nothing else is changed.
    Short,
}

/// How often the disk was asked for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everything that changes or syncs something. Reads are none.
    pub operations: u64,
    /// Writes to files.
    pub writes: u64,
    /// Syncs of files.
    pub syncs: u64,
    /// Syncs of the folder.
    pub folder_syncs: u64,
    /// Reads of files.
    pub reads: u64,
    /// Syncs of a file by whoever had a sync of it fail: what that has lost, another would not tell.
    pub repeated_syncs: u64,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// Those that are removed too, for who has them open.
    files: BTreeMap<u64, Contents>,
    names: Names,
    names_on_disk: Names,
    /// Since the folder was last synced.
    changes: Vec<Change>,
    next: u64,
    locked: bool,
    counts: Counts,
    fault: Option<(u64, Fault)>,
    read_fault: Option<u64>,
    off_at: Option<u64>,
    /// Bytes of all files together.
    capacity: Option<usize>,
}

type Names = BTreeMap<String, u64>;

#[derive(Clone, Debug)]
enum Change {
    Created(String, u64),
    Renamed(String, String, u64),
    Removed(String),
}

impl Simulated {
    /// An empty folder on an empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often the disk was asked for what.
    pub fn counts(&self) -> Counts {
        self.state.lock().counts
    }

    /// Operation number `at`, counted from 0, goes wrong.
    pub fn fail_at(&self, at: u64, fault: Fault) {
        self.state.lock().fault = Some((at, fault));
    }

    /// Read number `at`, counted from 0, fails.
    pub fn fail_read_at(&self, at: u64) {
        self.state.lock().read_fault = Some(at);
    }

    /// The power is gone from operation number `at` on, counted from 0: that one is not done any more, and nothing after it.
    pub fn off_at(&self, at: u64) {
        self.state.lock().off_at = Some(at);
    }

    /// The disk has room for `bytes` bytes in all its files together, or for any number.
    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.state.lock().capacity = bytes;
    }

    /// Bytes of all files together.
    pub fn used(&self) -> usize {
        self.state.lock().used()
    }

    /// What is there after the power was cut now: one of very many possibilities, chosen by `seed`. Nothing goes wrong with it any
    /// more. This one stays as it is.
    pub fn cut(&self, seed: u64) -> Self {
        let random = &mut StdRng::seed_from_u64(seed);
        let state = self.state.lock();
        let names = state.cut_names(random);
        let torn = Torn::choose(random);
        let kept = names.values().filter_map(|id| {
            let contents = state.files.get(id)?;
            Some((*id, Contents::synced(contents.torn(torn, random))))
        });
        let files = kept.collect();
        Self::of(State {
            files,
            names_on_disk: names.clone(),
            names,
            next: state.next,
            ..State::default()
        })
    }

    /// What the next process sees after this one was killed: everything. Nothing goes wrong with it any more. This one stays as it is.
    pub fn kill(&self) -> Self {
        let state = self.state.lock();
        Self::of(State {
            files: state.files.clone(),
            names: state.names.clone(),
            names_on_disk: state.names_on_disk.clone(),
            changes: state.changes.clone(),
            next: state.next,
            ..State::default()
        })
    }

    /// Turns one bit over in one of the files, chosen by `seed`, on disk and for all who look. Says where.
    pub fn flip(&self, seed: u64) -> Option<(String, usize)> {
        let random = &mut StdRng::seed_from_u64(seed);
        let mut state = self.state.lock();
        let all: Vec<_> = state.names.iter().map(|(n, id)| (n.clone(), *id)).collect();
        let (name, id) = all.get(random.random_range(0..all.len().max(1)))?;
        let contents = state.files.get_mut(id)?;
        let at = random.random_range(0..contents.seen.len().max(1));
        let bit = 1 << random.random_range(0..8);
        *contents.seen.get_mut(at)? ^= bit;
        if let Some(byte) = contents.on_disk.get_mut(at) {
            *byte ^= bit;
        }
        Some((name.clone(), at))
    }

    fn of(state: State) -> Self {
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }
}

impl State {
    /// Counts one operation, and lets it go wrong.
    fn operation(&mut self) -> io::Result<Option<Fault>> {
        let number = self.counts.operations;
        self.check_power()?;
        self.counts.operations += 1;
        match self.fault {
            Some((at, fault)) if at == number => Ok(Some(fault)),
            _ => Ok(None),
        }
    }

    /// For an operation that is done or not.
    fn whole_operation(&mut self) -> io::Result<()> {
        match self.operation()? {
            Some(Fault::Failed) => Err(failed()),
            Some(Fault::Full) => Err(io::ErrorKind::StorageFull.into()),
            Some(Fault::Short) | None => Ok(()),
        }
    }

    fn check_power(&self) -> io::Result<()> {
        match self.off_at {
            Some(at) if at <= self.counts.operations => Err(io::Error::other("the power is off")),
            _ => Ok(()),
        }
    }

    fn used(&self) -> usize {
        let files = self.names.values().filter_map(|id| self.files.get(id));
        files.map(|file| file.seen.len()).sum()
    }

    /// None, all, the first, or any of the changes since the last sync.
    fn cut_names(&self, random: &mut StdRng) -> Names {
        let mut names = self.names_on_disk.clone();
        let kind = random.random_range(0..4);
        let first = random.random_range(0..=self.changes.len());
        for (at, change) in self.changes.iter().enumerate() {
            let kept = match kind {
                0 => false,
                1 => true,
                2 => at < first,
                _ => random.random(),
            };
            if kept {
                change.apply(&mut names);
            }
        }
        names
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    fn find(&self, name: &str) -> io::Result<u64> {
        let id = self.names.get(name);
        Ok(*id.ok_or(io::ErrorKind::NotFound)?)
    }
}

impl Change {
    fn apply(&self, names: &mut Names) {
        match self {
            Self::Created(name, id) => {
                names.insert(name.clone(), *id);
            }
            Self::Renamed(from, to, id) => {
                if names.get(from) == Some(id) {
                    names.remove(from);
                }
                names.insert(to.clone(), *id);
            }
            Self::Removed(name) => {
                names.remove(name);
            }
        }
    }
}

fn failed() -> io::Error {
    io::Error::other("the disk fails")
}

/// Makes the disk free again.
struct Held(Simulated);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.state.lock().locked = false;
    }
}

impl Disk for Simulated {
    fn lock(&self) -> Result<Lock, LockError> {
        let mut state = self.state.lock();
        state.check_power().map_err(LockError::Io)?;
        if std::mem::replace(&mut state.locked, true) {
            return Err(LockError::Held(Some(std::process::id())));
        }
        Ok(Box::new(Held(self.clone())))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.state.lock();
        state.check_power()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.state.lock();
        state.whole_operation()?;
        let id = state.next;
        state.next += 1;
        state.files.insert(id, Contents::default());
        state.change(Change::Created(name.into(), id));
        Ok(self.handle(id))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.state.lock();
        state.check_power()?;
        let id = state.find(name)?;
        Ok(self.handle(id))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_operation()?;
        let id = state.find(from)?;
        state.change(Change::Renamed(from.into(), to.into(), id));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock();
        state.whole_operation()?;
        state.find(name)?;
        state.change(Change::Removed(name.into()));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        state.counts.folder_syncs += 1;
        state.whole_operation()?;
        state.changes.clear();
        state.names_on_disk = state.names.clone();
        Ok(())
    }
}

impl Simulated {
    fn handle(&self, id: u64) -> Arc<dyn DiskFile> {
        Arc::new(Handle {
            disk: self.clone(),
            id,
            has_failed: AtomicBool::new(false),
        })
    }
}

/// An open file.
struct Handle {
    disk: Simulated,
    id: u64,
    /// A sync has.
    has_failed: AtomicBool,
}

impl DiskFile for Handle {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state.lock();
        state.check_power()?;
        let number = state.counts.reads;
        state.counts.reads += 1;
        if state.read_fault == Some(number) {
            return Err(failed());
        }
        let contents = state.files.get(&self.id).ok_or(io::ErrorKind::NotFound)?;
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let from = contents.seen.get(at..).unwrap_or_default();
        let count = from.len().min(bytes.len());
        if let (Some(to), Some(from)) = (bytes.get_mut(..count), from.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.disk.state.lock();
        state.counts.writes += 1;
        let fault = state.operation()?;
        let at = usize::try_from(offset).unwrap_or(usize::MAX);
        let (used, capacity) = (state.used(), state.capacity);
        let contents = state
            .files
            .get_mut(&self.id)
            .ok_or(io::ErrorKind::NotFound)?;
        let more = (at + bytes.len()).saturating_sub(contents.seen.len());
        if more > 0 && capacity.is_some_and(|capacity| used + more > capacity) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
        match fault {
            Some(Fault::Short) if !half.is_empty() => {
                contents.write(half, at);
                return Ok(half.len());
            }
            None | Some(Fault::Short) => contents.write(bytes, at),
            Some(Fault::Full) => return Err(io::ErrorKind::StorageFull.into()),
            // Some of it may be there nevertheless.
            Some(Fault::Failed) => {
                contents.write(half, at);
                return Err(failed());
            }
        }
        Ok(bytes.len())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.disk.state.lock();
        state.counts.syncs += 1;
        state.counts.repeated_syncs += u64::from(self.has_failed.load(Ordering::Relaxed));
        let number = state.counts.operations;
        let fault = state.operation()?;
        let contents = state
            .files
            .get_mut(&self.id)
            .ok_or(io::ErrorKind::NotFound)?;
        let kind = match fault {
            None | Some(Fault::Short) => {
                contents.sync();
                return Ok(());
            }
            Some(Fault::Full) => io::ErrorKind::StorageFull,
            Some(Fault::Failed) => io::ErrorKind::Other,
        };
        let random = &mut StdRng::seed_from_u64(number);
        contents.on_disk = contents.torn(Torn::choose(random), random);
        contents.writes.clear();
        self.has_failed.store(true, Ordering::Relaxed);
        Err(kind.into())
    }

    fn length(&self) -> io::Result<u64> {
        let state = self.disk.state.lock();
        state.check_power()?;
        let contents = state.files.get(&self.id).ok_or(io::ErrorKind::NotFound)?;
        Ok(contents.seen.len() as u64)
    }
}
