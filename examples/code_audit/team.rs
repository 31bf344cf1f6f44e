//! The audit by a swarm of agents. What they do and why it survives is told in [`agents`](crate::agents).

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use ractor_agents::agent::{Agent, AgentRef};
use ractor_agents::mailbox::{Accounting, dedup};
use ractor_agents::prelude::Result;
use ractor_agents::queue;
use ractor_agents::supervision::{Backoff, Intensity};
use ractor_agents::swarm::{Spawn, Swarm};
use tokio::sync::broadcast::error::RecvError;

use crate::agents::{
    Analyst, Auditor, Brief, Desk, Family, Pool, Reporter, Scout, Step, Text, Told,
};
use crate::chaos::{self, Chaos};
use crate::fold::{Run, Subject};
use crate::progress::Progress;
use crate::report::{Messages, Report};
use crate::walk::{self, Walk};

/// What to audit, and with whom.
#[derive(Clone, Debug)]
pub struct Order {
    /// The folder.
    pub root: PathBuf,
    /// Which files count.
    pub options: walk::Options,
    /// How many analysts.
    pub analysts: NonZeroUsize,
    /// Who is killed when, if anybody.
    pub chaos: Option<Chaos>,
}

impl Order {
    /// How many attempts a file has that goes through a queue: the queue's usual number, unless somebody is killed all the time.
    pub fn attempts(&self) -> u32 {
        match self.chaos {
            Some(_) => u32::MAX,
            None => queue::Options::default().attempts,
        }
    }
}

/// Why there is no report, although there is something to audit.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// An agent gave up on a message, so that something would be missing.
    #[error("the audit is incomplete: {message} was not handled in {attempts} attempts: {reason}")]
    DeadLetter {
        /// The message's name.
        message: String,
        /// How often it was tried.
        attempts: u32,
        /// Why the last attempt ended.
        reason: String,
    },
    /// Messages were left when the swarm ended.
    #[error("the swarm did not end in order: {0:?}")]
    Disorder(Accounting),
}

/// How many texts wait for one analyst or auditor: each may be 4 MiB.
const TEXTS_MAX: usize = 16;

/// How long a content is remembered: longer than any audit takes.
const WINDOW: Duration = Duration::from_hours(24);

/// How many contents are remembered per agent, at 32 bytes; of more, some may be analysed twice, which changes no figure
/// but that of the deduplicated messages.
const CONTENTS_MAX: usize = 1 << 20;

/// How long the agents may take for what is left when the report is complete, which is next to nothing.
pub const END_WITHIN: Duration = Duration::from_secs(30);

/// Audits everything below the root.
///
/// # Errors
/// [`walk::Error`] where there is nothing to walk; [`Unfinished`] where a bug or an impossible machine leaves the report
/// incomplete.
pub async fn report(order: &Order, progress: &Progress) -> Result<Report> {
    let started = Instant::now();
    // Before anybody is spawned, so that a mistyped path is told at once.
    Walk::new(&order.root, order.options)?;
    let swarm = Swarm::builder().build()?;
    let mut dead_letters = swarm.dead_letters().subscribe();
    let desk = Arc::new(Desk::default());
    let team = Team::spawn(&swarm, order, &desk, progress).await?;
    team.scout.tell(Step::FIRST).await?;
    tokio::select! {
        () = desk.complete() => {}
        letter = dead_letters.recv() => return Err(unfinished(letter).into()),
        never = chaos::run(order.chaos, &swarm) => match never {},
    }
    team.stop(&swarm).await;
    let ended = swarm.shutdown(END_WITHIN).await;
    if !ended.messages.balances() || !ended.unfinished.is_empty() {
        return Err(Unfinished::Disorder(ended.messages).into());
    }
    let report = desk.clear().report(Run {
        root: order.root.display().to_string(),
        messages: messages(ended.messages),
        restarts: swarm.status().restarts,
        elapsed: started.elapsed(),
    })?;
    Ok(report)
}

/// The agents.
struct Team {
    scout: AgentRef<Scout>,
    analysts: Vec<AgentRef<Analyst>>,
    auditors: Vec<AgentRef<Auditor>>,
    reporter: AgentRef<Reporter>,
}

impl Team {
    /// From right to left, so that everybody knows whom to tell.
    async fn spawn(
        swarm: &Swarm,
        order: &Order,
        desk: &Arc<Desk>,
        progress: &Progress,
    ) -> Result<Self> {
        let reporter = Reporter {
            desk: Arc::clone(desk),
            progress: progress.clone(),
        };
        let reporter = hardy(swarm.spawn(reporter)).await?;
        let analyst = Analyst {
            reporter: reporter.clone(),
            told: Told::default(),
        };
        let auditor = Auditor {
            reporter: reporter.clone(),
            told: Told::default(),
        };
        let seats = order.analysts.get();
        let mut analysts = Vec::with_capacity(seats);
        for seat in 0..seats {
            let spawn = reader(swarm.spawn(analyst.clone()), Family::of_seat(seat, seats));
            analysts.push(spawn.layer(by_content()).await?);
        }
        let mut auditors = Vec::new();
        for _ in 0..seats.div_ceil(2) {
            let spawn = reader(swarm.spawn(auditor.clone()), Family::ALL);
            auditors.push(spawn.layer(by_content()).await?);
        }
        let brief = Arc::new(Brief {
            root: order.root.clone(),
            options: order.options,
            journey: Mutex::default(),
            reporter: reporter.clone(),
            analysts: Pool::new(swarm, &analysts),
            auditors: Pool::new(swarm, &auditors),
            progress: progress.clone(),
        });
        let scout = hardy(swarm.spawn_with(move || Scout::new(Arc::clone(&brief))));
        let scout = scout.blocking().await?;
        Ok(Self {
            scout,
            analysts,
            auditors,
            reporter,
        })
    }

    /// From left to right, so that nobody is told anything any more when it stops. Whoever was killed a moment ago is
    /// restarted first and finishes what it has, which it would not be by a supervisor that is shut down.
    async fn stop(&self, swarm: &Swarm) {
        let analysts = self.analysts.iter().map(AgentRef::id);
        let auditors = self.auditors.iter().map(AgentRef::id);
        let readers = analysts.chain(auditors);
        let flow = std::iter::once(self.scout.id()).chain(readers);
        for agent in flow.chain([self.reporter.id()]) {
            swarm.stop(agent, END_WITHIN).await;
        }
    }
}

/// An agent that nothing wears out: a message has all the attempts that can be counted, the agent restarts at once and
/// as often as may be.
pub fn hardy<A: Agent, L, Count, W>(spawn: Spawn<A, L, Count, W>) -> Spawn<A, L, Count, W> {
    spawn
        .attempts(u16::MAX)
        .restart_backoff(Backoff::NONE)
        .intensity(Intensity::new(
            Intensity::RESTARTS_MAX,
            Duration::from_secs(1),
        ))
}

/// A hardy agent that reads texts, on a thread of its own, since that takes long.
fn reader<A: Agent>(spawn: Spawn<A>, families: impl IntoIterator<Item = Family>) -> Spawn<A> {
    let spawn = hardy(spawn).blocking().depth(TEXTS_MAX);
    families
        .into_iter()
        .fold(spawn, |spawn, family| spawn.capability(family.as_str()))
}

/// Takes each content once, in each language.
type ByContent = dedup::Layer<dedup::By<fn(&Text) -> Subject>>;

fn by_content() -> ByContent {
    let subject: fn(&Text) -> _ = |text| text.subject;
    dedup::Layer::by(WINDOW, subject).entries_max(CONTENTS_MAX)
}

fn unfinished(
    letter: Result<Arc<ractor_agents::dead_letter::DeadLetter>, RecvError>,
) -> Unfinished {
    match letter {
        Ok(letter) => Unfinished::DeadLetter {
            message: (letter.id).map_or_else(|| "a message".to_owned(), |id| id.to_string()),
            attempts: letter.attempts.into(),
            reason: letter.reason.to_string(),
        },
        Err(missed) => Unfinished::DeadLetter {
            message: "a message".to_owned(),
            attempts: 0,
            reason: missed.to_string(),
        },
    }
}

pub fn messages(accounting: Accounting) -> Messages {
    Messages {
        accepted: accounting.accepted,
        handled: accounting.handled,
        failed: accounting.failed,
        expired: accounting.expired,
        deduplicated: accounting.deduplicated,
        shed: accounting.shed,
        cancelled: accounting.cancelled,
        moved: accounting.moved,
        queued: accounting.queued,
        in_flight: accounting.in_flight,
        dead_letters: accounting.dead_lettered,
        retried: accounting.retried,
    }
}
