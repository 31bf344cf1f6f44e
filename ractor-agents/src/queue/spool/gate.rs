//! Whether messages go to the broker directly.

use parking_lot::Mutex;

/// Which way messages go. Shut, they go into the spool; it is opened only when nothing can be in there, so that no message overtakes one that was
/// answered before.
pub(super) struct Gate(Mutex<State>);

struct State {
    is_open: bool,
    /// On their way into the spool.
    pending: usize,
    /// How many were ever sent there.
    sent: u64,
}

/// A message is on its way into the spool.
pub(super) struct Pending<'a>(&'a Gate);

impl Gate {
    /// Shut, until it is known what is in the spool.
    pub(super) const fn shut() -> Self {
        Self(Mutex::new(State {
            is_open: false,
            pending: 0,
            sent: 0,
        }))
    }

    pub(super) fn is_open(&self) -> bool {
        self.0.lock().is_open
    }

    /// Shuts it: something goes into the spool, until what is returned is dropped.
    pub(super) fn pass_by(&self) -> Pending<'_> {
        let mut state = self.0.lock();
        state.is_open = false;
        state.pending += 1;
        state.sent += 1;
        Pending(self)
    }

    /// To be told to [`open`](Self::open) when the spool was found empty since.
    pub(super) fn sent(&self) -> u64 {
        self.0.lock().sent
    }

    /// Opens it, if nothing has gone by since `sent` was told.
    pub(super) fn open(&self, sent: u64) {
        let mut state = self.0.lock();
        state.is_open = state.pending == 0 && state.sent == sent;
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.0.0.lock().pending -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn it_opens_only_if_nothing_can_be_in_the_spool() {
        let gate = Gate::shut();
        let sent = gate.sent();
        let pending = gate.pass_by();
        gate.open(sent);
        assert!(!gate.is_open(), "one has gone by since");
        let sent = gate.sent();
        gate.open(sent);
        assert!(!gate.is_open(), "one is still on its way");
        drop(pending);
        gate.open(sent);
        assert!(gate.is_open());
        drop(gate.pass_by());
        assert!(!gate.is_open());
    }
}
