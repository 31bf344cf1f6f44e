//! The security rules, and the search for them.
//!
//! Two kinds of rules: [secrets](secrets), which are looked for in every text, and [risky constructs](constructs), which
//! are a language's own. A text is searched once by all patterns of a kind together (a `RegexSet`, one pass); only for
//! the few patterns that occur at all are the places looked for, and each place is then judged by the rule's own check.
//! All of it is linear in the length of the text: patterns do not backtrack, and the checks of constructs, which read a
//! line from its start, are made for at most [`PLACES_MAX`] places per rule and line.
//!
//! Rules look at lines, not at syntax trees: they miss what is spread out, and are quiet where they are in doubt. What
//! stands in a comment or a string is no construct; what is plainly a placeholder is no secret.

mod constructs;
mod excerpt;
mod secrets;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::report::Severity;

/// Something found in a content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The rule's name.
    pub rule: Cow<'static, str>,
    /// The rule's severity.
    pub severity: Severity,
    /// The line, from 1.
    pub line: u64,
    /// The line's text around it, fit to be shown: at most 120 characters, secrets cut to their first 4.
    pub excerpt: String,
}

/// What to look for. The pattern's first group, if it has one, is the place; else the whole match is.
#[derive(Clone, Copy, Debug)]
struct Rule {
    name: &'static str,
    severity: Severity,
    pattern: &'static str,
    /// Whether a match is one indeed.
    accepts: fn(&Place<'_>) -> bool,
}

/// Where a pattern matched.
#[derive(Clone, Copy, Debug)]
struct Place<'a> {
    content: &'a str,
    /// The whole match.
    start: usize,
    end: usize,
    /// The pattern's group.
    text: &'a str,
    text_start: usize,
    /// What may precede a comment in this language.
    language: Option<Language>,
}

impl<'a> Place<'a> {
    /// The line on which the match starts, up to its place.
    fn before(&self) -> &'a str {
        let head = &self.content[..self.text_start];
        &head[head.rfind('\n').map_or(0, |end| end + 1)..]
    }

    /// The rest of the line on which the match ends, from the match's start.
    fn line_from_match(&self) -> &'a str {
        let tail = &self.content[self.start..];
        let length = tail[self.end - self.start..]
            .find('\n')
            .map_or(tail.len(), |end| self.end - self.start + end);
        &tail[..length]
    }
}

/// Places of one rule on one line that are looked at; on a line with more, generated code for sure, the rest is skipped.
///
/// Guess: lines written by hand have one or two.
const PLACES_MAX: usize = 8;

/// Rules whose patterns are searched together.
struct Rules {
    all: RegexSet,
    rules: Vec<(Rule, Regex)>,
}

impl Rules {
    fn new(rules: impl IntoIterator<Item = Rule>) -> Self {
        let rules: Vec<_> = rules
            .into_iter()
            .map(|rule| {
                let regex = RegexBuilder::new(&expand(rule.pattern))
                    .multi_line(true)
                    .build();
                (rule, regex.expect("a fixed pattern, compiled by the tests"))
            })
            .collect();
        let patterns = rules.iter().map(|(_, regex)| regex.as_str());
        // The default of 2 MiB for the automaton's states is soon full with this many patterns, which costs the speed.
        let all = RegexSetBuilder::new(patterns)
            .multi_line(true)
            .dfa_size_limit(16 << 20)
            .build();
        Self {
            all: all.expect("fixed patterns, compiled by the tests"),
            rules,
        }
    }

    /// The rules that match somewhere.
    fn matching(&self, content: &str) -> impl Iterator<Item = &(Rule, Regex)> {
        self.all
            .matches(content)
            .into_iter()
            .filter_map(|index| self.rules.get(index))
    }
}

/// Completes a rule's pattern.
///
/// Word boundaries and classes are those of ASCII: Unicode's would take the search off its fast path at the first letter
/// like `é`. `<SQL>` stands for the beginning of a statement.
fn expand(pattern: &str) -> String {
    const SQL: &str =
        r#"(?i:SELECT\s[^"'`\n]+\sFROM|INSERT\s+INTO|UPDATE\s[^"'`\n]+\sSET|DELETE\s+FROM)\s"#;
    let pattern = pattern.replace("<SQL>", SQL);
    pattern
        .replace(r"\b", r"(?-u:\b)")
        .replace(r"\w", "[0-9A-Za-z_]")
        .replace(r"\d", "[0-9]")
}

/// Everything that the rules find in a text, by line and rule; a rule says the same line once.
pub fn audit(language: Option<Language>, content: &str) -> Vec<Hit> {
    static SECRETS: LazyLock<Rules> = LazyLock::new(|| Rules::new(secrets::RULES));

    let secrets = finds(&SECRETS, Lines::All, language, content);
    let masks = merged(secrets.iter().map(|find| find.text.clone()).collect());
    let constructs =
        constructs::rules_of(language).map(|rules| finds(rules, Lines::Once, language, content));

    let mut finds = secrets;
    finds.extend(constructs.unwrap_or_default());
    finds.sort_by_key(|find| (find.at, find.rule.name));
    hits(content, &finds, &masks)
}

/// Which of a line's places are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lines {
    /// All: secrets beyond the first are not said, but have to be masked.
    All,
    /// The first that is accepted, of the first [`PLACES_MAX`].
    Once,
}

/// An accepted place.
#[derive(Clone, Debug)]
struct Find {
    rule: Rule,
    /// Where a reader should look.
    at: usize,
    /// The secret, or the construct.
    text: Range<usize>,
}

/// Accepted places, rule by rule, from the start of the text to its end.
fn finds(rules: &Rules, lines: Lines, language: Option<Language>, content: &str) -> Vec<Find> {
    let mut finds = Vec::new();
    for (rule, regex) in rules.matching(content) {
        let (mut from, mut places, mut line_end) = (0, 0, 0);
        while let Some(groups) = regex.captures_at(content, from) {
            let Some(whole) = groups.get(0) else { break };
            let text = groups.get(1).unwrap_or(whole);
            if text.start() >= line_end {
                places = 0;
                line_end = end_of_line(content, text.start());
            }
            places += 1;
            let place = Place {
                content,
                start: whole.start(),
                end: whole.end(),
                text: text.as_str(),
                text_start: text.start(),
                language,
            };
            let is_accepted = (rule.accepts)(&place);
            if is_accepted {
                // A construct is where it is; a secret is where its name or its header is.
                let indent = whole.len() - whole.as_str().trim_start().len();
                let at = if lines == Lines::All {
                    whole.start() + indent
                } else {
                    text.start()
                };
                finds.push(Find {
                    rule: *rule,
                    at,
                    text: text.range(),
                });
            }
            let is_line_done = lines == Lines::Once && (is_accepted || places == PLACES_MAX);
            from = if is_line_done {
                line_end.max(whole.end())
            } else {
                whole.end()
            };
        }
    }
    finds
}

/// The ranges sorted, those that overlap made one.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    ranges.dedup_by(|next, kept| {
        let is_overlapping = next.start < kept.end;
        if is_overlapping {
            kept.end = kept.end.max(next.end);
        }
        is_overlapping
    });
    ranges
}

/// Where the line of `at` ends, its `\n` included.
fn end_of_line(content: &str, at: usize) -> usize {
    content[at..]
        .find('\n')
        .map_or(content.len(), |end| at + end + 1)
}

/// What is said of `finds`, which are sorted by their place.
fn hits(content: &str, finds: &[Find], masks: &[Range<usize>]) -> Vec<Hit> {
    let mut hits: Vec<Hit> = Vec::new();
    let (mut line, mut line_start, mut line_end) = (0_u64, 0, 0);
    for Find { rule, at, .. } in finds {
        while *at >= line_end {
            line += 1;
            line_start = line_end;
            line_end = end_of_line(content, line_start);
        }
        let is_said = hits
            .iter()
            .rev()
            .take_while(|hit| hit.line == line)
            .any(|hit| hit.rule == rule.name);
        if !is_said {
            let excerpt = excerpt::excerpt(content, line_start..line_end, *at, masks);
            hits.push(Hit {
                rule: rule.name.into(),
                severity: rule.severity,
                line,
                excerpt,
            });
        }
    }
    hits.sort_by(|one, other| (one.line, &one.rule).cmp(&(other.line, &other.rule)));
    hits
}

#[cfg(test)]
mod tests;
