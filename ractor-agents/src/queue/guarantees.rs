//! What a broker gives, and what a queue asks for.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Abilities, Ability};

/// What a broker gives for a queue, as its settings are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guarantees {
    /// Where a message is when whoever enqueued it, or acknowledged it, is told so.
    pub durability: Durability,
    /// What else it can do.
    pub abilities: Abilities,
}

impl Guarantees {
    /// Whether it can do this.
    pub const fn has(&self, ability: Ability) -> bool {
        self.abilities.has(ability)
    }
}

/// Where a message is when it is said to be safe. Each is more than those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Durability {
    /// In the memory of a process: lost with it.
    Memory,
    /// With the operating system of the broker, written to disk every now and then: some of it is lost with the power.
    Buffered,
    /// On disk.
    Synced,
}

/// What a queue asks of its broker. Less, and it does not start.
///
/// Default: [`Durability::Synced`], and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// At least this.
    pub durability: Durability,
    /// All of these.
    pub abilities: Abilities,
}

impl Default for Requirements {
    fn default() -> Self {
        Self {
            durability: Durability::Synced,
            abilities: Abilities::NONE,
        }
    }
}

impl Requirements {
    /// At least this durability. [`Durability::Memory`] is to take whatever there is.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// This too.
    pub fn ability(mut self, ability: Ability) -> Self {
        self.abilities = self.abilities.with(ability);
        self
    }

    /// The first of them that the broker does not give.
    pub fn unmet(&self, given: &Guarantees) -> Option<Unmet> {
        if given.durability < self.durability {
            return Some(Unmet::Durability {
                wanted: self.durability,
                given: given.durability,
            });
        }
        let mut wanted = self.abilities.iter();
        let missing = wanted.find(|ability| !given.has(*ability));
        missing.map(Unmet::Ability)
    }
}

/// What a queue asks for and its broker does not give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Unmet {
    /// [`Requirements::durability`].
    Durability {
        /// What the queue asks for.
        wanted: Durability,
        /// What the broker gives.
        given: Durability,
    },
    /// One of [`Requirements::abilities`].
    Ability(Ability),
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Durability { wanted, given } => {
                write!(f, "messages that are {wanted}, and they are {given}")
            }
            Self::Ability(ability) => ability.fmt(f),
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "in memory",
            Self::Buffered => "buffered",
            Self::Synced => "synced to disk",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_found() {
        let given = Guarantees {
            durability: Durability::Buffered,
            abilities: Abilities::all().without(Ability::Sharing),
        };
        let unmet = Requirements::default().unmet(&given);
        assert!(matches!(unmet, Some(Unmet::Durability { .. })), "{unmet:?}");
        let weak = Requirements::default().durability(Durability::Buffered);
        assert_eq!(weak.ability(Ability::Dedup).unmet(&given), None);
        let unmet = weak.ability(Ability::Sharing).unmet(&given);
        assert_eq!(unmet, Some(Unmet::Ability(Ability::Sharing)));
    }
}
