//! Inspects files.

use std::fs;

use ractor_agents::agent::AgentRef;
use ractor_agents::prelude::*;
use ractor_agents::queue::Queue;
use ractor_agents::swarm::Swarm;

use super::queues::Queues;
use super::wire::{Found, Job, Text};
use crate::inspect::inspect;
use crate::language::Language;
use crate::read::{self, Content};
use crate::report::Skip;
use crate::rules::audit;
use crate::team::{self, Order};

/// Reads a file, counts its lines and applies the rules. Bound to the queue of files: its message is acknowledged when what it has
/// found is in the queue of results.
#[derive(Clone, Debug)]
pub struct Inspector {
    pub results: Queue<Found>,
}

impl Agent for Inspector {
    type Message = Job;
    type Reply = ();

    async fn handle(&mut self, job: &Job, _ctx: &Context<Self>) -> Result<(), Failure> {
        for found in inspected(job)? {
            // No key: if it was lost, the second time must not count as the same.
            self.results.enqueue(&found).await?;
        }
        Ok(())
    }
}

/// As many as the order has analysts.
pub async fn spawn(
    swarm: &Swarm,
    order: &Order,
    queues: &Queues,
) -> Result<Vec<AgentRef<Inspector>>> {
    let inspector = Inspector {
        results: queues.results.clone(),
    };
    let inspectors = swarm.spawn_many(vec![inspector; order.analysts.get()]);
    let inspectors = team::hardy(inspectors).blocking().queue(&queues.files);
    Ok(inspectors.await?)
}

/// What there is to say about a file.
fn inspected(job: &Job) -> Result<Vec<Found>, Failure> {
    let text = match read::read(&job.place()) {
        Content::Text(text) => text,
        // Of one file that is a finding; of all of them, somebody forgot to mount something.
        Content::Skipped(Skip::Unreadable) if fs::metadata(&job.base).is_err() => {
            return Err(Failure::new("the audited folder is not there").without_restart());
        }
        Content::Skipped(skip) => return Ok(job.found(Err(skip))),
    };
    let language = Language::detect(job.file.path(), &text.content);
    let about = Text {
        blake3: *text.blake3.as_bytes(),
        bytes: text.bytes(),
        language,
        counts: inspect(language, &text.content),
    };
    Ok(job.found(Ok((about, audit(language, &text.content)))))
}
