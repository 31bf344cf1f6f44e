//! Where a supervisor hangs in its tree, and who listens to what is below it.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tokio::sync::{broadcast, watch};

use super::{ChildPath, TreeEvent, TreeEvents};
use crate::event::EVENTS_MAX;
use crate::{ChildId, Event, ExitReason};

/// A supervisor's place in its tree. It holds nothing of the user's, so it may be let go of under any lock.
#[derive(Default)]
pub(crate) struct Branch {
    /// What its parent calls it, and the parent's own; set by each start below another supervisor.
    place: Mutex<Option<(ChildId, Arc<Self>)>>,
    /// To those who listen to the tree from here on down. Made when somebody does.
    listeners: OnceLock<broadcast::Sender<TreeEvent>>,
}

impl Branch {
    pub(crate) fn name(&self) -> Option<ChildId> {
        self.place().map(|(name, _)| name)
    }

    pub(crate) fn set_place(&self, name: &ChildId, parent: &Arc<Self>) {
        *self.place.lock() = Some((name.clone(), Arc::clone(parent)));
    }

    pub(crate) fn subscribe(&self, ended: watch::Receiver<Option<ExitReason>>) -> TreeEvents {
        let make = || broadcast::Sender::new(EVENTS_MAX);
        TreeEvents::new(self.listeners.get_or_init(make).subscribe(), ended)
    }

    /// Tells an event of this supervisor to those who listen to a tree that it is in.
    pub(crate) fn tell(&self, event: &Event) {
        self.tell_here(event, 0, self);
        let mut levels = 0;
        let mut above = self.parent();
        while let Some(branch) = above {
            levels += 1;
            branch.tell_here(event, levels, self);
            above = branch.parent();
        }
    }

    /// The event comes from so many levels below.
    fn tell_here(&self, event: &Event, levels: usize, from: &Self) {
        if let Some(listeners) = self.listeners.get()
            && listeners.receiver_count() > 0
        {
            // The last one may have left just now.
            let _ = listeners.send(TreeEvent {
                path: from.path_below(levels),
                event: event.clone(),
            });
        }
    }

    fn parent(&self) -> Option<Arc<Self>> {
        self.place().map(|(_, parent)| parent)
    }

    fn place(&self) -> Option<(ChildId, Arc<Self>)> {
        self.place.lock().clone()
    }

    /// The path here from so many levels above.
    fn path_below(&self, levels: usize) -> ChildPath {
        let mut names: Vec<ChildId> = Vec::with_capacity(levels);
        let mut place = self.place();
        while names.len() < levels
            && let Some((name, parent)) = place
        {
            names.push(name);
            place = parent.place();
        }
        ChildPath::upwards(names)
    }
}
