//! An agent of whatever type, as its swarm sees it.

use std::any::Any;
use std::sync::Arc;
use std::time::SystemTime;

use crate::agent::{Agent, AgentId, Record, Status};
use crate::mailbox::Accounting;
use crate::registry::Traits;

/// An agent of whatever type, as its swarm sees it.
pub(crate) trait Member: Send + Sync {
    fn id(&self) -> AgentId;
    fn name(&self) -> Option<&Arc<str>>;
    fn traits(&self) -> &Traits;
    fn registered_at(&self) -> SystemTime;
    fn status(&self) -> Status;
    /// How many messages are in hand, in line or scheduled.
    fn load(&self) -> u64;
    fn accounting(&self) -> Accounting;
    fn restarts(&self) -> u64;
    /// Takes nothing new, finishes what it has, and ends.
    fn drain(&self);
    fn kill(&self) -> bool;
    /// Kills it, and no other incarnation begins.
    fn end(&self);
    /// Ends whatever is left in the mailbox; nobody will come for it.
    fn close(&self) -> usize;
    /// It will never start: whoever waits for it is told why.
    fn give_up(&self, why: &str);
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<A: Agent> Member for Record<A> {
    fn id(&self) -> AgentId {
        self.id()
    }

    fn name(&self) -> Option<&Arc<str>> {
        self.defaults.name.as_ref()
    }

    fn traits(&self) -> &Traits {
        &self.defaults.traits
    }

    fn registered_at(&self) -> SystemTime {
        self.registered_at
    }

    fn status(&self) -> Status {
        self.mailbox.status()
    }

    fn load(&self) -> u64 {
        self.mailbox.load()
    }

    fn accounting(&self) -> Accounting {
        self.mailbox.accounting()
    }

    fn restarts(&self) -> u64 {
        self.restarts()
    }

    fn drain(&self) {
        self.drain();
    }

    fn kill(&self) -> bool {
        self.kill()
    }

    fn end(&self) {
        self.end();
    }

    fn close(&self) -> usize {
        self.close()
    }

    fn give_up(&self, why: &str) {
        self.give_up(why);
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}
