//! Counts lines.

use ractor_agents::prelude::*;

use super::{Note, Reporter, Text, Told};
use crate::fold::Fact;
use crate::inspect::inspect;

/// Counts the lines of a text. Spawned with a dedup layer, so that equal texts are counted once.
#[derive(Clone, Debug)]
pub struct Analyst {
    pub reporter: AgentRef<Reporter>,
    pub told: Told,
}

impl Agent for Analyst {
    type Message = Text;
    type Reply = ();

    async fn handle(&mut self, text: &Text, _ctx: &Context<Self>) -> Result<(), Failure> {
        let subject = text.subject;
        if self.told.contains(subject) {
            return Ok(());
        }
        let counts = inspect(subject.language, &text.content);
        let note = Note::Fact(Fact::Counted { subject, counts });
        self.told.tell(subject, self.reporter.tell(note)).await?;
        Ok(())
    }
}
