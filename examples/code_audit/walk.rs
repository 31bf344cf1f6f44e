//! The files below a folder, in a fixed order, from any point on.
//!
//! What counts, and what does not:
//! - Regular files. Symbolic links are not followed; links, FIFOs, sockets and devices are no files and are not counted
//!   at all, and nothing here ever opens one.
//! - `.gitignore` files apply to what lies beside and below them, in a git repository or not. Where the audited folder
//!   lies inside a repository, the `.gitignore` files between it and the repository's root apply as well; above that, and
//!   outside of repositories, nothing above the audited folder matters. A repository inside the tree starts afresh.
//! - Nothing else hides a file: neither the user's global excludes nor `.git/info/exclude` nor `.ignore`. Two people who
//!   audit the same tree get the same report.
//! - Hidden files (a leading dot) count only with [`Options::no_ignore`], which also turns `.gitignore` off; `.git` never
//!   counts.
//! - A folder that cannot be read is one [`Entry::Unreadable`], and the walk goes on beside it.
//!
//! The matching is that of the `ignore` crate; the walk is not. Its walker opens every `.gitignore` it sees, whatever it
//! is: a FIFO of that name stops it for good, a link to an endless device eats the memory. Here a `.gitignore` is a
//! regular file (git itself follows no link there either) of at most 4 MiB, or it is not there.
//!
//! The order is that of [`Path`]'s comparison: folder by folder, names by their bytes. So the path last handed out is all
//! that a scout has to remember: [`Walk::resume`] goes on behind it, whatever came or went in the meantime.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::{fs, io, vec};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::read;

/// Which files count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Ignored and hidden files count too.
    pub no_ignore: bool,
}

/// One step of the walk; the path is relative to [`Walk::root`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A regular file, not opened yet.
    File(PathBuf),
    /// A folder that cannot be listed, or something that vanished while it was looked at.
    Unreadable(PathBuf),
}

impl Entry {
    /// Where it lies below the root.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Unreadable(path) => path,
        }
    }
}

/// Why there is nothing to walk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing is there, or it may not be looked at.
    #[error("cannot audit {}: {source}", path.display())]
    Unreachable {
        /// As it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A device, a socket, a FIFO.
    #[error("cannot audit {}: neither a folder nor a regular file", path.display())]
    NotAFolder {
        /// As it was given.
        path: PathBuf,
    },
}

/// The walk itself: an iterator over [`Entry`].
#[derive(Debug)]
pub struct Walk {
    root: PathBuf,
    options: Options,
    /// Nothing up to here is handed out: the point to go on from.
    position: Option<PathBuf>,
    /// Rules of the folders above the root, innermost first.
    above: Vec<Gitignore>,
    /// The folders that are open, outermost first.
    open: Vec<Folder>,
}

/// A folder whose children are being handed out.
#[derive(Debug)]
struct Folder {
    relative: PathBuf,
    children: vec::IntoIter<fs::DirEntry>,
    rules: Option<Gitignore>,
    /// Whether a repository starts here, so that no outer rule reaches in.
    is_repository: bool,
    /// Listing it failed half-way; said once, before its children.
    is_torn: bool,
}

impl Walk {
    /// Starts at the beginning of `root`.
    ///
    /// # Errors
    /// [`Error`] where `root` is missing, cannot be read, or is neither a folder nor a regular file.
    pub fn new(root: &Path, options: Options) -> Result<Self, Error> {
        Self::from(root, options, None)
    }

    /// Starts behind `position`, a path that an earlier walk handed out.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn resume(root: &Path, options: Options, position: &Path) -> Result<Self, Error> {
        Self::from(root, options, Some(position.to_owned()))
    }

    /// The folder to which the paths are relative.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn from(given: &Path, options: Options, position: Option<PathBuf>) -> Result<Self, Error> {
        let unreachable = |source| Error::Unreachable {
            path: given.to_owned(),
            source,
        };
        // Canonical, since the rules of the folders above are found by their absolute path.
        let root = fs::canonicalize(given).map_err(unreachable)?;
        let kind = fs::metadata(&root).map_err(unreachable)?.file_type();
        let mut walk = Self {
            root,
            options,
            position,
            above: Vec::new(),
            open: Vec::new(),
        };
        if kind.is_file() {
            walk.open_single_file();
        } else if kind.is_dir() {
            let folder = walk.open(PathBuf::new()).map_err(unreachable)?;
            if !options.no_ignore && !folder.is_repository {
                walk.above = rules_above(&walk.root);
            }
            walk.open.push(folder);
        } else {
            return Err(Error::NotAFolder {
                path: given.to_owned(),
            });
        }
        Ok(walk)
    }

    /// The tree of one file: its folder, with no other child.
    fn open_single_file(&mut self) {
        let Some((folder, name)) = self.root.parent().zip(self.root.file_name()) else {
            return;
        };
        let listed = fs::read_dir(folder).into_iter().flatten().flatten();
        let children: Vec<_> = listed.filter(|child| child.file_name() == name).collect();
        self.root = folder.to_owned();
        // It was named, so no rule hides it.
        self.options.no_ignore = true;
        self.open.push(Folder {
            relative: PathBuf::new(),
            children: children.into_iter(),
            rules: None,
            is_repository: true,
            is_torn: false,
        });
    }

    fn open(&self, relative: PathBuf) -> io::Result<Folder> {
        let path = self.root.join(&relative);
        let mut is_torn = false;
        let mut children = Vec::new();
        for child in fs::read_dir(&path)? {
            match child {
                Ok(child) => children.push(child),
                Err(_) => is_torn = true,
            }
        }
        children.sort_by_cached_key(fs::DirEntry::file_name);
        let has = |name: &str| children.iter().any(|child| child.file_name() == name);
        let is_repository = has(".git");
        let rules = (!self.options.no_ignore && has(".gitignore"))
            .then(|| rules_of(&path))
            .flatten();
        Ok(Folder {
            relative,
            children: children.into_iter(),
            rules,
            is_repository,
            is_torn,
        })
    }

    /// Whether the walk stays away from a child, file or folder.
    fn is_left_out(&self, name: &OsStr, relative: &Path, is_folder: bool) -> bool {
        if name == ".git" {
            return true;
        }
        if self.options.no_ignore {
            return false;
        }
        if name.as_encoded_bytes().starts_with(b".") {
            return true;
        }
        let path = self.root.join(relative);
        for folder in self.open.iter().rev() {
            let verdict = folder
                .rules
                .as_ref()
                .map_or(Match::None, |rules| rules.matched(&path, is_folder));
            if !verdict.is_none() || folder.is_repository {
                return verdict.is_ignore();
            }
        }
        let mut above = self
            .above
            .iter()
            .map(|rules| rules.matched(&path, is_folder));
        above
            .find(|verdict| !verdict.is_none())
            .is_some_and(|verdict| verdict.is_ignore())
    }

    /// Whether everything at and below `relative` has been handed out before.
    fn is_behind(&self, relative: &Path) -> bool {
        let Some(position) = &self.position else {
            return false;
        };
        relative == position || (relative < position.as_path() && !position.starts_with(relative))
    }

    /// Hands `entry` out, unless it was handed out before.
    fn emit(&mut self, entry: Entry) -> Option<Entry> {
        if self
            .position
            .as_deref()
            .is_some_and(|position| entry.path() <= position)
        {
            return None;
        }
        self.position = Some(entry.path().to_owned());
        Some(entry)
    }

    /// Looks at one child of the innermost folder; most of them are worth no entry.
    fn visit(&mut self, child: &fs::DirEntry, folder: &Path) -> Option<Entry> {
        let name = child.file_name();
        let relative = folder.join(&name);
        if self.is_behind(&relative) {
            return None;
        }
        let Ok(kind) = child.file_type() else {
            return self.emit(Entry::Unreadable(relative));
        };
        if !(kind.is_file() || kind.is_dir()) || self.is_left_out(&name, &relative, kind.is_dir()) {
            return None;
        }
        if kind.is_file() {
            return self.emit(Entry::File(relative));
        }
        match self.open(relative.clone()) {
            Ok(folder) => {
                self.open.push(folder);
                None
            }
            Err(_) => self.emit(Entry::Unreadable(relative)),
        }
    }
}

impl Iterator for Walk {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        loop {
            let folder = self.open.last_mut()?;
            let relative = folder.relative.clone();
            let entry = if std::mem::take(&mut folder.is_torn) {
                self.emit(Entry::Unreadable(relative))
            } else if let Some(child) = folder.children.next() {
                self.visit(&child, &relative)
            } else {
                self.open.pop();
                None
            };
            if entry.is_some() {
                return entry;
            }
        }
    }
}

/// The rules of the folders above `root` up to its repository's root, innermost first; none outside of a repository.
fn rules_above(root: &Path) -> Vec<Gitignore> {
    let mut rules = Vec::new();
    for folder in root.ancestors().skip(1) {
        rules.extend(rules_of(folder));
        if fs::symlink_metadata(folder.join(".git")).is_ok() {
            return rules;
        }
    }
    Vec::new()
}

/// The rules of one folder, if it has any that can be read. A line that is no valid pattern is passed over, as git does.
fn rules_of(folder: &Path) -> Option<Gitignore> {
    let read::Content::Text(text) = read::read(&folder.join(".gitignore")) else {
        return None;
    };
    let mut builder = GitignoreBuilder::new(folder);
    for line in text.content.trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}
