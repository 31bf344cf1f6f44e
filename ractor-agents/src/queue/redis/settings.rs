//! What the server's settings are worth.

use std::collections::HashMap;

use redis::{FromRedisValue, RedisResult, Value, cmd};

use super::fault;
use super::link::{Link, fields};
use crate::queue::{Durability, Error};

/// What the server's settings say of a message's safety.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Safety {
    /// On disk before anybody is told.
    Synced,
    /// It may throw keys away when its memory is full.
    Evicts,
    /// It keeps no log.
    NoLog,
    /// It writes its log to disk every now and then.
    Lazy,
    /// It does so while it rewrites the log.
    LazyOnRewrite,
    /// It does not say how it writes its log.
    Untold,
}

impl Safety {
    pub(super) const fn durability(self) -> Durability {
        match self {
            Self::Synced => Durability::Synced,
            Self::Lazy | Self::LazyOnRewrite | Self::Untold => Durability::Buffered,
            Self::Evicts | Self::NoLog => Durability::Memory,
        }
    }

    /// What to change.
    pub(super) const fn advice(self) -> &'static str {
        match self {
            Self::Synced => "the server's settings are right by now",
            Self::Evicts => {
                "set `maxmemory-policy noeviction` at the server: it may throw messages away when its memory is full"
            }
            Self::NoLog => {
                "set `appendonly yes` and `appendfsync always` at the server: it keeps no log of what it was told"
            }
            Self::Lazy => {
                "set `appendfsync always` at the server: it answers before its log is on disk"
            }
            Self::LazyOnRewrite => {
                "set `no-appendfsync-on-rewrite no` at the server: it answers before its log is on disk while that is rewritten"
            }
            Self::Untold => {
                "allow the user of the queue `CONFIG GET` at the server, so that it is known whether `appendfsync` is `always`"
            }
        }
    }

    fn of(setting: impl Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str, value: &str| setting(name).as_deref() == Some(value);
        if !is("maxmemory", "0") && !is("maxmemory-policy", "noeviction") {
            Self::Evicts
        } else if !is("appendonly", "yes") {
            Self::NoLog
        } else if !is("appendfsync", "always") {
            Self::Lazy
        } else if !is("no-appendfsync-on-rewrite", "no") {
            Self::LazyOnRewrite
        } else {
            Self::Synced
        }
    }
}

/// What decides it.
const SETTINGS: [&str; 5] = [
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "maxmemory",
    "maxmemory-policy",
];

/// Asks the server.
pub(super) async fn look(link: &Link) -> Result<Safety, Error> {
    let mut command = cmd("CONFIG");
    command.arg("GET").arg(&SETTINGS[..]);
    let told: RedisResult<HashMap<String, String>> = link.look(&command).await.and_then(read);
    match told {
        Ok(settings) => Ok(Safety::of(|name| settings.get(name).cloned())),
        Err(error) if error.is_io_error() => Err(fault::of_look(error)),
        // Renamed, or not allowed.
        Err(_) => look_elsewhere(link).await,
    }
}

/// What `INFO` tells: all but how the log is written.
async fn look_elsewhere(link: &Link) -> Result<Safety, Error> {
    let info: String = match link.look(&cmd("INFO")).await.and_then(read) {
        Ok(info) => info,
        Err(error) if error.is_io_error() => return Err(fault::of_look(error)),
        Err(_) => return Ok(Safety::Untold),
    };
    let info = fields(&info);
    let is = |name: &str, value: &str| info.get(name) == Some(&value);
    Ok(
        if !is("maxmemory", "0") && !is("maxmemory_policy", "noeviction") {
            Safety::Evicts
        } else if is("aof_enabled", "0") {
            Safety::NoLog
        } else {
            Safety::Untold
        },
    )
}

fn read<T: FromRedisValue>(value: Value) -> RedisResult<T> {
    Ok(redis::from_redis_value(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safety(appendonly: &str, appendfsync: &str, maxmemory: &str, policy: &str) -> Safety {
        Safety::of(|name| {
            let value = match name {
                "appendonly" => appendonly,
                "appendfsync" => appendfsync,
                "maxmemory" => maxmemory,
                "maxmemory-policy" => policy,
                _ => "no",
            };
            Some(value.to_owned())
        })
    }

    #[test]
    fn only_what_is_on_disk_and_stays_is_synced() {
        let cases = [
            (("yes", "always", "0", "allkeys-lru"), Durability::Synced),
            (("yes", "always", "9", "noeviction"), Durability::Synced),
            (("yes", "always", "9", "allkeys-lru"), Durability::Memory),
            (("yes", "everysec", "0", "noeviction"), Durability::Buffered),
            (("no", "always", "0", "noeviction"), Durability::Memory),
        ];
        for ((appendonly, appendfsync, maxmemory, policy), durability) in cases {
            let safety = safety(appendonly, appendfsync, maxmemory, policy);
            assert_eq!(safety.durability(), durability, "{safety:?}");
        }
    }
}
