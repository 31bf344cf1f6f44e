//! All actors of a tree, by ractor's own links.

use ractor::ActorCell;
use ractor_agents::agent::{Agent, AgentRef};

/// Everybody in the tree of `agents`, but for the very top. Empty if none of them runs now.
pub(crate) fn of<A: Agent>(agents: &[AgentRef<A>]) -> Vec<ActorCell> {
    let Some(mut top) = agents.iter().find_map(AgentRef::actor) else {
        return Vec::new();
    };
    while let Some(above) = top.try_get_supervisor() {
        top = above;
    }
    let mut all = Vec::new();
    below(&top, &mut all);
    all
}

fn below(actor: &ActorCell, all: &mut Vec<ActorCell>) {
    for child in actor.get_children() {
        below(&child, all);
        all.push(child);
    }
}
