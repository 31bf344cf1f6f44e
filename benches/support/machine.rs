//! Where figures come from.

use std::{fs, thread::available_parallelism};

/// The lock file of the workspace: it knows the versions that are measured.
const LOCK: &str = include_str!("../../Cargo.lock");

/// Processor, cores, load and versions, in one line.
pub fn description() -> String {
    let cores = available_parallelism().map_or(1, usize::from);
    let versions = ["ractor", "kameo", "actix", "tokio"]
        .map(|name| format!("{name} {}", version(name).unwrap_or("?")))
        .join(", ");
    format!(
        "{cores} cores, {}; load {}; {versions}",
        processor(),
        load()
    )
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or(std::env::consts::ARCH, |(_, model)| model.trim());
    model.to_owned()
}

fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned()
}

fn version(package: &str) -> Option<&'static str> {
    let name = format!("name = \"{package}\"");
    let mut lines = LOCK.lines().skip_while(|line| *line != name);
    lines
        .nth(1)?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}
