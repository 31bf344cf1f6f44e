//! Where figures are kept: in criterion's folder, beside criterion's own.

use std::{env, fs, io, path::PathBuf, process::Command};

use serde_json::Value;

/// The folder that criterion writes to, found the way criterion finds it.
pub fn home() -> PathBuf {
    if let Some(home) = env::var_os("CRITERION_HOME") {
        return PathBuf::from(home);
    }
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target
        .or_else(target_by_cargo)
        .unwrap_or_else(|| PathBuf::from("target"))
        .join("criterion")
}

/// Reads a file below [`home`]; `None` if it is not there or is not JSON.
pub fn read(path: &str) -> Option<Value> {
    serde_json::from_slice(&fs::read(home().join(path)).ok()?).ok()
}

/// Writes a file below [`home`].
///
/// # Errors
/// When the folder or the file cannot be written.
pub fn write(path: &str, value: &Value) -> io::Result<()> {
    let path = home().join(path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, format!("{value:#}\n"))
}

fn target_by_cargo() -> Option<PathBuf> {
    let output = Command::new(env::var_os("CARGO")?)
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .ok()?;
    let metadata: Value = serde_json::from_slice(&output.stdout).ok()?;
    Some(PathBuf::from(metadata["target_directory"].as_str()?))
}
