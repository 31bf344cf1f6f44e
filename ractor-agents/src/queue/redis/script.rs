//! The scripts: one per operation, each atomic.

use std::collections::HashMap;

/// What the server is asked to do with a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    Open,
    Tick,
    Enqueue,
    Lease,
    Settle,
    Release,
    Pause,
    Stats,
    Peek,
    Purge,
    /// Of dead letters, what makes room or only looks.
    Dead,
    /// Of dead letters, what takes room.
    Redrive,
}

/// Refused where the server has no memory left: it takes room.
const TAKES: &str = "#!lua\n";
/// Done all the same: it makes room, or needs next to none.
const MAKES: &str = "#!lua flags=allow-oom\n";

const COMMON: &str = include_str!("lua/common.lua");
const SHOW: &str = include_str!("lua/show.lua");
const NAMES: &str = include_str!("lua/names.lua");

impl Script {
    pub(super) const ALL: [Self; 12] = [
        Self::Open,
        Self::Tick,
        Self::Enqueue,
        Self::Lease,
        Self::Settle,
        Self::Release,
        Self::Pause,
        Self::Stats,
        Self::Peek,
        Self::Purge,
        Self::Dead,
        Self::Redrive,
    ];

    /// What the server loads.
    pub(super) fn source(self) -> String {
        let (head, own) = match self {
            Self::Open => (MAKES, include_str!("lua/open.lua")),
            Self::Tick => (MAKES, include_str!("lua/tick.lua")),
            Self::Enqueue => (TAKES, include_str!("lua/enqueue.lua")),
            Self::Lease => (MAKES, include_str!("lua/lease.lua")),
            Self::Settle => (MAKES, include_str!("lua/settle.lua")),
            Self::Release => (MAKES, include_str!("lua/release.lua")),
            Self::Pause => (MAKES, include_str!("lua/pause.lua")),
            Self::Stats => (MAKES, include_str!("lua/stats.lua")),
            Self::Peek => (MAKES, include_str!("lua/peek.lua")),
            Self::Purge => (MAKES, include_str!("lua/purge.lua")),
            Self::Dead => (MAKES, include_str!("lua/dead.lua")),
            Self::Redrive => (TAKES, include_str!("lua/dead.lua")),
        };
        let show = match self {
            Self::Peek | Self::Dead | Self::Redrive => SHOW,
            _ => "",
        };
        let text = [COMMON, show, own].concat();
        format!("{head}{}", numbered(&text))
    }
}

/// The text with numbers in place of their names.
fn numbered(text: &str) -> String {
    let numbers: HashMap<&str, &str> = NAMES
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .collect();
    let mut numbered = String::with_capacity(text.len());
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter| !is_letter(letter));
        let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
        numbered.push_str(numbers.get(word).unwrap_or(&word));
        let start = behind.find(is_letter).unwrap_or(behind.len());
        let (between, next) = behind.split_at(start);
        numbered.push_str(between);
        rest = next;
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words of the same look: the server's, and locals.
    const OTHERS: [&str; 6] = ["KEYS", "ARGV", "QVERSION", "FIRST", "EACH", "PASSED_MAX"];

    #[test]
    fn every_name_of_a_number_is_a_number_in_the_end() {
        for script in Script::ALL {
            let source = script.source();
            let code = source
                .lines()
                .filter(|line| !line.trim_start().starts_with("--"));
            for line in code {
                let words =
                    line.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
                let unknown = words.clone().find(|word| {
                    word.len() > 2
                        && word
                            .chars()
                            .all(|letter| letter.is_ascii_uppercase() || letter == '_')
                        && !line.contains(&format!("'{word}'"))
                        && !OTHERS.contains(word)
                });
                assert_eq!(unknown, None, "{script:?}: {line}");
            }
        }
        assert_eq!(numbered("m[PLACE] + UNPLACED, HELD"), "m[1] + UNPLACED, 3");
    }
}
