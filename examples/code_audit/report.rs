//! The report, field by field as it is written to JSON.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};

/// What the audit found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The audited folder, as it was given.
    pub root: String,
    /// Text files.
    pub files: u64,
    /// Bytes of the text files.
    pub bytes: u64,
    /// Lines of the text files.
    pub lines: u64,
    /// What was passed over.
    pub skipped: Skipped,
    /// By the language's name. Texts in no language known are in `files`, `bytes` and `lines` only.
    pub languages: BTreeMap<String, LanguageTotals>,
    /// Lines that contain TODO, FIXME or XXX as a whole word.
    pub todos: u64,
    /// By path, line and rule.
    pub findings: Vec<Finding>,
    /// By the first path of the group.
    pub duplicates: Vec<Duplicates>,
    /// The swarm's accounting.
    pub messages: Messages,
    /// Restarts of agents.
    pub restarts: u64,
    /// How long the audit took, in milliseconds.
    pub elapsed_ms: u64,
}

impl Report {
    /// The report without what may differ from run to run of the same tree: times, restarts, retries.
    #[cfg(test)]
    #[must_use]
    pub fn without_run_figures(&self) -> Self {
        let messages = Messages {
            retried: 0,
            ..self.messages
        };
        Self {
            restarts: 0,
            elapsed_ms: 0,
            messages,
            ..self.clone()
        }
    }
}

/// How many files (and folders, where unreadable) were passed over, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Not valid UTF-8, or with a NUL.
    pub binary: u64,
    /// Over 4 MiB.
    pub too_large: u64,
    /// Vanished, or not to be read.
    pub unreadable: u64,
}

/// Why a file was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Not valid UTF-8, or with a NUL.
    Binary,
    /// Over 4 MiB.
    TooLarge,
    /// Vanished, or not to be read.
    Unreadable,
}

/// What the files of one language add up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LanguageTotals {
    /// Files.
    pub files: u64,
    /// Lines.
    pub lines: u64,
    /// Lines of code.
    pub code: u64,
    /// Lines of comments only.
    pub comments: u64,
    /// Blank lines.
    pub blanks: u64,
}

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Finding {
    /// The rule's name.
    pub rule: String,
    /// How bad it is if it is what it looks like.
    pub severity: Severity,
    /// The file.
    pub path: String,
    /// The line, from 1.
    pub line: u64,
    /// The line's text around it, at most 120 characters, every secret in it cut to its first 4.
    pub excerpt: String,
}

/// How bad a finding is; the worst compares as the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing: legitimate in many places.
    Low,
    /// Dangerous when the input is not trusted.
    Medium,
    /// Dangerous as it stands, or a key to something.
    High,
    /// A secret that opens something by itself.
    Critical,
}

impl Severity {
    /// All, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// As in the JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Text files with the same content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicates {
    /// The content's hash, in hexadecimal.
    pub blake3: String,
    /// The size of each.
    pub bytes: u64,
    /// Two or more, sorted.
    pub paths: Vec<String>,
}

/// The swarm's accounting: `accepted` is the sum of the others up to `in_flight`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Messages {
    /// Taken in by a mailbox.
    pub accepted: u64,
    /// Handled.
    pub handled: u64,
    /// Given up after the last attempt.
    pub failed: u64,
    /// Overtaken by their time to live.
    pub expired: u64,
    /// Equal to one that was taken in before.
    pub deduplicated: u64,
    /// Turned out of a full mailbox.
    pub shed: u64,
    /// Taken back by their sender.
    pub cancelled: u64,
    /// Handed to another mailbox, whose `accepted` counts them.
    pub moved: u64,
    /// In line.
    pub queued: u64,
    /// Being handled.
    pub in_flight: u64,
    /// Kept for a look, of those failed, expired or shed.
    pub dead_letters: u64,
    /// Attempts beyond the first; no part of the sum.
    pub retried: u64,
}

/// A relative path as the report shows it: with `/`, bytes that are no UTF-8 as `\xNN`.
pub fn shown(path: &Path) -> String {
    let mut text = String::new();
    for component in path.components() {
        let Component::Normal(name) = component else {
            continue;
        };
        if !text.is_empty() {
            text.push('/');
        }
        for chunk in name.as_encoded_bytes().utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
        }
    }
    if text.is_empty() {
        ".".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_json_has_exactly_the_fields_of_the_definition() {
        let report = Report {
            root: "src".into(),
            files: 2,
            bytes: 12,
            lines: 3,
            languages: [(
                "Rust".to_owned(),
                LanguageTotals {
                    files: 2,
                    lines: 3,
                    code: 1,
                    comments: 1,
                    blanks: 1,
                },
            )]
            .into(),
            findings: vec![Finding {
                rule: "rust-unsafe".into(),
                severity: Severity::Low,
                path: "a.rs".into(),
                line: 1,
                excerpt: "unsafe {".into(),
            }],
            duplicates: vec![Duplicates {
                blake3: "00".into(),
                bytes: 6,
                paths: vec!["a".into(), "b".into()],
            }],
            ..Report::default()
        };
        let expected = json!({
            "root": "src", "files": 2, "bytes": 12, "lines": 3,
            "skipped": {"binary": 0, "too_large": 0, "unreadable": 0},
            "languages": {"Rust": {"files": 2, "lines": 3, "code": 1, "comments": 1, "blanks": 1}},
            "todos": 0,
            "findings": [{"rule": "rust-unsafe", "severity": "low", "path": "a.rs", "line": 1, "excerpt": "unsafe {"}],
            "duplicates": [{"blake3": "00", "bytes": 6, "paths": ["a", "b"]}],
            "messages": {
                "accepted": 0, "handled": 0, "failed": 0, "expired": 0, "deduplicated": 0, "shed": 0, "cancelled": 0,
                "moved": 0, "queued": 0, "in_flight": 0, "dead_letters": 0, "retried": 0,
            },
            "restarts": 0, "elapsed_ms": 0,
        });
        assert_eq!(serde_json::to_value(&report).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Report>(expected).unwrap(), report);
    }

    #[test]
    fn severities_are_ordered_and_named() {
        assert!(Severity::ALL.is_sorted_by(|worse, better| worse > better));
        for severity in Severity::ALL {
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.name());
        }
    }

    #[test]
    fn run_figures_are_times_restarts_and_retries_only() {
        let messages = Messages {
            accepted: 3,
            handled: 3,
            retried: 2,
            ..Messages::default()
        };
        let report = Report {
            files: 1,
            restarts: 4,
            elapsed_ms: 5,
            messages,
            ..Report::default()
        };
        let kept = report.without_run_figures();
        assert_eq!(
            (kept.restarts, kept.elapsed_ms, kept.messages.retried),
            (0, 0, 0)
        );
        assert_eq!(
            (kept.files, kept.messages.accepted, kept.messages.handled),
            (1, 3, 3)
        );
    }

    #[test]
    fn paths_are_shown_with_slashes_and_every_byte_told() {
        assert_eq!(shown(Path::new("a/ä b/c\nd")), "a/ä b/c\nd");
        assert_eq!(shown(Path::new("")), ".");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt;
            let odd = std::ffi::OsStr::from_bytes(b"caf\xe9/\xff\xfe");
            assert_eq!(shown(Path::new(odd)), "caf\\xe9/\\xff\\xfe");
        }
    }
}
