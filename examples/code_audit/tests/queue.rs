//! The program with `--queue`: killed and started again, its report is that of an undisturbed run without one.
//!
//! Reports are compared byte for byte up to the figures of the run: messages, restarts, time.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tempfile::TempDir;

use super::process::{audit, program, text};
use super::{IGNORING, tree, write};
use crate::report::Report;
use crate::walk::{Entry, Walk};

/// How many processes are killed; more by the variable `CODE_AUDIT_KILLS`.
const KILLS: usize = 10;

/// A file system with room for a queue, and a tree.
struct Site {
    tree: TempDir,
    queue: TempDir,
}

impl Site {
    fn new(tree: TempDir) -> Self {
        let queue = tempfile::tempdir().unwrap();
        Self { tree, queue }
    }

    fn root(&self) -> &str {
        self.tree.path().to_str().unwrap()
    }

    fn queue(&self) -> String {
        let queue = self.queue.path().join("queue");
        queue.to_str().unwrap().to_owned()
    }

    /// The report without a queue.
    fn undisturbed(&self) -> String {
        self.report(&[])
    }

    /// The report with one, from beginning to end, after which nothing is left of it.
    fn queued(&self, more: &[&str]) -> String {
        let queue = self.queue();
        let report = self.report(&[&["--queue", &queue], more].concat());
        assert!(!Path::new(&queue).exists(), "the queue was not cleared");
        report
    }

    fn report(&self, more: &[&str]) -> String {
        let output = audit(&[&[self.root(), "--json", "-"], more].concat());
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(text(&output.stderr), "");
        without_run(text(&output.stdout))
    }

    /// An audit that comes to its end and cannot write its report: all that it has done stays in the queue.
    fn interrupted(&self, more: &[&str]) {
        let missing = self.queue.path().join("missing/report.json");
        let queue = self.queue();
        let arguments = [
            self.root(),
            "--queue",
            &queue,
            "--json",
            missing.to_str().unwrap(),
        ];
        let output = audit(&[&arguments, more].concat());
        assert_eq!(output.status.code(), Some(2));
        let message = text(&output.stderr);
        assert!(message.contains("cannot write"), "{message}");
        assert!(Path::new(&queue).exists());
    }
}

/// What is a report's own.
fn without_run(json: &str) -> String {
    let (report, _) = json.split_once("\"messages\"").unwrap();
    report.to_owned()
}

fn sources() -> TempDir {
    let examples = examples::folder();
    let sources = examples.parent().unwrap().join("ractor-agents/src");
    // A copy, since somebody may be editing them.
    let copy = tempfile::tempdir().unwrap();
    for entry in Walk::new(&sources, IGNORING).unwrap() {
        if let Entry::File(path) = entry
            && let Ok(content) = fs::read(sources.join(&path))
        {
            write(copy.path(), path.to_str().unwrap(), &content);
        }
    }
    copy
}

#[test]
fn killed_at_any_moment_it_goes_on_and_the_report_is_the_same() {
    let kills = std::env::var("CODE_AUDIT_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let site = Site::new(sources());
    let expected = site.undisturbed();
    let started = Instant::now();
    assert_eq!(site.queued(&[]), expected);
    let whole = started.elapsed();
    let mut random = StdRng::seed_from_u64(1);
    let (mut killed, mut audits) = (0, 0);
    while killed < kills {
        // Until one of them is not killed in time.
        let report = loop {
            let patience = random.random_range(Duration::ZERO..whole);
            match killed_after(&site, patience) {
                Some(report) => break report,
                None => killed += 1,
            }
        };
        assert_eq!(report, expected, "after {killed} kills");
        assert!(!Path::new(&site.queue()).exists());
        audits += 1;
    }
    assert!(killed >= audits, "{killed} kills of {audits} audits");
    println!("{killed} kills, {audits} audits of {whole:?}");
}

/// The report, unless the program had to be killed before it ended.
fn killed_after(site: &Site, patience: Duration) -> Option<String> {
    let mut child = Command::new(program())
        .args([site.root(), "--json", "-", "--queue", &site.queue()])
        .stdin(Stdio::null())
        .stdout(fs::File::create(site.queue.path().join("stdout")).unwrap())
        .stderr(fs::File::create(site.queue.path().join("stderr")).unwrap())
        .spawn()
        .unwrap();
    // Real time: it is another process, and the moment is what it is about.
    std::thread::sleep(patience);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let stderr = fs::read_to_string(site.queue.path().join("stderr")).unwrap();
    assert_eq!(stderr, "", "{status}");
    let stdout = fs::read_to_string(site.queue.path().join("stdout")).unwrap();
    status.success().then(|| without_run(&stdout))
}

/// Files of all kinds: texts of known and unknown languages, twins, odd names, what is passed over, and very many hits in one file.
fn odd_tree() -> TempDir {
    let hits = "unsafe { a() }\n".repeat(2_500);
    let root = tree(&[
        ("a.rs", b"// TODO\nfn a() { unsafe { b() } }\n"),
        ("twin.rs", b"// TODO\nfn a() { unsafe { b() } }\n"),
        ("twin.txt", b"// TODO\nfn a() { unsafe { b() } }\n"),
        ("empty", b""),
        ("binary.c", b"int x;\0"),
        ("latin1.py", b"# caf\xe9\n"),
        ("\u{fc}/line\nbreak.c", b"int x; /* XXX */\n"),
        ("hits.rs", hits.as_bytes()),
        ("ignored/a.rs", b"fn ignored() {}\n"),
        (".gitignore", b"/ignored\n"),
        (".hidden.rs", b"fn hidden() {}\n"),
    ]);
    let large = fs::File::create(root.path().join("large.bin")).unwrap();
    large.set_len(1 << 30).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.rs");
        fs::write(root.path().join(name), "fn cafe() {}\n").unwrap();
    }
    root
}

#[test]
fn the_report_is_that_without_a_queue() {
    let site = Site::new(odd_tree());
    assert_eq!(site.queued(&[]), site.undisturbed());
    assert_eq!(site.queued(&["--no-ignore"]), site.report(&["--no-ignore"]));
    let chaos = ["--agents", "2", "--chaos", "20ms"];
    assert_eq!(site.queued(&chaos), site.undisturbed());
    let quiet = |more: &[&str]| {
        let output = audit(&[&[site.root(), "--quiet"], more].concat());
        text(&output.stdout).to_owned()
    };
    assert_eq!(quiet(&["--queue", &site.queue()]), quiet(&[]));
    let empty = Site::new(tree(&[]));
    assert_eq!(empty.queued(&[]), empty.undisturbed());
}

#[test]
fn what_could_not_be_written_is_written_the_next_time_without_any_work() {
    let site = Site::new(odd_tree());
    site.interrupted(&[]);
    let queue = site.queue();
    let output = audit(&[site.root(), "--json", "-", "--queue", &queue]);
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report.messages.accepted, 0, "nothing was left to be done");
    assert_eq!(without_run(text(&output.stdout)), site.undisturbed());
}

#[test]
fn what_changed_while_nobody_was_at_work_is_inspected_again() {
    let site = Site::new(odd_tree());
    site.interrupted(&[]);
    let root = site.tree.path();
    write(root, "a.rs", b"fn changed() {}\n");
    write(root, "new/b.rs", b"// TODO\n");
    fs::remove_file(root.join("twin.rs")).unwrap();
    let queue = site.queue();
    let output = audit(&[site.root(), "--json", "-", "--queue", &queue]);
    let report: Report = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        report.messages.accepted, 2,
        "what was changed, and what is new"
    );
    assert_eq!(without_run(text(&output.stdout)), site.undisturbed());
}

#[test]
fn a_queue_of_another_audit_is_refused_and_stays_as_it_is() {
    let (site, other) = (Site::new(odd_tree()), tree(&[]));
    site.interrupted(&[]);
    let queue = site.queue();
    let other = other.path().to_str().unwrap();
    for arguments in [
        &[other, "--queue", &queue][..],
        &[site.root(), "--no-ignore", "--queue", &queue],
    ] {
        let output = audit(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(text(&output.stdout), "");
        let message = text(&output.stderr);
        assert!(
            message.contains("unfinished audit of") && message.contains(site.root()),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    assert_eq!(site.queued(&[]), site.undisturbed());
}

#[test]
fn a_queue_in_the_tree_is_no_part_of_it() {
    let site = Site::new(odd_tree());
    let expected = site.undisturbed();
    let queue = site.tree.path().join("queue");
    let queue = queue.to_str().unwrap();
    assert_eq!(site.report(&["--queue", queue]), expected);
}

#[test]
fn a_place_that_cannot_be_a_queue_is_status_2_and_a_sentence() {
    let site = Site::new(odd_tree());
    let file = site.tree.path().join("a.rs");
    for (place, part) in [
        ("redis://localhost", "`redis`"),
        ("amqp://localhost", "`rabbitmq`"),
        ("carrier://pigeon", "carrier://"),
        (file.to_str().unwrap(), "a.rs"),
    ] {
        let output = audit(&["--queue", place, site.root()]);
        assert_eq!(output.status.code(), Some(2), "{place}");
        let message = text(&output.stderr);
        assert!(message.contains(part), "{place}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
    let output = audit(&["--queue", &site.queue(), "--worker"]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(
        message.contains("--worker needs a queue at a server"),
        "{message}"
    );
    assert!(!Path::new(&site.queue()).exists());
}
