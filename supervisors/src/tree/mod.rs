//! A whole tree at once, for operators: what it looks like, and what happens in it.
//!
//! ```text
//! SupervisorRef::tree ────────▶ Tree        every actor below, as the supervisors' tables have it now
//! SupervisorRef::tree_events ─▶ TreeEvents  what happens from now on, with the path of the supervisor it happens to
//! ```
//!
//! Neither asks a supervisor's actor: both work while supervisors are being killed and restarted. An event is passed up the tree only
//! as far as somebody listens; where nobody does it costs a look at each level (three in a swarm of agents).

mod branch;
mod events;
mod path;

use std::fmt;

pub(crate) use branch::Branch;
pub use events::{TreeEvent, TreeEvents};
pub use path::ChildPath;
use ractor::{ActorCell, ActorStatus};

use crate::{ChildState, Kind};

/// A supervision tree at one time: its top, then everybody below, each supervisor followed by its children in start order.
///
/// Made by [`SupervisorRef::tree`](crate::SupervisorRef::tree). Its `Display` is a line for each actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    nodes: Vec<Node>,
}

/// One actor of a [`Tree`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// Where it is, seen from the top of the tree.
    pub path: ChildPath,
    /// Worker or supervisor.
    pub kind: Kind,
    /// What it is doing.
    pub state: ChildState,
    /// How many times it has been started again.
    pub restarts: u64,
    /// How many former children of this supervisor survived their kill and still run; 0 for a worker.
    pub abandoned: usize,
    /// Its actor, if there is one now.
    pub cell: Option<ActorCell>,
}

impl Tree {
    pub(crate) fn new(nodes: Vec<Node>) -> Self {
        Self { nodes }
    }

    /// All actors, the top first.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The supervisors among them, the top first.
    pub fn supervisors(&self) -> impl Iterator<Item = &Node> {
        let is_supervisor = |node: &&Node| node.kind == Kind::Supervisor;
        self.nodes.iter().filter(is_supervisor)
    }

    /// The actor at `path`, written as in the `Display` of a [`ChildPath`]: `"/"` or `"agents/7"`.
    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.path.to_string() == path)
    }
}

impl Node {
    /// Kills the actor as a crash would; its supervisor restarts it by its rules. With a supervisor die its children, and they come
    /// back with it. False if there is no actor, or it has ended.
    ///
    /// It hits the actor there was when the tree was looked at, not a successor.
    pub fn kill(&self) -> bool {
        let Some(cell) = &self.cell else {
            return false;
        };
        let is_there = cell.get_status() != ActorStatus::Stopped;
        cell.kill();
        is_there
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<String> = self
            .nodes
            .iter()
            .map(|node| node.path.to_string())
            .collect();
        let width = paths.iter().map(String::len).max().unwrap_or_default();
        for (node, path) in self.nodes.iter().zip(paths) {
            let (kind, state) = (kind(node.kind), state(node.state));
            let restarts = node.restarts;
            write!(
                f,
                "{path:width$}  {kind:10}  {state:10}  {restarts} restarts"
            )?;
            if node.abandoned > 0 {
                write!(f, ", {} abandoned", node.abandoned)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Worker => "worker",
        Kind::Supervisor => "supervisor",
    }
}

fn state(state: ChildState) -> &'static str {
    match state {
        ChildState::Starting => "starting",
        ChildState::Running => "running",
        ChildState::Restarting => "restarting",
        ChildState::Stopping => "stopping",
        ChildState::Down => "down",
        ChildState::GivenUp => "given up",
    }
}
