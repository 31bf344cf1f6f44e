//! Among whom a router chooses.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use super::PassedOver;
use crate::agent::{Agent, AgentId};
use crate::registry::{Facet, Index, Requirement};
use crate::routing::Protocol;
use crate::swarm::Member;

/// Among whom a router chooses.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// The types of messages and replies, as those of a [`Protocol`].
    protocol: TypeId,
    pub(super) by: By,
}

#[derive(Clone, Debug)]
pub(super) enum By {
    /// All agents of one type.
    Type(TypeId, &'static str),
    Capability(Requirement),
    Tag(Arc<str>),
    /// Those that were named by hand.
    Members,
}

impl Source {
    pub(super) fn of_type<A: Agent>() -> Self {
        Self {
            protocol: TypeId::of::<Protocol<A::Message, A::Reply>>(),
            by: By::Type(TypeId::of::<A>(), AgentId::new(0, A::kind()).kind()),
        }
    }

    /// Everybody who may be one of them, in the order of their spawns.
    pub(super) fn suspects(&self, index: &Index) -> Vec<Arc<dyn Member>> {
        match &self.by {
            By::Members => Vec::new(),
            _ => index.group(self.facet(), self.name()),
        }
    }

    /// Whether `member` is one of them, and what it costs; otherwise what is wrong with it.
    pub(super) fn admits(&self, member: &dyn Member) -> Result<f64, PassedOver> {
        let traits = member.traits();
        let cost = match &self.by {
            By::Type(agent, _) if member.agent_type() == *agent => 0.0,
            By::Capability(requirement) => {
                let offers = traits.capabilities.iter();
                let able = offers.filter(|offered| requirement.accepts(offered));
                let cheapest = able.map(super::super::registry::Capability::costs);
                cheapest.min_by(f64::total_cmp).ok_or(PassedOver::NotAble)?
            }
            By::Tag(tag) if traits.tags.contains(tag) => 0.0,
            By::Type(..) | By::Tag(_) | By::Members => return Err(PassedOver::NotAble),
        };
        if member.protocol() == self.protocol {
            Ok(cost)
        } else {
            Err(PassedOver::OtherTypes)
        }
    }

    /// What is asked for, by its name alone.
    pub(super) fn name(&self) -> &str {
        match &self.by {
            By::Type(_, kind) => kind,
            By::Capability(requirement) => requirement.name(),
            By::Tag(tag) => tag,
            By::Members => "",
        }
    }

    /// Among which names it would be.
    pub(super) fn facet(&self) -> Facet {
        match &self.by {
            By::Type(..) | By::Members => Facet::Kind,
            By::Capability(_) => Facet::Capability,
            By::Tag(_) => Facet::Tag,
        }
    }

    /// Whether it takes the messages that the router deals in.
    pub(super) fn understands(&self, member: &dyn Member) -> bool {
        member.protocol() == self.protocol
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            By::Type(_, kind) => write!(f, "type {kind}"),
            By::Capability(requirement) => write!(f, "capability {requirement}"),
            By::Tag(tag) => write!(f, "tag {tag}"),
            By::Members => f.write_str("the members of the router"),
        }
    }
}
