//! What the audit says about trees built for the purpose: its parts, the swarm, and the program itself.

mod parts;
mod process;
mod queue;
mod swarm;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::progress::Progress;
use crate::report::{Report, shown};
use crate::sequential;
use crate::walk::{Options, Walk};

pub const IGNORING: Options = Options { no_ignore: false };
pub const EVERYTHING: Options = Options { no_ignore: true };

pub fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        write(folder.path(), path, content);
    }
    folder
}

pub fn write(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

pub fn audit(root: &Path, options: Options) -> Report {
    sequential::report(root, options, &Progress::new(true)).unwrap()
}

pub fn walked(root: &Path, options: Options) -> Vec<String> {
    Walk::new(root, options)
        .unwrap()
        .map(|entry| shown(entry.path()))
        .collect()
}
