//! Every small example prints what its first comment says.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// A newcomer does not wait longer.
const LIMIT: Duration = Duration::from_secs(3);

/// The lines of the first comment between the command and the end of its block.
fn promised(source: &str, name: &str) -> String {
    let comment = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = comment.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let command = format!("cargo run --example {name}");
    lines
        .skip_while(|line| !line.starts_with(&command))
        .skip(2)
        .take_while(|line| !line.starts_with("```"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Asserts that `name` prints what it promises, in time.
fn check(name: &str) {
    let source = fs::read_to_string(examples::folder().join(format!("{name}.rs"))).unwrap();
    let expected = promised(&source, name);
    assert!(!expected.is_empty(), "{name} promises nothing");
    let program = examples::program(name);
    let started = Instant::now();
    let output = Command::new(program).output().unwrap();
    let took = started.elapsed();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(output.status.success() && took < LIMIT, "{took:?}");
}

macro_rules! print_what_they_promise {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check(stringify!($name));
            }
        )*

        #[test]
        fn every_example_of_one_file_is_checked() {
            let folder = fs::read_dir(examples::folder()).unwrap();
            let files = folder.map(|entry| entry.unwrap().path());
            let sources = files.filter(|path| path.extension().is_some_and(|end| end == "rs"));
            let names = sources.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
            let mut names: Vec<_> = names.collect();
            names.sort();
            let mut checked = [$(stringify!($name)),*];
            checked.sort_unstable();
            assert_eq!(names, checked);
        }
    };
}

print_what_they_promise! {
    ping_pong
    priorities
    dedup_and_batching
    surviving_kills
    custom_layer
    children
    nested_tree
}
