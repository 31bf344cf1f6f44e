//! A message on lease.

use std::fmt;
use std::ops::Deref;

use super::Claim;

/// A message on lease: the message, and the [`Claim`] to it, whose methods it has.
///
/// Dropped without a word of what became of it, it is given back if no handler was [started](Claim::start) on it; otherwise the lease runs out,
/// and the attempt has failed.
pub struct Delivery<M> {
    message: M,
    claim: Claim,
}

impl<M> Delivery<M> {
    pub(super) fn new(message: M, claim: Claim) -> Self {
        Self { message, claim }
    }

    /// The message.
    pub fn message(&self) -> &M {
        &self.message
    }

    /// Both on their own. The lease is held by the claim.
    pub fn into_parts(self) -> (M, Claim) {
        (self.message, self.claim)
    }
}

impl<M> Deref for Delivery<M> {
    type Target = Claim;

    fn deref(&self) -> &Claim {
        &self.claim
    }
}

impl<M> fmt::Debug for Delivery<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Delivery").field(&self.claim).finish()
    }
}
