//! Which dead letters.

use std::time::SystemTime;

use clap::{Args, ValueEnum};
use ractor_agents::queue::{MessageId, ReasonKind, Selection};

use crate::Failure;

/// A filter of dead letters.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Those that died for this reason.
    #[arg(long)]
    pub(super) reason: Option<Reason>,
    /// Those that died since then: `2h` ago, or a time such as `2026-11-22T20:00:00Z`.
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(super) since: Option<SystemTime>,
    /// Those that died before then.
    #[arg(long, value_name = "WHEN", value_parser = when)]
    pub(super) before: Option<SystemTime>,
}

/// Some dead letters, by name or by filter.
#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// Their names.
    #[arg(value_name = "ID")]
    ids: Vec<MessageId>,
    /// All of them, or all that the filter means.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    #[command(flatten)]
    which: Which,
    /// How many at most, oldest first.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    max: usize,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Reason {
    /// Their attempts were used up.
    Exhausted,
    /// Their time to live was over.
    Expired,
    /// A handler said that they can never succeed.
    Rejected,
}

impl From<Reason> for ReasonKind {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Exhausted => Self::Exhausted,
            Reason::Expired => Self::Expired,
            Reason::Rejected => Self::Rejected,
        }
    }
}

impl Chosen {
    pub(super) fn selection(&self) -> Result<Selection, Failure> {
        if !self.ids.is_empty() {
            return Ok(Selection::Ids(self.ids.clone()));
        }
        let Which {
            reason,
            since,
            before,
        } = &self.which;
        if !self.all && reason.is_none() && since.is_none() && before.is_none() {
            let text =
                "which ones? Give their names, --all, or a filter (--reason, --since, --before)";
            return Err(Failure::Refused(text.into()));
        }
        Ok(Selection::Oldest {
            filter: self.which.filter(),
            count_max: self.max,
        })
    }

    pub(super) fn in_words(&self) -> String {
        if self.ids.is_empty() {
            return "all dead letters that are meant".into();
        }
        format!("{} dead letter(s)", self.ids.len())
    }
}

/// A time, or how long ago.
fn when(text: &str) -> Result<SystemTime, String> {
    if let Ok(time) = humantime::parse_rfc3339_weak(text) {
        return Ok(time);
    }
    let ago = humantime::parse_duration(text);
    let ago = ago.map_err(|_| "a time like 2026-11-22T20:00:00Z, or how long ago, like 2h")?;
    SystemTime::now()
        .checked_sub(ago)
        .ok_or_else(|| "longer ago than any clock tells".into())
}
