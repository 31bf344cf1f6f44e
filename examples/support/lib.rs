//! What the tests of several examples share.

use std::path::PathBuf;
use std::process::Command;

/// The program of an example, built beside the test that asks.
///
/// Cargo builds an example that has tests as those tests, and none at all for a test that is asked for by name. Built with
/// the features of the whole workspace, as `cargo test --workspace` has just built everything else.
///
/// # Panics
/// If it cannot be built.
pub fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test has a file of its own");
    // Tests are in `deps` or `examples` of the profile's folder.
    let profile = test.ancestors().nth(2).expect("tests are that deep");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--workspace",
        "--quiet",
        "--example",
        example,
    ]);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let status = build.status().expect("cargo runs this very test");
    assert!(status.success(), "cargo could not build {example}");
    let file = format!("{example}{}", std::env::consts::EXE_SUFFIX);
    profile.join("examples").join(file)
}
