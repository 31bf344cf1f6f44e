//! What the tests of several examples share.

use std::path::PathBuf;
use std::process::Command;

/// The folder of the examples, as Cargo tells those whom it runs.
///
/// Not as it was at compile time: where several clones share a build folder, that may be the folder of another one.
///
/// # Panics
/// If Cargo does not run this.
pub fn folder() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR")
        .expect("Cargo runs the tests")
        .into()
}

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
    build
        .current_dir(folder())
        .args(["build", "--workspace", "--quiet", "--example", example]);
    if profile.ends_with("release") {
        build.arg("--release");
    }
    let status = build.status().expect("cargo runs this very test");
    assert!(status.success(), "cargo could not build {example}");
    let file = format!("{example}{}", std::env::consts::EXE_SUFFIX);
    profile.join("examples").join(file)
}
