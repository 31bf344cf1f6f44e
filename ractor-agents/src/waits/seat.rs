//! Where the edge of an agent is found.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::{Edge, Sighting};

/// Where the edge of an agent is found, whichever incarnation of it lives. Small: most agents wait for nobody ever.
#[derive(Default)]
pub(crate) struct Seat {
    seated: Mutex<Seated>,
    /// Whether there ever was an edge, so that nobody has to lock where there was none.
    is_used: AtomicBool,
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

    /// The edge of an incarnation, unless another has taken over.
    pub(crate) fn sit(&self, epoch: u32, edge: &Arc<Edge>) {
        let mut seated = self.seated.lock();
        if epoch == seated.epoch {
            seated.edge = Some(Arc::clone(edge));
            self.is_used.store(true, Ordering::SeqCst);
        }
    }

    pub(crate) fn look(&self) -> Option<Sighting> {
        if !self.is_used.load(Ordering::SeqCst) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Edge, Seat};
    use crate::waits::graph::set_for_tests;

    #[test]
    fn the_edge_of_an_earlier_incarnation_is_not_found() {
        let seat = Seat::default();
        let [early, late] = [1, 2].map(set_for_tests);
        seat.take_over(1);
        seat.sit(1, &early);
        assert_eq!(seat.look().map(|seen| seen.to), Some(1));
        seat.take_over(2);
        assert_eq!(seat.look(), None);
        seat.sit(2, &late);
        seat.sit(1, &Arc::new(Edge::default()));
        seat.take_over(1);
        assert_eq!(seat.look().map(|seen| seen.to), Some(2));
    }
}
