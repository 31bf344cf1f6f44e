//! What is known and what is missing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use super::wire::{File, Found, Portion, Text, Verdict};
use crate::fold::{Fact, Fold, Subject};
use crate::report::Skip;
use crate::rules::Hit;

/// The results of an audit, in whatever order and however often they come, and what its walk has met.
#[derive(Debug)]
pub struct Collection {
    /// The audit's number.
    audit: u64,
    /// Folders that could not be read.
    unreadable: Vec<PathBuf>,
    /// Files of the walk.
    expected: HashSet<File>,
    /// Those of them about which nothing is known yet.
    missing: HashSet<File>,
    /// Of files of this walk and of former ones; the first result of each.
    known: HashMap<File, Known>,
    /// Texts of which not all portions have come.
    partial: HashMap<(File, Text), BTreeMap<usize, Vec<Hit>>>,
}

/// What a file is.
#[derive(Debug)]
enum Known {
    Skipped(Skip),
    Text(Text, Vec<Hit>),
}

impl Collection {
    /// Nothing yet.
    pub fn new(audit: u64) -> Self {
        Self {
            audit,
            unreadable: Vec::new(),
            expected: HashSet::new(),
            missing: HashSet::new(),
            known: HashMap::new(),
            partial: HashMap::new(),
        }
    }

    /// The walk met a folder that it cannot read.
    pub fn unreadable(&mut self, path: PathBuf) {
        self.unreadable.push(path);
    }

    /// The walk met a file. Whether nothing is known of it yet.
    pub fn expect(&mut self, file: &File) -> bool {
        let is_missing = !self.known.contains_key(file);
        if is_missing {
            self.missing.insert(file.clone());
        }
        self.expected.insert(file.clone());
        is_missing
    }

    /// Takes a result in. Whether it is the last that was missing of a file that the walk has met.
    pub fn take(&mut self, found: Found) -> bool {
        // Another audit's may be left where a queue is at a server, and somebody finished late.
        if found.audit != self.audit || self.known.contains_key(&found.file) {
            return false;
        }
        let file = found.file;
        let known = match found.verdict {
            Verdict::Skipped(skip) => Known::Skipped(skip),
            Verdict::Text(text, Portion { number, of, hits }) => {
                // By their text too: a file that was changed between two attempts has portions of two texts.
                let key = (file, text);
                let portions = self.partial.entry(key.clone()).or_default();
                portions.insert(number, hits);
                if portions.len() < of {
                    return false;
                }
                let portions = self.partial.remove(&key).unwrap_or_default();
                let hits = portions.into_values().flatten().collect();
                self.known.insert(key.0.clone(), Known::Text(text, hits));
                return self.missing.remove(&key.0);
            }
        };
        let was_missing = self.missing.remove(&file);
        self.known.insert(file, known);
        was_missing
    }

    /// Files of the walk of which nothing is known yet.
    pub fn missing(&self) -> &HashSet<File> {
        &self.missing
    }

    /// What is known of the files of the walk; of others, which are there no more or were changed, nothing is said.
    pub fn fold(&self) -> Fold {
        let mut fold = Fold::default();
        let skip = Skip::Unreadable;
        for path in self.unreadable.iter().cloned() {
            fold.apply(Fact::Skipped { path, skip });
        }
        for file in &self.expected {
            for fact in self
                .known
                .get(file)
                .into_iter()
                .flat_map(|known| known.facts(file))
            {
                fold.apply(fact);
            }
        }
        fold
    }
}

impl Known {
    fn facts(&self, file: &File) -> Vec<Fact> {
        let path = file.path().to_owned();
        match self {
            Self::Skipped(skip) => vec![Fact::Skipped { path, skip: *skip }],
            Self::Text(text, hits) => {
                let subject = Subject {
                    blake3: text.blake3.into(),
                    language: text.language,
                };
                let (bytes, counts, hits) = (text.bytes, text.counts, hits.clone());
                vec![
                    Fact::File {
                        path,
                        bytes,
                        subject,
                    },
                    Fact::Counted { subject, counts },
                    Fact::Audited { subject, hits },
                ]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::fold::Run;
    use crate::inspect::Counts;
    use crate::report::Severity;

    fn file(name: &str) -> File {
        File::look(Path::new("/nowhere"), name.into())
    }

    fn found(name: &str, content: u8, number: usize, of: usize) -> Found {
        let hit = Hit {
            rule: "eval".into(),
            severity: Severity::Low,
            line: number as u64,
            excerpt: format!("{content}"),
        };
        let text = Text {
            blake3: [content; 32],
            bytes: content.into(),
            language: None,
            counts: Counts::default(),
        };
        let hits = vec![hit];
        Found {
            audit: 7,
            file: file(name),
            verdict: Verdict::Text(text, Portion { number, of, hits }),
        }
    }

    fn findings(collection: &Collection) -> Vec<(u64, String)> {
        let report = collection.fold().report(Run::default()).unwrap();
        let findings = report.findings.into_iter();
        findings.map(|each| (each.line, each.excerpt)).collect()
    }

    #[test]
    fn a_text_is_known_when_all_its_portions_have_come_in_any_order_and_number() {
        let mut collection = Collection::new(7);
        assert!(collection.expect(&file("a")));
        for number in [2, 0, 2, 0] {
            assert!(!collection.take(found("a", 1, number, 3)));
        }
        // Portions of what the file was before, or became after.
        assert!(!collection.take(found("a", 2, 1, 3)));
        assert!(collection.take(found("a", 1, 1, 3)));
        assert!(!collection.take(found("a", 1, 1, 3)));
        let expected = [0, 1, 2].map(|line| (line, "1".to_owned()));
        assert_eq!(findings(&collection), expected);
    }

    #[test]
    fn the_first_result_stays_and_those_of_other_audits_are_none() {
        let mut collection = Collection::new(7);
        let other = Found {
            audit: 8,
            ..found("a", 1, 0, 1)
        };
        assert!(!collection.take(other));
        assert!(!collection.take(found("a", 2, 0, 1)), "not met yet");
        assert!(!collection.expect(&file("a")), "known");
        assert!(!collection.take(found("a", 3, 0, 1)));
        assert_eq!(findings(&collection), [(0, "2".to_owned())]);
    }

    #[test]
    fn of_what_the_walk_did_not_meet_nothing_is_said() {
        let mut collection = Collection::new(7);
        collection.take(found("gone", 1, 0, 1));
        assert!(collection.missing().is_empty());
        assert_eq!(findings(&collection), []);
    }
}
