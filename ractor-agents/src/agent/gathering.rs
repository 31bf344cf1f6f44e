//! Waiting until all that were spawned together have started.

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::AgentId;

/// Agents that are spawned together, and how far they are.
#[derive(Debug)]
pub(crate) struct Gathering {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    missing: usize,
    failed: Vec<(AgentId, String)>,
}

impl Gathering {
    pub(crate) fn of(count: usize) -> Self {
        Self {
            state: Mutex::new(State {
                missing: count,
                failed: Vec::new(),
            }),
            changed: Notify::new(),
        }
    }

    pub(crate) fn arrive(&self) {
        self.finish(None);
    }

    pub(crate) fn fail(&self, agent: AgentId, why: String) {
        self.finish(Some((agent, why)));
    }

    fn finish(&self, failure: Option<(AgentId, String)>) {
        let is_complete = {
            let mut state = self.state.lock();
            state.failed.extend(failure);
            state.missing = state.missing.saturating_sub(1);
            state.missing == 0
        };
        if is_complete {
            self.changed.notify_one();
        }
    }

    /// Waits for everybody; returns who failed to start and why.
    pub(crate) async fn complete(&self) -> Vec<(AgentId, String)> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state.lock();
                if state.missing == 0 {
                    return std::mem::take(&mut state.failed);
                }
            }
            changed.await;
        }
    }
}
