//! Facts in, report out, in whatever order and however often the facts come.
//!
//! Agents are killed and their work is done again, so the same fact may arrive twice, and a file's analysis before the
//! file. Nothing is added up before the end: facts are kept by what they are about, and the first one about a thing
//! stays. An analysis is about a content in a language, not about a path: identical files are analysed once and count
//! for each of their paths.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::inspect::Counts;
use crate::language::Language;
use crate::report::{Duplicates, Finding, Messages, Report, Skip, shown};
use crate::rules::Hit;

/// What an analysis is about. The language is part of it, since it comes from the path: `a.h` and `a.txt` with the same
/// content are read differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The content.
    pub blake3: blake3::Hash,
    /// How it is to be read; `None` where no language is known.
    pub language: Option<Language>,
}

/// One thing that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// A text file lies at `path`.
    File {
        /// Relative to the root.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// Its content, and the language it is in.
        subject: Subject,
    },
    /// What lies at `path` is passed over.
    Skipped {
        /// Relative to the root.
        path: PathBuf,
        /// Why.
        skip: Skip,
    },
    /// What a content's lines are.
    Counted {
        /// The content.
        subject: Subject,
        /// Its lines.
        counts: Counts,
    },
    /// What the rules found in a content.
    Audited {
        /// The content.
        subject: Subject,
        /// By line and rule.
        hits: Vec<Hit>,
    },
}

/// All facts so far.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    paths: BTreeMap<PathBuf, Place>,
    counts: HashMap<Subject, Counts>,
    hits: HashMap<Subject, Vec<Hit>>,
    hit_count: usize,
    /// Contents that files have and nobody has counted yet.
    uncounted: HashSet<Subject>,
    /// Contents that files have and nobody has audited yet.
    unaudited: HashSet<Subject>,
}

/// What is known about a path.
#[derive(Clone, Copy, Debug)]
enum Place {
    File { bytes: u64, subject: Subject },
    Skipped(Skip),
}

/// What only the run itself can tell.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// The audited folder, as it was given.
    pub root: String,
    /// The swarm's accounting.
    pub messages: Messages,
    /// Restarts of agents.
    pub restarts: u64,
    /// How long it took.
    pub elapsed: Duration,
}

/// Contents that files have and nobody has analysed yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the report is not complete: {counts} contents are not counted, {audits} are not audited")]
pub struct Incomplete {
    /// Contents without [`Fact::Counted`].
    pub counts: usize,
    /// Contents without [`Fact::Audited`].
    pub audits: usize,
}

impl Fold {
    /// Takes a fact in and says whether it was new.
    ///
    /// Of two facts about the same path or the same analysis the first stays, even if a file changed in between.
    pub fn apply(&mut self, fact: Fact) -> bool {
        match fact {
            Fact::File {
                path,
                bytes,
                subject,
            } => {
                let is_new = first(&mut self.paths, path, Place::File { bytes, subject });
                if is_new {
                    self.expect(subject);
                }
                is_new
            }
            Fact::Skipped { path, skip } => first(&mut self.paths, path, Place::Skipped(skip)),
            Fact::Counted { subject, counts } => {
                self.uncounted.remove(&subject);
                first_of(&mut self.counts, subject, counts)
            }
            Fact::Audited { subject, hits } => {
                self.unaudited.remove(&subject);
                let count = hits.len();
                let is_new = first_of(&mut self.hits, subject, hits);
                self.hit_count += if is_new { count } else { 0 };
                is_new
            }
        }
    }

    /// A file has this content.
    fn expect(&mut self, subject: Subject) {
        if !self.counts.contains_key(&subject) {
            self.uncounted.insert(subject);
        }
        if !self.hits.contains_key(&subject) {
            self.unaudited.insert(subject);
        }
    }

    /// How many paths are known: files, and what was passed over.
    #[cfg(test)]
    pub fn path_count(&self) -> usize {
        self.paths.len()
    }

    /// Findings so far, each content's counted once.
    pub fn hit_count(&self) -> usize {
        self.hit_count
    }

    /// Whether every file's content is counted and audited.
    ///
    /// # Errors
    /// [`Incomplete`] says how many are not.
    pub fn check(&self) -> Result<(), Incomplete> {
        let (counts, audits) = (self.uncounted.len(), self.unaudited.len());
        if counts + audits == 0 {
            Ok(())
        } else {
            Err(Incomplete { counts, audits })
        }
    }

    /// Adds everything up.
    ///
    /// # Errors
    /// [`Incomplete`] while a file's content is not counted or not audited.
    pub fn report(&self, run: Run) -> Result<Report, Incomplete> {
        self.check()?;
        let mut report = Report {
            root: run.root,
            messages: run.messages,
            restarts: run.restarts,
            elapsed_ms: u64::try_from(run.elapsed.as_millis()).unwrap_or(u64::MAX),
            duplicates: self.duplicates(),
            ..Report::default()
        };
        for place in self.paths.values() {
            match place {
                Place::Skipped(Skip::Binary) => report.skipped.binary += 1,
                Place::Skipped(Skip::TooLarge) => report.skipped.too_large += 1,
                Place::Skipped(Skip::Unreadable) => report.skipped.unreadable += 1,
                Place::File { .. } => {}
            }
        }
        for (path, bytes, subject) in self.files() {
            self.add_file(&mut report, &shown(path), bytes, subject);
        }
        let order = |one: &Finding, other: &Finding| {
            (&one.path, one.line, &one.rule).cmp(&(&other.path, other.line, &other.rule))
        };
        report.findings.sort_by(order);
        Ok(report)
    }

    fn files(&self) -> impl Iterator<Item = (&PathBuf, u64, Subject)> {
        self.paths.iter().filter_map(|(path, place)| match *place {
            Place::File { bytes, subject } => Some((path, bytes, subject)),
            Place::Skipped(_) => None,
        })
    }

    fn add_file(&self, report: &mut Report, path: &str, bytes: u64, subject: Subject) {
        let counts = self.counts.get(&subject).copied().unwrap_or_default();
        report.files += 1;
        report.bytes += bytes;
        report.lines += counts.lines;
        report.todos += counts.todos;
        if let Some(language) = subject.language {
            let totals = report
                .languages
                .entry(language.name().to_owned())
                .or_default();
            totals.files += 1;
            totals.lines += counts.lines;
            totals.code += counts.code;
            totals.comments += counts.comments;
            totals.blanks += counts.blanks;
        }
        let hits = self.hits.get(&subject).into_iter().flatten();
        report.findings.extend(hits.map(|hit| Finding {
            rule: hit.rule.clone().into_owned(),
            severity: hit.severity,
            path: path.to_owned(),
            line: hit.line,
            excerpt: hit.excerpt.clone(),
        }));
    }

    fn duplicates(&self) -> Vec<Duplicates> {
        let mut groups: HashMap<blake3::Hash, (u64, BTreeSet<String>)> = HashMap::new();
        for (path, bytes, subject) in self.files().filter(|&(_, bytes, _)| bytes > 0) {
            let (_, paths) = groups
                .entry(subject.blake3)
                .or_insert_with(|| (bytes, BTreeSet::new()));
            paths.insert(shown(path));
        }
        let mut duplicates: Vec<_> = groups
            .into_iter()
            .filter(|(_, (_, paths))| paths.len() > 1)
            .map(|(blake3, (bytes, paths))| Duplicates {
                blake3: blake3.to_hex().to_string(),
                bytes,
                paths: paths.into_iter().collect(),
            })
            .collect();
        duplicates.sort_by(|one, other| one.paths.cmp(&other.paths));
        duplicates
    }
}

/// Keeps the first value of a key; says whether this was it.
fn first<K: Ord, V>(known: &mut BTreeMap<K, V>, key: K, value: V) -> bool {
    let mut is_new = false;
    known.entry(key).or_insert_with(|| {
        is_new = true;
        value
    });
    is_new
}

/// [`first`] for the unordered.
fn first_of<K: Eq + std::hash::Hash, V>(known: &mut HashMap<K, V>, key: K, value: V) -> bool {
    let mut is_new = false;
    known.entry(key).or_insert_with(|| {
        is_new = true;
        value
    });
    is_new
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rand::rngs::StdRng;
    use rand::seq::SliceRandom;
    use rand::{RngExt, SeedableRng};

    use super::*;
    use crate::report::Severity;

    fn subject(name: &str, content: &str) -> Subject {
        let language = Language::detect(Path::new(name), content);
        Subject {
            blake3: blake3::hash(content.as_bytes()),
            language,
        }
    }

    fn file(path: &str, content: &str) -> Fact {
        Fact::File {
            path: path.into(),
            bytes: content.len() as u64,
            subject: subject(path, content),
        }
    }

    fn analysis(path: &str, content: &str, hits: Vec<Hit>) -> [Fact; 2] {
        let subject = subject(path, content);
        let counts = crate::inspect::inspect(subject.language, content);
        [
            Fact::Counted { subject, counts },
            Fact::Audited { subject, hits },
        ]
    }

    fn hit(line: u64, rule: &'static str) -> Hit {
        Hit {
            rule: rule.into(),
            severity: Severity::Low,
            line,
            excerpt: "unsafe {".into(),
        }
    }

    fn facts() -> Vec<Fact> {
        let (twin, other) = ("// TODO\nfn f() {}\n", "words\n");
        let mut facts = vec![
            file("a.rs", twin),
            file("b/a.rs", twin),
            file("b/a.txt", twin),
            file("b.d", other),
            file("empty", ""),
            file("also_empty", ""),
            Fact::Skipped {
                path: "x".into(),
                skip: Skip::Binary,
            },
            Fact::Skipped {
                path: "y".into(),
                skip: Skip::TooLarge,
            },
            Fact::Skipped {
                path: "z".into(),
                skip: Skip::Unreadable,
            },
            Fact::Skipped {
                path: "z/z".into(),
                skip: Skip::Unreadable,
            },
        ];
        facts.extend(analysis(
            "a.rs",
            twin,
            vec![hit(2, "rust-unsafe"), hit(1, "secret")],
        ));
        facts.extend(analysis("a.txt", twin, vec![hit(1, "secret")]));
        facts.extend(analysis("b.d", other, vec![]));
        facts.extend(analysis("empty", "", vec![]));
        facts
    }

    fn fold(facts: impl IntoIterator<Item = Fact>) -> Fold {
        let mut fold = Fold::default();
        for fact in facts {
            fold.apply(fact);
        }
        fold
    }

    fn report(fold: &Fold) -> Report {
        fold.report(Run {
            root: "r".into(),
            ..Run::default()
        })
        .unwrap()
    }

    #[test]
    fn an_analysis_counts_for_each_path_of_its_content() {
        let report = report(&fold(facts()));
        assert_eq!((report.files, report.lines, report.todos), (6, 7, 3));
        assert_eq!(report.bytes, 3 * 18 + 6);
        let rust = report.languages["Rust"];
        assert_eq!(
            (
                rust.files,
                rust.lines,
                rust.code,
                rust.comments,
                rust.blanks
            ),
            (2, 4, 2, 2, 0)
        );
        assert_eq!(
            report.languages.keys().collect::<Vec<_>>(),
            ["D", "Plain Text", "Rust"]
        );
        let skipped = report.skipped;
        assert_eq!(
            (skipped.binary, skipped.too_large, skipped.unreadable),
            (1, 1, 2)
        );
    }

    #[test]
    fn findings_are_by_path_and_line_for_each_path() {
        let report = report(&fold(facts()));
        let shown: Vec<_> = report
            .findings
            .iter()
            .map(|found| (&*found.path, found.line, &*found.rule))
            .collect();
        assert_eq!(
            shown,
            [
                ("a.rs", 1, "secret"),
                ("a.rs", 2, "rust-unsafe"),
                ("b/a.rs", 1, "secret"),
                ("b/a.rs", 2, "rust-unsafe"),
                ("b/a.txt", 1, "secret"),
            ]
        );
    }

    #[test]
    fn duplicates_are_equal_contents_of_any_language_but_not_empty_ones() {
        let report = report(&fold(facts()));
        assert_eq!(report.duplicates.len(), 1);
        assert_eq!(report.duplicates[0].paths, ["a.rs", "b/a.rs", "b/a.txt"]);
        assert_eq!(report.duplicates[0].bytes, 18);
        assert_eq!(
            report.duplicates[0].blake3,
            blake3::hash(b"// TODO\nfn f() {}\n").to_hex().as_str()
        );
    }

    #[test]
    fn order_and_repetition_change_nothing() {
        let expected = report(&fold(facts()));
        let mut random = StdRng::seed_from_u64(1);
        for _ in 0..200 {
            let mut facts = facts();
            let again: Vec<_> = facts.iter().filter(|_| random.random()).cloned().collect();
            facts.extend(again);
            facts.shuffle(&mut random);
            assert_eq!(report(&fold(facts)), expected);
        }
    }

    #[test]
    fn a_fact_is_new_once() {
        let mut fold = Fold::default();
        for fact in facts() {
            assert!(fold.apply(fact.clone()), "{fact:?}");
            assert!(!fold.apply(fact.clone()), "{fact:?}");
        }
        assert_eq!((fold.path_count(), fold.hit_count()), (10, 3));
    }

    #[test]
    fn the_first_fact_about_a_path_stays() {
        let mut fold = fold(facts());
        assert!(!fold.apply(Fact::Skipped {
            path: "a.rs".into(),
            skip: Skip::Unreadable
        }));
        assert!(!fold.apply(file("x", "grown up to be text")));
        assert_eq!(report(&fold), report(&self::fold(facts())));
    }

    #[test]
    fn a_report_waits_for_every_analysis() {
        let without =
            |missing: fn(&Fact) -> bool| fold(facts().into_iter().filter(|fact| !missing(fact)));
        let uncounted = without(|fact| matches!(fact, Fact::Counted { .. }));
        assert_eq!(
            uncounted.report(Run::default()),
            Err(Incomplete {
                counts: 4,
                audits: 0
            })
        );
        let unaudited = without(|fact| matches!(fact, Fact::Audited { .. }));
        assert_eq!(
            unaudited.check(),
            Err(Incomplete {
                counts: 0,
                audits: 4
            })
        );
        assert_eq!(Fold::default().check(), Ok(()));
    }
}
