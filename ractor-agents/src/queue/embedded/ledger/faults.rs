//! Faults on purpose: tests switch them on to show that the checks would find them.

use super::Ledger;

/// A mistake that this ledger does not make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A token is as good as any.
    NoFencing,
    /// A message is deleted in one record and put with the dead letters in the next, each with a commit of its own.
    BurialInTwoRecords,
    /// An attempt counts from the lease on.
    AttemptsCountAtLease,
    /// Who asked for something is answered, and then it is written.
    AnswersBeforeCommit,
}

/// The fault that is on. In a build that is not for tests: none.
#[derive(Debug, Default)]
pub(super) struct Faults {
    #[cfg(test)]
    pub(super) on: Option<Fault>,
}

impl Faults {
    #[cfg(test)]
    pub(super) fn has(&self, fault: Fault) -> bool {
        self.on == Some(fault)
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, reason = "as in tests")]
    pub(super) const fn has(&self, _: Fault) -> bool {
        false
    }
}

impl Ledger {
    /// Whether a fault is on that is not the ledger's own.
    #[cfg_attr(
        not(test),
        expect(clippy::missing_const_for_fn, reason = "as in tests")
    )]
    pub(crate) fn has_fault(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    #[cfg(test)]
    pub(crate) const fn set_fault(&mut self, fault: Option<Fault>) {
        self.faults.on = fault;
    }
}
