//! Who of several agents gets a text.

use ractor_agents::agent::{Agent, AgentRef};
use ractor_agents::swarm::Swarm;

use super::{Family, Text};
use crate::fold::Subject;

/// Agents of one kind, by capability. A content always goes to the same one, whose dedup layer then knows it.
#[derive(Clone, Debug)]
pub struct Pool<A: Agent> {
    by_family: Vec<(Family, Vec<AgentRef<A>>)>,
}

impl<A: Agent<Message = Text>> Pool<A> {
    /// Sorts `agents` by the capabilities that they have in the swarm.
    pub fn new(swarm: &Swarm, agents: &[AgentRef<A>]) -> Self {
        let is_capable = |agent: &&AgentRef<A>, family: Family| {
            swarm.agent_status(agent.id()).is_some_and(|status| {
                let mut capabilities = status.capabilities.iter();
                capabilities.any(|capability| **capability.name() == *family.as_str())
            })
        };
        let capable = |family| {
            let agents = agents.iter().filter(|agent| is_capable(agent, family));
            (family, agents.cloned().collect())
        };
        Self {
            by_family: Family::ALL.map(capable).to_vec(),
        }
    }

    /// Who looks at `subject`, if anyone is capable of it.
    pub fn member(&self, subject: &Subject) -> Option<&AgentRef<A>> {
        let family = Family::of(subject.language);
        let (_, members) = self.by_family.iter().find(|(known, _)| *known == family)?;
        let number = subject.blake3.as_bytes().first_chunk::<8>();
        let number = u64::from_le_bytes(*number?);
        let at = number.checked_rem(members.len() as u64)?;
        members.get(usize::try_from(at).ok()?)
    }
}
