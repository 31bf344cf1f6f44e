//! How far the scout has come.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::{Note, Text};

/// How far the scout has come, kept outside of it: what an incarnation leaves undone, the next one goes on with.
///
/// A step is one entry of the walk. It begins when the entry is read and its errands are written down, and ends when the
/// errands are run and the message for the next step is sent.
#[derive(Debug, Default)]
pub struct Journey {
    step: u64,
    /// The path of the last step that has begun.
    position: Option<PathBuf>,
    /// What is left to do in the step, once it has begun.
    errands: Option<VecDeque<Errand>>,
    is_over: bool,
}

/// One message that the scout has to send.
#[derive(Clone, Debug)]
pub enum Errand {
    /// To the reporter.
    Report(Note),
    /// To an analyst.
    Count(Text),
    /// To an auditor.
    Audit(Text),
}

impl Journey {
    /// Where the walk goes on, if `step` has still to begin.
    pub fn to_begin(&self, step: u64) -> Option<Option<PathBuf>> {
        (self.step == step && self.errands.is_none()).then(|| self.position.clone())
    }

    /// Begins `step`, unless another incarnation was faster; says whether it was not. No path is the end of the walk.
    pub fn begin(&mut self, step: u64, path: Option<PathBuf>, errands: Vec<Errand>) -> bool {
        if self.to_begin(step).is_none() {
            return false;
        }
        match path {
            Some(path) => self.position = Some(path),
            None => self.is_over = true,
        }
        self.errands = Some(errands.into());
        true
    }

    /// The next errand of `step`, with the number of those that are left: its name within the step.
    pub fn errand(&self, step: u64) -> Option<(usize, Errand)> {
        let errands = self.errands.as_ref().filter(|_| self.step == step)?;
        Some((errands.len(), errands.front()?.clone()))
    }

    /// Whether the errand of that name is still to be run.
    pub fn is_due(&self, step: u64, left: usize) -> bool {
        let errands = self.errands.as_ref();
        self.step == step && errands.is_some_and(|errands| errands.len() == left)
    }

    /// The errand in front was run.
    pub fn tick_off(&mut self) {
        if let Some(errands) = &mut self.errands {
            errands.pop_front();
        }
    }

    /// Whether `step` is all done but for the message that begins the next one.
    pub fn is_due_for_next(&self, step: u64) -> bool {
        self.is_due(step, 0) && !self.is_over
    }

    /// The message for the next step was sent.
    pub fn next(&mut self) {
        self.step += 1;
        self.errands = None;
    }
}
