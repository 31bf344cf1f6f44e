//! What a broker can do besides keeping messages.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a broker can do besides keeping messages and giving them out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Ability {
    /// The same message enqueued twice within a window is one.
    Dedup,
    /// Messages can be enqueued for later.
    Delay,
    /// Messages can be given a time to live, and are dead letters as soon as it is over.
    Expiry,
    /// Messages of one group are handled one at a time, in order, retries included.
    Groups,
    /// A batch is taken in whole or not at all.
    AtomicBatches,
    /// A message is in the queue or among the dead letters at every moment, and never in both.
    AtomicDeadLetters,
    /// A lease runs out if it is not renewed; otherwise it lasts as long as the connection.
    TimedLeases,
    /// Attempts are told from deliveries: what was given out and never started on has lost none.
    CountedAttempts,
    /// Length and bytes are bounded.
    Bounds,
    /// Low priorities get a share while higher ones wait.
    FairPriorities,
    /// A queue can be paused.
    Pause,
    /// Messages can be looked at without taking them.
    Peek,
    /// Dead letters can be listed, filtered and chosen one by one.
    DeadLetterAccess,
    /// Several processes can serve one queue.
    Sharing,
}

impl Ability {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Dedup,
        Self::Delay,
        Self::Expiry,
        Self::Groups,
        Self::AtomicBatches,
        Self::AtomicDeadLetters,
        Self::TimedLeases,
        Self::CountedAttempts,
        Self::Bounds,
        Self::FairPriorities,
        Self::Pause,
        Self::Peek,
        Self::DeadLetterAccess,
        Self::Sharing,
    ];

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

impl fmt::Display for Ability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dedup => "deduplication",
            Self::Delay => "delayed delivery",
            Self::Expiry => "times to live",
            Self::Groups => "order within groups",
            Self::AtomicBatches => "atomic batches",
            Self::AtomicDeadLetters => "atomic moves to the dead letters",
            Self::TimedLeases => "leases that run out",
            Self::CountedAttempts => "attempts that count from their start",
            Self::Bounds => "bounds",
            Self::FairPriorities => "a share for low priorities",
            Self::Pause => "pausing",
            Self::Peek => "peeking",
            Self::DeadLetterAccess => "access to single dead letters",
            Self::Sharing => "several processes at one queue",
        })
    }
}

/// A set of [`Ability`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Abilities(u32);

impl Abilities {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// All of them.
    pub fn all() -> Self {
        Ability::ALL.into_iter().collect()
    }

    /// With this one.
    pub const fn with(self, ability: Ability) -> Self {
        Self(self.0 | ability.bit())
    }

    /// Without this one.
    pub const fn without(self, ability: Ability) -> Self {
        Self(self.0 & !ability.bit())
    }

    /// Whether this one is among them.
    pub const fn has(self, ability: Ability) -> bool {
        self.0 & ability.bit() != 0
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Ability> {
        Ability::ALL
            .into_iter()
            .filter(move |ability| self.has(*ability))
    }
}

impl FromIterator<Ability> for Abilities {
    fn from_iter<I: IntoIterator<Item = Ability>>(abilities: I) -> Self {
        abilities.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Abilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
