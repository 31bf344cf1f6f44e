//! Puts the facts together.

use std::sync::Arc;

use parking_lot::Mutex;
use ractor_agents::prelude::*;
use tokio::sync::Notify;

use crate::fold::{Fact, Fold};
use crate::progress::Progress;

/// Folds the facts that the others send. Its state is the [`Desk`], which it leaves as it is when it is killed.
#[derive(Clone, Debug)]
pub struct Reporter {
    pub desk: Arc<Desk>,
    pub progress: Progress,
}

/// What the reporter is told.
#[derive(Clone, Debug)]
pub enum Note {
    /// Something is known.
    Fact(Fact),
    /// No more files will be found.
    WalkIsOver,
}

/// What the reporter works on, kept outside of it.
#[derive(Debug, Default)]
pub struct Desk {
    state: Mutex<State>,
    complete: Notify,
}

#[derive(Debug, Default)]
struct State {
    fold: Fold,
    is_walk_over: bool,
}

impl Agent for Reporter {
    type Message = Note;
    type Reply = ();

    async fn handle(&mut self, note: &Note, _ctx: &Context<Self>) -> Result<(), Failure> {
        self.desk.take(note, &self.progress);
        Ok(())
    }
}

impl Desk {
    /// Waits until every file that there is has been analysed.
    ///
    /// # Cancel safety
    /// Cancel safe, for one that waits at a time.
    pub async fn complete(&self) {
        self.complete.notified().await;
    }

    /// What was folded so far, taken away.
    pub fn clear(&self) -> Fold {
        std::mem::take(&mut self.state.lock().fold)
    }

    fn take(&self, note: &Note, progress: &Progress) {
        let mut state = self.state.lock();
        match note {
            Note::WalkIsOver => state.is_walk_over = true,
            Note::Fact(fact) => {
                let is_new = state.fold.apply(fact.clone());
                match fact {
                    Fact::File { .. } | Fact::Skipped { .. } if is_new => progress.done(),
                    Fact::Audited { hits, .. } if is_new && !hits.is_empty() => {
                        progress.say(format!("{} findings", state.fold.hit_count()));
                    }
                    _ => {}
                }
            }
        }
        if state.is_walk_over && state.fold.check().is_ok() {
            self.complete.notify_one();
        }
    }
}
