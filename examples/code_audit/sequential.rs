//! The audit without agents, one file after the other: what the swarm's report is compared with.

use std::path::Path;
use std::time::Instant;

use crate::fold::{Fact, Fold, Run, Subject};
use crate::inspect::inspect;
use crate::language::Language;
use crate::progress::Progress;
use crate::read::{self, Content};
use crate::report::{Report, Skip};
use crate::rules::audit;
use crate::walk::{self, Entry, Walk};

/// Audits everything below `root`.
///
/// # Errors
/// [`walk::Error`] where there is nothing to walk.
pub fn report(
    root: &Path,
    options: walk::Options,
    progress: &Progress,
) -> Result<Report, walk::Error> {
    let started = Instant::now();
    let walk = Walk::new(root, options)?;
    let base = walk.root().to_owned();
    let mut fold = Fold::default();
    for entry in walk {
        progress.found();
        for fact in facts(&base, entry) {
            fold.apply(fact);
        }
        progress.done();
    }
    let run = Run {
        root: root.display().to_string(),
        elapsed: started.elapsed(),
        ..Run::default()
    };
    Ok(fold
        .report(run)
        .expect("every file was counted and audited as it was met"))
}

/// All there is to know about one entry of the walk.
fn facts(base: &Path, entry: Entry) -> Vec<Fact> {
    let path = match entry {
        Entry::File(path) => path,
        Entry::Unreadable(path) => {
            return vec![Fact::Skipped {
                path,
                skip: Skip::Unreadable,
            }];
        }
    };
    let text = match read::read(&base.join(&path)) {
        Content::Text(text) => text,
        Content::Skipped(skip) => return vec![Fact::Skipped { path, skip }],
    };
    let language = Language::detect(&path, &text.content);
    let subject = Subject {
        blake3: text.blake3,
        language,
    };
    vec![
        Fact::Counted {
            subject,
            counts: inspect(language, &text.content),
        },
        Fact::Audited {
            subject,
            hits: audit(language, &text.content),
        },
        Fact::File {
            path,
            bytes: text.bytes(),
            subject,
        },
    ]
}
