//! What the host says of itself.

use std::sync::LazyLock;

/// How much memory there is for this process in bytes, where the host tells: what is built in, or the limit of its control group.
pub(super) fn memory() -> Option<u64> {
    static MEMORY: LazyLock<Option<u64>> = LazyLock::new(read_memory);
    *MEMORY
}

#[cfg(target_os = "linux")]
fn read_memory() -> Option<u64> {
    let host = rustix::system::sysinfo();
    let built_in = (host.totalram as u64).saturating_mul(u64::from(host.mem_unit));
    // Of version 2; "max" is no limit.
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max");
    let limit: Option<u64> = limit.ok().and_then(|limit| limit.trim().parse().ok());
    Some(limit.map_or(built_in, |limit| limit.min(built_in))).filter(|bytes| *bytes > 0)
}

#[cfg(not(target_os = "linux"))]
fn read_memory() -> Option<u64> {
    None
}

/// What the host is called; `local` where it does not tell.
pub(crate) fn name() -> String {
    own_name().unwrap_or_else(|| "local".to_owned())
}

#[cfg(target_os = "linux")]
fn own_name() -> Option<String> {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy().into_owned();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(not(target_os = "linux"))]
fn own_name() -> Option<String> {
    None
}
