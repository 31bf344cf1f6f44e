//! What makes two messages the same.

use std::hash::{BuildHasher, Hash};

// `fast` does not spread small integers over its low bits under some seeds: in 1 process of 60 and more, the table forgot
// up to two thirds of 1,024 consecutive numbers.
use foldhash::quality::RandomState;

use crate::agent::Agent;

/// What makes two messages to an agent the same: equal fingerprints.
pub trait Fingerprint<A: Agent>: Send + Sync + 'static {
    /// The fingerprint of a message, given the key that its sender gave it, or `None` for one that is like no other.
    fn of(&self, message: &A::Message, key: Option<&str>) -> Option<u128>;
}

/// Two hashers with random keys of their own.
#[derive(Clone, Debug, Default)]
struct Hashers(RandomState, RandomState);

impl Hashers {
    fn print(&self, part: &(impl Hash + ?Sized)) -> u128 {
        u128::from(self.0.hash_one(part)) << 64 | u128::from(self.1.hash_one(part))
    }
}

/// The whole message, as its `Hash` sees it.
#[derive(Clone, Debug, Default)]
pub struct ByContent(Hashers);

impl<A: Agent<Message: Hash>> Fingerprint<A> for ByContent {
    fn of(&self, message: &A::Message, _key: Option<&str>) -> Option<u128> {
        Some(self.0.print(message))
    }
}

/// The key that the sender gave.
#[derive(Clone, Debug, Default)]
pub struct ByKey(Hashers);

impl<A: Agent> Fingerprint<A> for ByKey {
    fn of(&self, _message: &A::Message, key: Option<&str>) -> Option<u128> {
        key.map(|key| self.0.print(key))
    }
}

/// A part of the message.
#[derive(Clone, Debug)]
pub struct By<F> {
    part: F,
    hashers: Hashers,
}

impl<F> By<F> {
    pub(super) fn new(part: F) -> Self {
        Self {
            part,
            hashers: Hashers::default(),
        }
    }
}

impl<A, F, K> Fingerprint<A> for By<F>
where
    A: Agent,
    F: Fn(&A::Message) -> K + Send + Sync + 'static,
    K: Hash,
{
    fn of(&self, message: &A::Message, _key: Option<&str>) -> Option<u128> {
        Some(self.hashers.print(&(self.part)(message)))
    }
}
