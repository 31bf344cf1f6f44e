//! An agent that does what its messages say.

use ractor_agents::agent::{Agent, Context, Failure};

use crate::{Gate, Log, ms, panic_quietly};

/// An agent that does what its messages say and keeps a log of it.
#[derive(Clone, Debug, Default)]
pub struct Puppet {
    /// Where [`Act::Wait`] waits.
    pub gate: Gate,
    /// The messages that a handler has begun on, once per attempt.
    pub begun: Log<u64>,
    /// The messages that were handled.
    pub done: Log<u64>,
}

/// A message to a [`Puppet`]; its answer is its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Task {
    /// What it is called in the logs.
    pub id: u64,
    /// What to do about it.
    pub act: Act,
}

/// What to do about a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Nothing but noting it.
    Note,
    /// Wait at the gate.
    Wait,
    /// Take so many milliseconds.
    Take(u64),
    /// Never come to an end.
    Hang,
    /// Hang in all attempts before this one.
    HangBefore(u16),
    /// Panic.
    Panic,
    /// Panic in all attempts before this one.
    PanicBefore(u16),
    /// Fail, with a restart.
    Fail,
    /// Fail in all attempts before this one.
    FailBefore(u16),
    /// Fail without a restart.
    FailSoftly,
    /// Fail so that no other attempt is made.
    FailForGood,
}

impl Task {
    /// A task that only notes itself.
    pub const fn note(id: u64) -> Self {
        Self::new(id, Act::Note)
    }

    /// A task of any kind.
    pub const fn new(id: u64, act: Act) -> Self {
        Self { id, act }
    }
}

impl From<u64> for Task {
    fn from(id: u64) -> Self {
        Self::note(id)
    }
}

impl Agent for Puppet {
    type Message = Task;
    type Reply = u64;

    async fn handle(&mut self, task: &Task, ctx: &Context<Self>) -> Result<u64, Failure> {
        self.begun.push(task.id);
        let attempt = ctx.attempt().unwrap_or_default();
        match task.act {
            Act::Note => {}
            Act::Wait => self.gate.pass().await,
            Act::Take(millis) => tokio::time::sleep(ms(millis)).await,
            Act::Hang => std::future::pending().await,
            Act::HangBefore(good) if attempt < good => std::future::pending().await,
            Act::Panic => panic_quietly("on purpose"),
            Act::PanicBefore(good) if attempt < good => panic_quietly("on purpose"),
            Act::Fail => return Err(Failure::new("on purpose")),
            Act::FailBefore(good) if attempt < good => return Err(Failure::new("on purpose")),
            Act::FailSoftly => return Err(Failure::new("softly").without_restart()),
            Act::FailForGood => return Err(Failure::new("for good").without_retry()),
            Act::HangBefore(_) | Act::PanicBefore(_) | Act::FailBefore(_) => {}
        }
        self.done.push(task.id);
        Ok(task.id)
    }
}
