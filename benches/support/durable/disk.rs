//! The disk that is measured on, and what it can do.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fmt};

use tempfile::TempDir;

use super::PAYLOAD;
use crate::bench::scaled;
use crate::results;

/// A folder that is removed with all that is in it when this is dropped: in `QUEUE_FOLDER`, or else where criterion keeps its figures.
///
/// # Panics
/// If no folder can be made there.
pub fn folder() -> TempDir {
    let place = env::var_os("QUEUE_FOLDER").map_or_else(results::home, PathBuf::from);
    fs::create_dir_all(&place).expect("the folder for queues can be made");
    tempfile::tempdir_in(&place).expect("the folder for queues can be written")
}

/// The kind of file system that `folder` is on, and what it is made of: `ext4 on /dev/sda1`.
pub fn file_system(folder: &Path) -> String {
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ');
        let (device, place, kind) = (fields.next()?, fields.next()?, fields.next()?);
        folder.starts_with(place).then_some((place, kind, device))
    });
    let nearest = mounts.max_by_key(|(place, ..)| place.len());
    match nearest {
        Some((_, "tmpfs", _)) => "tmpfs, which is memory: nothing here is durable".to_owned(),
        Some((_, kind, device)) => format!("{kind} on {device}"),
        None => "an unknown file system".to_owned(),
    }
}

/// How long 256 bytes take to get to disk, written over others and followed by `fdatasync`: what a lone caller waits for at least.
#[derive(Clone, Copy, Debug)]
pub struct SyncTime {
    /// The median.
    pub p50: Duration,
    /// One in a hundred takes longer.
    pub p99: Duration,
}

impl SyncTime {
    /// Measured now, in `folder`, for up to half a second.
    ///
    /// # Panics
    /// If the disk cannot be written.
    pub fn measure(folder: &Path) -> Self {
        let file = File::create(folder.join("probe")).expect("a file");
        let length = 1 << 20;
        file.write_all_at(&vec![0; length], 0).expect("room");
        file.sync_all().expect("a disk");
        let began = Instant::now();
        let mut times = Vec::new();
        let most = scaled(500, 20);
        while times.len() < most && began.elapsed() < Duration::from_millis(500) {
            let at = times.len() * PAYLOAD.len() % length;
            let began = Instant::now();
            file.write_all_at(&PAYLOAD, at as u64).expect("room");
            file.sync_data().expect("a disk");
            times.push(began.elapsed());
        }
        Self::of(times)
    }

    /// Of what was measured elsewhere.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |part: usize| {
            let index = times.len() * part / 100;
            times.get(index).or(times.last()).copied()
        };
        Self {
            p50: at(50).unwrap_or_default(),
            p99: at(99).unwrap_or_default(),
        }
    }
}

impl fmt::Display for SyncTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99] = [self.p50, self.p99].map(|time| time.as_secs_f64() * 1e3);
        write!(formatter, "{p50:.2} / {p99:.2} ms")
    }
}

/// The blocks that the files below `folder` take, in bytes.
pub fn bytes_in(folder: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;

    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
        Ok(metadata) => metadata.blocks() * 512,
        // Gone in the meantime.
        Err(_) => 0,
    });
    sizes.sum()
}

/// Has the operating system forget what it keeps in memory of the files below `folder`, so that they are read from disk.
pub fn forget(folder: &Path) {
    use rustix::fs::{Advice, fadvise};

    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            forget(&path);
        } else if let Ok(file) = File::open(&path) {
            // Only what is on disk can be forgotten.
            let _ = file.sync_all();
            let _ = fadvise(&file, 0, None, Advice::DontNeed);
        }
    }
}
