//! The swarm's report, with and without chaos, is the sequential audit's.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::{EVERYTHING, IGNORING, audit, tree, write};
use crate::chaos::Chaos;
use crate::progress::Progress;
use crate::report::{Messages, Report};
use crate::team::{self, Order};
use crate::walk::{Entry, Options, Walk};

fn swarm(root: &Path, options: Options, analysts: usize, chaos: Option<Chaos>) -> Report {
    let order = Order {
        root: root.to_owned(),
        options,
        analysts: NonZeroUsize::new(analysts).unwrap(),
        chaos,
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime
        .block_on(team::report(&order, &Progress::new(true)))
        .unwrap()
}

fn every(milliseconds: u64, seed: u64) -> Option<Chaos> {
    let interval = Duration::from_millis(milliseconds);
    Some(Chaos { interval, seed })
}

/// The report without what only a swarm has.
fn plain(report: &Report) -> Report {
    Report {
        messages: Messages::default(),
        ..report.without_run_figures()
    }
}

/// With and without chaos the same, down to the accounting; and what the sequential audit says.
fn assert_same_in_chaos(root: &Path, options: Options, chaos: &[(u64, u64)]) {
    let calm = swarm(root, options, 3, None);
    assert_eq!(plain(&calm), plain(&audit(root, options)));
    assert_eq!((calm.restarts, calm.messages.retried), (0, 0));
    let mut restarts = 0;
    for &(milliseconds, seed) in chaos {
        let wild = swarm(root, options, 3, every(milliseconds, seed));
        assert_eq!(
            wild.without_run_figures(),
            calm.without_run_figures(),
            "every {milliseconds} ms, seed {seed}"
        );
        restarts += wild.restarts;
    }
    assert!(restarts > 0, "nobody was killed");
}

/// Files of several languages with secrets and constructs, many of them twice; some that are passed over.
fn mixed_tree(files: usize, seed: u64) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    let mut random = StdRng::seed_from_u64(seed);
    let lines = [
        "fn main() {}",
        "// TODO: more",
        "",
        "    unsafe { f() }",
        "eval(input)",
        "# FIXME",
        "password = \"hunter2-hunter2\"",
        "int x;",
    ];
    let ends = ["rs", "py", "c", "md", "js", "sh", "json", "unheard_of"];
    let mut contents: Vec<String> = Vec::new();
    for number in 0..files {
        let end = ends.choose(&mut random).unwrap();
        let path = format!(
            "{}/{}/{number}.{end}",
            random.random_range(0..9),
            number % 7
        );
        let content = match contents.choose(&mut random) {
            Some(known) if random.random_range(0..3) == 0 => known.clone(),
            _ => {
                let count = random.random_range(0..200);
                let lines = (0..count).map(|_| *lines.choose(&mut random).unwrap());
                format!("{number}\n{}", lines.collect::<Vec<_>>().join("\n"))
            }
        };
        write(root.path(), &path, content.as_bytes());
        contents.push(content);
    }
    write(root.path(), "binary.rs", b"a\0b");
    write(root.path(), "latin1.py", b"# caf\xe9\n");
    fs::File::create(root.path().join("large.txt"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    root
}

#[test]
fn an_empty_tree_is_done_at_once() {
    let root = tree(&[]);
    let report = swarm(root.path(), IGNORING, 1, None);
    assert_eq!(plain(&report), plain(&audit(root.path(), IGNORING)));
    // The one step, and the word that the walk is over.
    assert_eq!((report.messages.accepted, report.messages.handled), (2, 2));
}

#[test]
fn a_single_file_is_a_tree_too() {
    let root = tree(&[("a.rs", b"// TODO\n"), ("b.rs", b"fn b() {}\n")]);
    let report = swarm(&root.path().join("a.rs"), IGNORING, 2, None);
    assert_eq!((report.files, report.todos), (1, 1));
}

#[test]
fn every_message_is_accounted_for_and_equal_contents_are_deduplicated() {
    let root = tree(&[
        ("a.rs", b"fn f() {}\n"),
        ("b.rs", b"fn f() {}\n"),
        ("c/a.rs", b"fn f() {}\n"),
        ("a.txt", b"fn f() {}\n"),
        ("other.rs", b"fn g() {}\n"),
        ("binary.rs", b"\0"),
    ]);
    let messages = swarm(root.path(), IGNORING, 2, None).messages;
    let (entries, texts, subjects) = (6, 5, 3);
    let steps = entries + 1;
    let notes = entries + 1 + 2 * subjects;
    assert_eq!(messages.accepted, steps + notes + 2 * texts);
    assert_eq!(messages.deduplicated, 2 * (texts - subjects));
    assert_eq!(messages.handled, messages.accepted - messages.deduplicated);
}

#[test]
fn pools_of_any_size_report_the_same() {
    let root = mixed_tree(60, 1);
    let expected = plain(&audit(root.path(), IGNORING));
    for analysts in [1, 2, 3, 7] {
        let report = swarm(root.path(), IGNORING, analysts, None);
        assert_eq!(plain(&report), expected, "{analysts} analysts");
    }
}

#[test]
fn chaos_changes_nothing_on_a_mixed_tree() {
    let root = mixed_tree(400, 2);
    assert_same_in_chaos(
        root.path(),
        EVERYTHING,
        &[(20, 1), (5, 2), (5, 3), (1, 4), (1, 5), (1, 6), (1, 7)],
    );
}

/// Computing takes longer than a killed handler is waited for, so that agents are cut off and replaced.
#[test]
fn chaos_changes_nothing_where_handlers_take_long() {
    let root = tempfile::tempdir().unwrap();
    let line = "    let x = \"a\"; // and so on TODO\n\n";
    for number in 0..2 {
        let content = format!("// {number}\n{}", line.repeat(60_000));
        write(root.path(), &format!("{number}.rs"), content.as_bytes());
    }
    assert_same_in_chaos(root.path(), IGNORING, &[(20, 1), (10, 2)]);
}

#[test]
fn chaos_changes_nothing_on_this_repository() {
    let examples = examples::folder();
    let repository = examples.parent().unwrap();
    // A copy, since somebody may be editing it.
    let copy = tempfile::tempdir().unwrap();
    for entry in Walk::new(repository, IGNORING).unwrap() {
        if let Entry::File(path) = entry
            && let Ok(content) = fs::read(repository.join(&path))
        {
            let path = copy.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
    }
    assert_same_in_chaos(copy.path(), IGNORING, &[(20, 1), (5, 2), (5, 3)]);
}

#[test]
fn files_that_vanish_meanwhile_are_counted_skips_or_were_read_before() {
    let root = mixed_tree(600, 3);
    let all = audit(root.path(), IGNORING);
    let report = std::thread::scope(|scope| {
        let vanishing = scope.spawn(|| {
            for folder in 0..9 {
                let _ = fs::remove_dir_all(root.path().join(folder.to_string()));
            }
        });
        let report = swarm(root.path(), IGNORING, 2, every(5, 1));
        vanishing.join().unwrap();
        report
    });
    assert!(report.files + report.skipped.unreadable <= all.files);
    assert_eq!(report.skipped.too_large, 1);
}

#[test]
fn a_root_that_vanishes_meanwhile_ends_the_audit() {
    let root = mixed_tree(600, 4);
    let folder = root.path().to_owned();
    let report = std::thread::scope(|scope| {
        scope.spawn(|| fs::remove_dir_all(&folder).unwrap());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let order = Order {
            root: folder.clone(),
            options: IGNORING,
            analysts: NonZeroUsize::MIN,
            chaos: every(5, 1),
        };
        runtime.block_on(team::report(&order, &Progress::new(true)))
    });
    // Gone before the first look is an error with a name; gone later is a report of what there was.
    if let Err(error) = report {
        assert!(error.to_string().starts_with("cannot audit "), "{error}");
    }
}
