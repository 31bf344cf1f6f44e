//! Walks the tree and hands out what it finds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use ractor_agents::prelude::*;

use super::journey::{Errand, Journey};
use super::{Analyst, Auditor, Note, Pool, Reporter, Text, tell_once};
use crate::fold::{Fact, Subject};
use crate::language::Language;
use crate::progress::Progress;
use crate::read::{self, Content};
use crate::report::Skip;
use crate::walk::{self, Entry, Walk};

/// Walks the tree, one entry per [`Step`]: reads the file, tells the reporter, an analyst and an auditor, and sends itself
/// the next step.
#[derive(Debug)]
pub struct Scout {
    brief: Arc<Brief>,
    /// This incarnation's own walk, and how far it is: of use only while that is the journey's position.
    walk: Option<(Walk, Option<PathBuf>)>,
}

/// What all incarnations of a scout share.
#[derive(Debug)]
pub struct Brief {
    pub root: PathBuf,
    pub options: walk::Options,
    pub journey: Mutex<Journey>,
    pub reporter: AgentRef<Reporter>,
    pub analysts: Pool<Analyst>,
    pub auditors: Pool<Auditor>,
    pub progress: Progress,
}

/// One entry of the walk, by its number.
#[derive(Clone, Copy, Debug)]
pub struct Step(u64);

impl Step {
    /// Where a journey begins.
    pub const FIRST: Self = Self(0);
}

impl Agent for Scout {
    type Message = Step;
    type Reply = ();

    async fn handle(&mut self, &Step(step): &Step, ctx: &Context<Self>) -> Result<(), Failure> {
        let position = self.brief.journey.lock().to_begin(step);
        if let Some(position) = position {
            let (path, errands) = self.look(position);
            self.brief.begin(step, path, errands);
        }
        while let Some((left, errand)) = self.brief.errand(step) {
            self.brief.run(step, left, errand).await?;
        }
        let journey = &self.brief.journey;
        let is_due = |journey: &Journey| journey.is_due_for_next(step);
        let me = ctx.agent();
        tell_once(journey, is_due, me.tell(Step(step + 1)), Journey::next).await?;
        Ok(())
    }
}

impl Scout {
    /// A scout that knows nothing yet but its brief.
    pub fn new(brief: Arc<Brief>) -> Self {
        Self { brief, walk: None }
    }

    /// The entry behind `position`, as its path and what is to be done about it. No path: there is none.
    fn look(&mut self, position: Option<PathBuf>) -> (Option<PathBuf>, Vec<Errand>) {
        let Ok(walk) = self.walk_from(position) else {
            // The audited folder itself has gone, or is somebody else's now.
            let gone = Fact::Skipped {
                path: PathBuf::new(),
                skip: Skip::Unreadable,
            };
            return (None, vec![report(gone), Errand::Report(Note::WalkIsOver)]);
        };
        match walk.next() {
            None => (None, vec![Errand::Report(Note::WalkIsOver)]),
            Some(entry) => {
                let path = entry.path().to_owned();
                let errands = errands(walk.root(), entry);
                if let Some((_, at)) = &mut self.walk {
                    *at = Some(path.clone());
                }
                (Some(path), errands)
            }
        }
    }

    /// A walk that goes on behind `position`: this incarnation's, or a new one.
    fn walk_from(&mut self, position: Option<PathBuf>) -> Result<&mut Walk, walk::Error> {
        let (walk, _) = match self.walk.take().filter(|(_, at)| *at == position) {
            Some(current) => self.walk.insert(current),
            None => {
                let walk = match &position {
                    None => Walk::new(&self.brief.root, self.brief.options)?,
                    Some(position) => Walk::resume(&self.brief.root, self.brief.options, position)?,
                };
                self.walk.insert((walk, position))
            }
        };
        Ok(walk)
    }
}

impl Brief {
    /// Begins a step, unless another incarnation was faster.
    fn begin(&self, step: u64, path: Option<PathBuf>, errands: Vec<Errand>) {
        let is_entry = path.is_some();
        let has_begun = self.journey.lock().begin(step, path, errands);
        if has_begun && is_entry {
            self.progress.found();
        }
    }

    fn errand(&self, step: u64) -> Option<(usize, Errand)> {
        self.journey.lock().errand(step)
    }

    async fn run(&self, step: u64, left: usize, errand: Errand) -> Result<(), Failure> {
        let due = |journey: &Journey| journey.is_due(step, left);
        let done = Journey::tick_off;
        match errand {
            Errand::Report(note) => {
                tell_once(&self.journey, due, self.reporter.tell(note), done).await?;
            }
            Errand::Count(text) => {
                let analyst = self.analysts.member(&text.subject).ok_or_else(nobody)?;
                tell_once(&self.journey, due, analyst.tell(text), done).await?;
            }
            Errand::Audit(text) => {
                let auditor = self.auditors.member(&text.subject).ok_or_else(nobody)?;
                tell_once(&self.journey, due, auditor.tell(text), done).await?;
            }
        }
        Ok(())
    }
}

fn nobody() -> Failure {
    Failure::new("no agent is capable of the language").without_retry()
}

fn report(fact: Fact) -> Errand {
    Errand::Report(Note::Fact(fact))
}

/// What is to be done about an entry. The file is read here, once: whoever resumes goes on with what was in it.
fn errands(base: &Path, entry: Entry) -> Vec<Errand> {
    let path = match entry {
        Entry::File(path) => path,
        Entry::Unreadable(path) => {
            let skip = Skip::Unreadable;
            return vec![report(Fact::Skipped { path, skip })];
        }
    };
    let text = match read::read(&base.join(&path)) {
        Content::Text(text) => text,
        Content::Skipped(skip) => return vec![report(Fact::Skipped { path, skip })],
    };
    let bytes = text.bytes();
    let subject = Subject {
        blake3: text.blake3,
        language: Language::detect(&path, &text.content),
    };
    let text = Text {
        subject,
        content: text.content.into(),
    };
    vec![
        Errand::Count(text.clone()),
        Errand::Audit(text),
        report(Fact::File {
            path,
            bytes,
            subject,
        }),
    ]
}
