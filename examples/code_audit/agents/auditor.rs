//! Looks for leaked secrets and risky constructs.

use ractor_agents::prelude::*;

use super::{Note, Reporter, Text, Told};
use crate::fold::Fact;
use crate::rules::audit;

/// Applies the security rules to a text. What it finds overtakes everything else that waits for the reporter.
#[derive(Clone, Debug)]
pub struct Auditor {
    pub reporter: AgentRef<Reporter>,
    pub told: Told,
}

impl Agent for Auditor {
    type Message = Text;
    type Reply = ();

    async fn handle(&mut self, text: &Text, _ctx: &Context<Self>) -> Result<(), Failure> {
        let subject = text.subject;
        if self.told.contains(subject) {
            return Ok(());
        }
        let hits = audit(subject.language, &text.content);
        let priority = if hits.is_empty() {
            Priority::Normal
        } else {
            Priority::Critical
        };
        let note = Note::Fact(Fact::Audited { subject, hits });
        let tell = self.reporter.tell(note).priority(priority);
        self.told.tell(subject, tell).await?;
        Ok(())
    }
}
