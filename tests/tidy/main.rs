//! Habits that no compiler lint covers, checked on the sources themselves: the layout of the repository, the length of files,
//! and what the documentation of a public function must say.

mod source;

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Longer files hold a second concept more often than not.
const LINES_MAX: usize = 500;

/// A file that is longer for a good reason says so in a line with these words, followed by the reason.
const LONG_BECAUSE: &str = "tidy: long because ";

/// Everything visible at the top level. Tool files are dotted.
const TOP_LEVEL: [&str; 11] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "docs",
    "examples",
    "ractor-agents",
    "supervisors",
    "tests",
];

#[test]
fn top_level_is_the_prescribed_layout() {
    let expected: BTreeSet<String> = TOP_LEVEL.map(String::from).into();
    let visible: BTreeSet<String> = top_level()
        .into_iter()
        .filter(|name| !name.starts_with('.'))
        .collect();
    let missing: Vec<_> = expected.difference(&visible).collect();
    let unexpected: Vec<_> = visible.difference(&expected).collect();
    assert!(
        missing.is_empty() && unexpected.is_empty(),
        "missing: {missing:?}, unexpected: {unexpected:?}"
    );
}

#[test]
fn long_library_files_give_a_reason() {
    let long: Vec<_> = libraries()
        .iter()
        .flat_map(|library| sources(library))
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            (lines > LINES_MAX && !text.contains(LONG_BECAUSE))
                .then(|| format!("{}: {lines} lines", path.display()))
        })
        .collect();
    assert!(
        long.is_empty(),
        "more than {LINES_MAX} lines and no line \"// {LONG_BECAUSE}…\":\n{}",
        long.join("\n")
    );
}

/// It is finished rather than maintained, and has to be exchangeable without touching anything else.
#[test]
fn bincode_is_named_in_one_file() {
    let sources = libraries()
        .into_iter()
        .flat_map(|library| sources(&library));
    let named: Vec<_> = sources
        .filter(|(_, text)| text.contains("bincode::serde") || text.contains("use bincode"))
        .map(|(path, _)| path)
        .collect();
    let [only] = &named[..] else {
        panic!("named in {named:?}");
    };
    assert!(only.ends_with("codec/bincode.rs"), "named in {named:?}");
}

#[test]
fn public_async_functions_state_their_cancel_safety() {
    let mut wanting = Vec::new();
    for library in libraries() {
        let files = sources(&library);
        let awaitable: HashSet<&str> = files
            .iter()
            .flat_map(|(_, text)| source::awaitable_types(text))
            .collect();
        wanting.extend(without_section(&files, "Cancel safety", |item| {
            item.is_async()
                || item
                    .type_name()
                    .is_some_and(|name| awaitable.contains(name))
        }));
    }
    assert!(
        wanting.is_empty(),
        "no `# Cancel safety` in the documentation of:\n{}",
        wanting.join("\n")
    );
}

#[test]
fn public_fallible_functions_state_their_errors() {
    let wanting: Vec<_> = libraries()
        .iter()
        .flat_map(|library| without_section(&sources(library), "Errors", source::Item::is_fallible))
        .collect();
    assert!(
        wanting.is_empty(),
        "no `# Errors` in the documentation of:\n{}",
        wanting.join("\n")
    );
}

fn without_section(
    files: &[(PathBuf, String)],
    section: &str,
    applies: impl Fn(&source::Item) -> bool,
) -> Vec<String> {
    let mut wanting = Vec::new();
    for (path, text) in files {
        for item in source::public_items(text) {
            if applies(&item) && !item.is_hidden() && !item.has_section(section) {
                wanting.push(format!("{}:{}: {}", path.display(), item.line, item.head));
            }
        }
    }
    wanting
}

fn root() -> PathBuf {
    // As it is now: where several clones share a build folder, the one at compile time may be another one's.
    let tests = std::env::var_os("CARGO_MANIFEST_DIR").expect("Cargo runs the tests");
    Path::new(&tests)
        .parent()
        .expect("`tests` is a folder of the workspace")
        .to_path_buf()
}

/// The names git tracks at the top level, so that a report or a build folder of one's own is nobody's business. Outside a git
/// checkout: every name but the build folder's.
fn top_level() -> BTreeSet<String> {
    let tracked = Command::new("git")
        .arg("-C")
        .arg(root())
        .arg("ls-files")
        .output();
    if let Ok(output) = tracked
        && output.status.success()
        && !output.stdout.is_empty()
    {
        return String::from_utf8_lossy(&output.stdout)
            .lines()
            .filter_map(|path| path.split('/').next())
            .map(String::from)
            .collect();
    }
    entries(&root())
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .filter(|name| name != "target")
        .collect()
}

/// The folders of the crates that others depend on: `supervisors`, `ractor-agents` and whatever crates live inside them.
fn libraries() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for name in ["supervisors", "ractor-agents"] {
        let library = root().join(name);
        found.extend(
            entries(&library)
                .into_iter()
                .filter(|path| path.join("src").is_dir()),
        );
        found.push(library);
    }
    assert!(found.len() >= 3, "libraries found: {found:?}");
    found
}

/// The Rust files below `src` with their texts, except unit tests.
fn sources(library: &Path) -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![library.join("src")];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() && !path.ends_with("tests") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs")
            {
                let text = fs::read_to_string(&path)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            entry
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
                .path()
        })
        .collect()
}
