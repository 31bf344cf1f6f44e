//! What an agent is called.

use std::fmt;

/// The name of one agent in its swarm: its kind and a number, such as `greeter#3`.
///
/// Unique within a swarm and never used again. It stays the same over restarts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId {
    number: u64,
    kind: &'static str,
}

impl AgentId {
    pub(crate) fn new(number: u64, kind: &'static str) -> Self {
        Self {
            number,
            kind: short_name(kind),
        }
    }

    /// The number within the swarm, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The name of the agent's type or function.
    pub fn kind(&self) -> &'static str {
        self.kind
    }
}

/// `triage::Reviewer<alloc::string::String>` is a `Reviewer` to people, and `greeter` is what they call a function.
fn short_name(path: &'static str) -> &'static str {
    let plain = path.split('<').next().unwrap_or(path);
    let mut segments = plain.rsplit("::");
    segments
        .find(|segment| !segment.starts_with('{'))
        .unwrap_or(plain)
}

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.kind, self.number)
    }
}

impl fmt::Debug for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::short_name;

    #[test]
    fn names_are_those_that_people_use() {
        assert_eq!(
            short_name("triage::Reviewer<alloc::string::String>"),
            "Reviewer"
        );
        assert_eq!(short_name("quickstart::greeter"), "greeter");
        assert_eq!(short_name("quickstart::main::{{closure}}"), "main");
    }
}
