//! The program as its users run it: exit codes, messages, output.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::tree;
use crate::report::Report;

/// Above this the program hangs.
const LIMIT: Duration = Duration::from_secs(60);

pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| examples::program("code_audit"))
}

pub fn audit(arguments: &[&str]) -> Output {
    let mut child = Command::new(program())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > LIMIT {
            child.kill().unwrap();
            panic!("{arguments:?} hangs");
        }
        // Another process has no event to wait for that ends in time.
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut output = child.wait_with_output().unwrap();
    output.stdout = reading.join().unwrap();
    output
}

pub fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn json(root: &Path, more: &[&str]) -> Report {
    let output = audit(&[&[root.to_str().unwrap(), "--json", "-"], more].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_missing_path_is_status_2_and_a_message() {
    let root = tree(&[]);
    let missing = root.path().join("nowhere");
    let output = audit(&[missing.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout), "");
    let message = text(&output.stderr);
    assert!(
        message.starts_with("code_audit: cannot audit "),
        "{message}"
    );
    assert!(message.contains("nowhere") && message.lines().count() == 1);
}

#[test]
fn bad_arguments_are_status_2_and_name_the_option() {
    for (arguments, part) in [
        (&["--chaos", "soon"][..], "--chaos"),
        (&["--agents", "0"], "--agents"),
        (&["--unheard-of"], "--unheard-of"),
    ] {
        let output = audit(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains(part), "{arguments:?}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_status_2_and_named() {
    let root = tree(&[("a.rs", b"fn f() {}\n")]);
    let json = root.path().join("missing/out.json");
    let root = root.path().to_str().unwrap();
    let output = audit(&[root, "--json", json.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.contains("cannot write") && message.contains("out.json"));
}

#[test]
fn findings_do_not_change_the_status_and_the_table_shows_them() {
    let root = tree(&[("a.rs", b"fn f() { unsafe { g() } }\n")]);
    let output = audit(&[root.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("rust-unsafe"));
    let output = audit(&[root.path().to_str().unwrap(), "--quiet"]);
    let line = text(&output.stdout);
    assert!(
        line.starts_with("1 text file") && line.lines().count() == 1,
        "{line}"
    );
}

#[test]
fn an_empty_tree_has_an_empty_report() {
    let root = tree(&[]);
    let report = json(root.path(), &[]);
    assert_eq!((report.files, report.findings.len()), (0, 0));
    assert_eq!(report.root, root.path().to_str().unwrap());
}

#[test]
fn the_report_is_written_to_a_file() {
    let root = tree(&[("a.rs", b"fn f() {}\n")]);
    let file = root.path().join("out.json");
    let arguments = [
        root.path().to_str().unwrap(),
        "--json",
        file.to_str().unwrap(),
    ];
    assert_eq!(audit(&arguments).status.code(), Some(0));
    let report: Report = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(report.files, 1);
}

/// A terabyte would do as well: it is a hole.
#[test]
fn odd_files_are_counted_skips_with_and_without_chaos() {
    let root = tree(&[
        ("a.rs", b"fn f() {}\n"),
        ("latin1.txt", b"caf\xe9\n"),
        ("nul.c", b"int x;\0\n"),
    ]);
    let large = fs::File::create(root.path().join("large.bin")).unwrap();
    large.set_len(1_000_000_000).unwrap();
    #[cfg(unix)]
    {
        let fifo = root.path().join("fifo.rs");
        assert!(
            Command::new("mkfifo")
                .arg(&fifo)
                .status()
                .unwrap()
                .success()
        );
        let link = root.path().join("zero.rs");
        std::os::unix::fs::symlink("/dev/zero", link).unwrap();
    }
    for chaos in [&[][..], &["--chaos", "1ms", "--seed", "3"]] {
        let report = json(root.path(), chaos);
        let skipped = report.skipped;
        assert_eq!(
            (
                report.files,
                skipped.binary,
                skipped.too_large,
                skipped.unreadable
            ),
            (1, 2, 1, 0)
        );
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let root = tree(&[("a.rs", b"fn f() {}\n")]);
    let script = format!(
        "'{}' '{}' | true",
        program().display(),
        root.path().display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(text(&output.stderr), "");
}
