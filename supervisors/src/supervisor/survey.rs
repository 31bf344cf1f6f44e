//! What a supervisor and those below it look like from outside.

use ractor::ActorStatus;

use super::{Shared, SupervisorRef};
use crate::engine::ChildInfo;
use crate::tree::{Node, Tree};
use crate::{ChildPath, ChildState, Kind};

impl Shared {
    /// Everybody from this supervisor down, each table read under its own lock.
    pub(super) fn tree(&self) -> Tree {
        let mut nodes = Vec::new();
        let state = self.state.lock();
        let restarts = state.life.saturating_sub(1);
        let is_ending = state.engine.is_ending();
        drop(state);
        let (closed, cell) = {
            let inbox = self.inbox.lock();
            (inbox.closed, inbox.cell.clone())
        };
        let state = match cell {
            _ if closed => ChildState::Down,
            None if self.home().is_none() => ChildState::Down,
            None => ChildState::Restarting,
            Some(_) if is_ending => ChildState::Stopping,
            Some(_) => ChildState::Running,
        };
        nodes.push(Node {
            path: ChildPath::top(),
            kind: Kind::Supervisor,
            state,
            restarts,
            abandoned: 0,
            cell,
        });
        self.survey(0, &mut nodes);
        Tree::new(nodes)
    }

    /// Adds those below this supervisor, which is in place `own` of `nodes`.
    fn survey(&self, own: usize, nodes: &mut Vec<Node>) {
        let (children, abandoned) = self.children();
        let Some(node) = nodes.get_mut(own) else {
            return;
        };
        node.abandoned = abandoned;
        let path = node.path.clone();
        nodes.reserve(children.len());
        for (info, nested) in children {
            let place = nodes.len();
            nodes.push(Node {
                path: path.child(&info.id),
                kind: info.kind,
                state: info.state,
                restarts: info.restarts,
                abandoned: 0,
                cell: info.cell,
            });
            if let Some(nested) = nested {
                nested.shared().survey(place, nodes);
            }
        }
    }

    /// The children in start order, and how many former ones survived their kill.
    fn children(&self) -> (Vec<(ChildInfo, Option<SupervisorRef>)>, usize) {
        let state = self.state.lock();
        // One that was killed and is not started again never learns what became of its children.
        let is_over = self.inbox.lock().closed;
        let furnished = |mut info: ChildInfo| {
            let slot = state.slot(info.key);
            let cell = slot.and_then(|slot| slot.cell.clone());
            let nested = slot.and_then(|slot| slot.nested.clone());
            info.cell = cell.filter(|cell| cell.get_status() != ActorStatus::Stopped);
            if is_over && info.state != ChildState::GivenUp {
                info.state = ChildState::Down;
            }
            (info, nested)
        };
        let children = state.engine.which().into_iter().map(furnished).collect();
        (children, state.engine.abandoned())
    }
}
