//! What becomes of the rest when no incarnation will come any more.

use super::{Buried, Gate, Mailbox, Phase};
use crate::agent::Agent;
use crate::dead_letter::Reason;
use crate::message::{Envelope, Payload, Stamp};

/// What was left in a mailbox that was closed.
pub(crate) struct Left<A: Agent> {
    /// For somebody else, in their order. The mailbox has let go of them.
    pub(crate) moved: Vec<Envelope<A>>,
    /// How many have failed.
    pub(crate) failed: usize,
}

impl<A: Agent> Mailbox<A> {
    /// Closes it for good. `may_move` says of a message that has an attempt left whether somebody else can have it; the others
    /// fail.
    pub(crate) fn close(&self, may_move: impl Fn(&Stamp) -> bool) -> Left<A> {
        self.set_gate(Gate::Closed);
        let mut outlet = self.outlet.lock();
        outlet.epoch = outlet.epoch.wrapping_add(1);
        self.enter_phase(&mut outlet, Phase::Down);
        let mut rest = Vec::new();
        let mut failed = Vec::new();
        for mut in_flight in outlet.in_flight.take_all() {
            match in_flight.copy.take() {
                Some(copy) => rest.push(in_flight.into_envelope(Payload::Shared(copy))),
                None => failed.push(in_flight.into_buried(None)),
            }
        }
        rest.extend(outlet.lanes.take_all());
        rest.extend(outlet.delayed.take_all());
        let mut inlet = self.inlet.lock();
        rest.extend(inlet.lanes.take_all());
        self.set_hint(0);
        let mut moved = Vec::new();
        for mut envelope in rest {
            let stamp = &mut envelope.stamp;
            stamp.attempts_max = self.attempts_max(stamp);
            if stamp.attempt < stamp.attempts_max && may_move(stamp) {
                moved.push(envelope);
            } else {
                failed.push(Buried::from(envelope));
            }
        }
        let from_queues = failed.iter().filter(|buried| buried.is_claimed()).count();
        self.arrivals.fail(failed.len() - from_queues);
        self.arrivals.move_on(moved.len() + from_queues);
        drop(inlet);
        drop(outlet);
        let left = Left {
            moved,
            failed: failed.len() - from_queues,
        };
        for envelope in failed {
            self.bury(envelope, Reason::Stopped);
        }
        left
    }
}
