//! What goes through the queues.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::inspect::Counts;
use crate::language::Language;
use crate::report::Skip;
use crate::rules::Hit;

/// Which audit a queue is for: the only message of its first queue, on lease to whoever will write the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audit {
    /// The audited folder or file, absolute and without links.
    pub root: OsString,
    /// Whether ignored and hidden files count too.
    pub no_ignore: bool,
    /// Tells it from the audits that the queue was for before.
    pub number: u64,
}

/// A file as the walk met it. Changed since, it is another one.
///
/// Paths are `OsString`s here: serde takes no `PathBuf` that is not Unicode.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct File {
    /// Relative to the root.
    path: OsString,
    /// `None` if it could not be looked at.
    stamp: Option<Stamp>,
}

/// What tells that a file was changed, as for `make` and `rsync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
struct Stamp {
    bytes: u64,
    /// In nanoseconds since 1970.
    modified: i128,
}

/// A file to be inspected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The audit's number.
    pub audit: u64,
    /// The folder that the file's path is relative to.
    pub base: OsString,
    /// Which file.
    pub file: File,
}

/// What came of it, or a part of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The audit's number.
    pub audit: u64,
    /// Which file.
    pub file: File,
    /// What it is.
    pub verdict: Verdict,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Passed over.
    Skipped(Skip),
    /// A text; all of it in each part, but for the hits.
    Text(Text, Portion),
}

/// What a text is, as far as that is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Text {
    /// The content's hash.
    pub blake3: [u8; 32],
    /// Its size.
    pub bytes: u64,
    /// What it is written in.
    pub language: Option<Language>,
    /// Its lines.
    pub counts: Counts,
}

/// Some of the hits in a text: a message has its limit, and a file of 4 MiB may be nothing but hits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Portion {
    /// Which portion it is, from 0.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// Those in it.
    pub hits: Vec<Hit>,
}

/// How many hits go into one message: a hit takes 600 bytes at most, a message 1 MiB.
const HITS_MAX: usize = 1_000;

impl File {
    /// The file at `path` below `base`, as it is now.
    pub fn look(base: &Path, path: PathBuf) -> Self {
        let metadata = fs::symlink_metadata(base.join(&path)).ok();
        let stamp = metadata.and_then(|metadata| {
            let modified = nanoseconds(metadata.modified().ok()?);
            let bytes = metadata.len();
            Some(Stamp { bytes, modified })
        });
        let path = path.into_os_string();
        Self { path, stamp }
    }

    /// Relative to the root.
    pub fn path(&self) -> &Path {
        Path::new(&self.path)
    }
}

fn nanoseconds(time: SystemTime) -> i128 {
    let count = |since: std::time::Duration| i128::try_from(since.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => count(since),
        Err(before) => -count(before.duration()),
    }
}

impl Job {
    /// What makes it the same job when an audit that was interrupted walks the tree again.
    pub fn key(&self) -> String {
        // `Debug` escapes what is not Unicode, so that different paths are different texts.
        format!("{:016x} {:?}", self.audit, self.file)
    }

    /// Where the file is.
    pub fn place(&self) -> PathBuf {
        Path::new(&self.base).join(self.file.path())
    }

    /// The messages that say what came of it: one, unless there are many hits.
    pub fn found(&self, outcome: Result<(Text, Vec<Hit>), Skip>) -> Vec<Found> {
        let found = |verdict| Found {
            audit: self.audit,
            file: self.file.clone(),
            verdict,
        };
        match outcome {
            Err(skip) => vec![found(Verdict::Skipped(skip))],
            Ok((text, hits)) => Portion::all(hits)
                .map(|portion| found(Verdict::Text(text, portion)))
                .collect(),
        }
    }
}

impl Portion {
    fn all(hits: Vec<Hit>) -> impl Iterator<Item = Self> {
        let of = hits.len().div_ceil(HITS_MAX).max(1);
        let mut hits = hits.into_iter();
        (0..of).map(move |number| Self {
            number,
            of,
            hits: hits.by_ref().take(HITS_MAX).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Severity;

    fn job(path: &str) -> Job {
        Job {
            audit: 7,
            base: "/tmp".into(),
            file: File {
                path: path.into(),
                stamp: None,
            },
        }
    }

    fn text() -> Text {
        Text {
            blake3: [0; 32],
            bytes: 0,
            language: None,
            counts: Counts::default(),
        }
    }

    #[test]
    fn a_file_that_was_changed_is_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let look = || File::look(folder.path(), "a".into());
        assert_eq!(look().stamp, None);
        fs::write(&path, "one").unwrap();
        let first = look();
        assert_eq!(look(), first);
        fs::write(&path, "three").unwrap();
        assert_ne!(look(), first);
        fs::write(&path, "one").unwrap();
        let before_1970 = UNIX_EPOCH - std::time::Duration::from_millis(1_500);
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(before_1970).unwrap();
        let old = look().stamp.unwrap();
        assert_eq!((old.bytes, old.modified), (3, -1_500_000_000));
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_no_text_have_keys_of_their_own() {
        use std::os::unix::ffi::OsStringExt;
        let mut odd = job("");
        odd.file.path = OsString::from_vec(b"caf\xe9".to_vec());
        assert_ne!(odd.key(), job("caf\\xE9").key());
        assert_ne!(odd.key(), job("caf\u{fffd}").key());
        assert_ne!(
            job("a").key(),
            Job {
                audit: 8,
                ..job("a")
            }
            .key()
        );
    }

    #[test]
    fn what_was_found_is_one_message_unless_there_is_very_much() {
        let hit = Hit {
            rule: "rust-unsafe".into(),
            severity: Severity::Low,
            line: 1,
            excerpt: "\u{1f980}".repeat(120),
        };
        for (hits, messages) in [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (2_500, 3)] {
            let found = job("a").found(Ok((text(), vec![hit.clone(); hits])));
            assert_eq!(found.len(), messages, "{hits}");
            let codec = ractor_agents::codec::Codec::of::<Found>();
            assert!(found.iter().all(|found| codec.encode(found).is_ok()));
        }
        assert_eq!(job("a").found(Err(Skip::Binary)).len(), 1);
    }
}
