//! Where the edge of an agent is found.

use std::fmt;
use std::sync::Arc;

use super::base::{AtomicBool, Mutex, Ordering};
use super::{Edge, Sighting};

/// Where the edge of an agent is found, whichever incarnation of it lives. Small: most agents wait for nobody ever.
#[derive(Default)]
pub(crate) struct Seat {
    seated: Mutex<Seated>,
    /// Whether there ever was an edge, so that nobody has to lock where there was none.
    has_waited: AtomicBool,
}

#[derive(Default)]
struct Seated {
    /// Of the incarnation that the edge belongs to.
    epoch: u32,
    edge: Option<Arc<Edge>>,
}

impl Seat {
    /// An incarnation begins. The edge of an earlier one, which may still run, is found no more.
    pub(crate) fn take_over(&self, epoch: u32) {
        let mut seated = self.seated.lock();
        if epoch > seated.epoch {
            *seated = Seated { epoch, edge: None };
        }
    }

    /// The edge of an incarnation, unless another has taken over. [`Graph::sit`](super::Graph::sit) has to know.
    pub(super) fn sit(&self, epoch: u32, edge: &Arc<Edge>) {
        let mut seated = self.seated.lock();
        if epoch == seated.epoch {
            seated.edge = Some(Arc::clone(edge));
            self.has_waited.store(true, Ordering::Release);
        }
    }

    /// Whether the agent has ever waited for another.
    pub(super) fn has_waited(&self) -> bool {
        self.has_waited.load(Ordering::Acquire)
    }

    pub(crate) fn look(&self) -> Option<Sighting> {
        if !self.has_waited() {
            return None;
        }
        self.seated.lock().edge.as_ref()?.look()
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seat").field(&self.look()).finish()
    }
}
