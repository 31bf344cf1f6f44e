//! Which incarnation may take envelopes and end them.
//!
//! ```text
//! supervisor:   hand_over ──▶ epoch            fence, if it was killed and is still there
//! incarnation:              begin ─▶ set_phase(Running) ─▶ … ─▶ set_phase(Down)
//! ```
//!
//! Epochs are given by whoever starts incarnations, in the order of the starts. The incarnations may begin in any order: one
//! that was killed, held up by its thread and given up by the supervisor must not get in the way of its successor.

use super::outlet::Outlet;
use super::{Buried, Mailbox, Phase};
use crate::agent::Agent;
use crate::dead_letter::Reason;
use crate::message::{Moment, Payload};

impl<A: Agent> Mailbox<A> {
    /// Cuts off the incarnation there was; returns the epoch of the one that is being started.
    pub(crate) fn hand_over(&self) -> u32 {
        let mut outlet = self.outlet.lock();
        let ended = self.cut_off(&mut outlet);
        outlet.is_leaving = false;
        let epoch = outlet.epoch;
        let parked = self.inlet.lock().parked.take();
        drop(outlet);
        // Should the former one still be there, it sees that it is cut off.
        if let Some(waker) = parked {
            waker.wake();
        }
        self.bury_all(ended);
        epoch
    }

    /// Begins an incarnation. False if it is not the current one any more.
    pub(crate) fn begin(&self, epoch: u32, start_by: Moment) -> bool {
        let mut outlet = self.outlet.lock();
        if outlet.epoch != epoch {
            return false;
        }
        self.enter_phase(&mut outlet, Phase::Starting(start_by));
        let watch = outlet.watch(start_by);
        drop(outlet);
        self.arm(watch);
        true
    }

    /// Moves the incarnation on. False if it is not the current one any more.
    pub(crate) fn set_phase(&self, epoch: u32, phase: Phase) -> bool {
        let mut outlet = self.outlet.lock();
        if outlet.epoch != epoch {
            return false;
        }
        self.enter_phase(&mut outlet, phase);
        // What is left of the waker would keep a dead task's memory.
        let parked = self.inlet.lock().parked.take();
        drop(outlet);
        drop(parked);
        true
    }

    /// Asks the current incarnation to end after what it has in hand, with the rest in line for the next one.
    pub(crate) fn leave(&self) {
        let mut outlet = self.outlet.lock();
        outlet.is_leaving = true;
        let parked = self.inlet.lock().parked.take();
        drop(outlet);
        if let Some(waker) = parked {
            waker.wake();
        }
    }

    /// Cuts off a handler that did not die: its envelopes are ended or put back in its stead.
    pub(crate) fn fence(&self) {
        let mut outlet = self.outlet.lock();
        let ended = self.cut_off(&mut outlet);
        drop(outlet);
        self.bury_all(ended);
    }

    /// Takes everything from the current incarnation, whatever it does from now on. Returns what comes to its end by that.
    fn cut_off(&self, outlet: &mut Outlet<A>) -> Vec<(Buried<A>, Reason)> {
        outlet.epoch = outlet.epoch.wrapping_add(1);
        outlet.is_condemned = false;
        if outlet.phase != Phase::New {
            self.enter_phase(outlet, Phase::Down);
        }
        let mut ended = Vec::new();
        // Last first, so that those which go back are in line in their order.
        for mut in_flight in outlet.in_flight.take_all().into_iter().rev() {
            let reason = in_flight.reason(self.id).unwrap_or(Reason::Killed);
            let copy = in_flight.copy.take().map(Payload::Shared);
            if let Some(buried) = self.requeue(outlet, in_flight, copy, true, &reason) {
                ended.push((buried, reason));
            }
        }
        ended
    }

    fn bury_all(&self, ended: Vec<(Buried<A>, Reason)>) {
        for (buried, reason) in ended {
            self.bury(buried, reason);
        }
    }

    pub(super) fn enter_phase(&self, outlet: &mut Outlet<A>, phase: Phase) {
        outlet.phase = phase;
        self.standings.note_phase(phase);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use super::{Mailbox, Moment, Phase};
    use crate::agent::{Agent, AgentId, Context as AgentContext, Failure};
    use crate::dead_letter::DeadLetters;
    use crate::mailbox::{Next, Offer, Settings, Unparked};
    use crate::message::{Envelope, Priority};

    struct Nothing;

    impl Agent for Nothing {
        type Message = u32;
        type Reply = ();

        async fn handle(&mut self, _: &u32, _: &AgentContext<Self>) -> Result<(), Failure> {
            Ok(())
        }
    }

    #[derive(Default)]
    struct Calls(AtomicUsize);

    impl Wake for Calls {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Calls {
        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn mailbox(attempts: u16) -> Mailbox<Nothing> {
        let settings = Settings {
            attempts,
            ..Settings::default()
        };
        Mailbox::new(
            AgentId::new(1, "Nothing"),
            Arc::new(settings),
            DeadLetters::new(8),
        )
    }

    fn tell(mailbox: &Mailbox<Nothing>, message: u32) {
        let (mut slot, mut ended) = (Some(Envelope::new(message, Priority::Normal)), None);
        let offer = Offer::new(&mut slot, &mut ended, mailbox.settings.clock);
        mailbox.push(offer.expect("an envelope")).expect("room");
    }

    fn run(mailbox: &Mailbox<Nothing>, epoch: u32) {
        assert!(mailbox.begin(epoch, Moment::NEVER));
        assert!(mailbox.set_phase(epoch, Phase::Running));
    }

    fn park(mailbox: &Mailbox<Nothing>, epoch: u32) -> (Poll<Unparked>, Arc<Calls>) {
        let calls = Arc::new(Calls::default());
        let waker = Waker::from(Arc::clone(&calls));
        let parked = mailbox.poll_unparked(epoch, &Context::from_waker(&waker));
        (parked, calls)
    }

    #[test]
    fn one_that_begins_late_does_not_get_in_the_way_of_its_successor() {
        let mailbox = mailbox(1);
        let late = mailbox.hand_over();
        mailbox.fence();
        let current = mailbox.hand_over();
        run(&mailbox, current);
        let (parked, calls) = park(&mailbox, current);
        assert_eq!(parked, Poll::Pending);

        assert!(!mailbox.begin(late, Moment::NEVER));
        assert!(!mailbox.set_phase(late, Phase::Down));
        tell(&mailbox, 7);
        assert_eq!(calls.count(), 1);
        let now = Moment::now();
        assert_eq!(mailbox.hand(late).try_next(now), Next::Fenced);
        let mut hand = mailbox.hand(current);
        assert_eq!(hand.try_next(now), Next::Deliver);
        assert_eq!(hand.message(), Some(&7));
    }

    #[test]
    fn one_that_still_waits_is_told_that_it_is_cut_off() {
        let mailbox = mailbox(1);
        let former = mailbox.hand_over();
        run(&mailbox, former);
        let (parked, calls) = park(&mailbox, former);
        assert_eq!(parked, Poll::Pending);

        mailbox.hand_over();
        assert_eq!(calls.count(), 1);
        assert_eq!(park(&mailbox, former).0, Poll::Ready(Unparked::Ready));
        let next = mailbox.hand(former).try_next(Moment::now());
        assert_eq!(next, Next::Fenced);
    }

    #[test]
    fn what_the_former_one_still_has_in_hand_is_for_the_successor() {
        let mailbox = mailbox(2);
        let former = mailbox.hand_over();
        run(&mailbox, former);
        tell(&mailbox, 7);
        let mut stale = mailbox.hand(former);
        assert_eq!(stale.try_next(Moment::now()), Next::Deliver);

        let current = mailbox.hand_over();
        run(&mailbox, current);
        let mut hand = mailbox.hand(current);
        assert_eq!(hand.try_next(Moment::now()), Next::Deliver);
        assert_eq!((hand.message(), hand.stamp.attempt), (Some(&7), 1));
        stale.complete(());
        hand.complete(());
        let accounting = mailbox.accounting();
        assert_eq!((accounting.handled, accounting.queued), (1, 0));
        assert!(accounting.balances());
    }

    #[test]
    fn what_has_no_attempt_left_ends_with_the_former_one() {
        let mailbox = mailbox(1);
        let former = mailbox.hand_over();
        run(&mailbox, former);
        tell(&mailbox, 7);
        let mut stale = mailbox.hand(former);
        assert_eq!(stale.try_next(Moment::now()), Next::Deliver);

        mailbox.hand_over();
        let accounting = mailbox.accounting();
        assert_eq!((accounting.failed, accounting.in_flight), (1, 0));
        assert!(accounting.balances());
    }

    #[test]
    fn a_request_to_leave_holds_for_one_that_has_not_begun() {
        let mailbox = mailbox(1);
        let epoch = mailbox.hand_over();
        mailbox.leave();
        run(&mailbox, epoch);
        tell(&mailbox, 7);
        assert_eq!(mailbox.hand(epoch).try_next(Moment::now()), Next::Leave);
    }
}
