//! No sender that waits for room is forgotten, and no lane is overfull.

use std::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use crate::consumer::consume;
use crate::explore;
use crate::protocol::{Mailbox, Mutant, Room};

/// Sends as `Delivery::poll` does: offers, waits in line while there is no room, and offers again.
fn send(mailbox: &Mailbox, message: u32) {
    let mut ticket = None;
    block_on(std::future::poll_fn(|cx| {
        let mut is_granted = false;
        loop {
            if ticket.is_none() && mailbox.push(message, is_granted) {
                return Poll::Ready(());
            }
            match mailbox.poll_room(ticket, cx) {
                Room::Waiting(place) => {
                    ticket = Some(place);
                    return Poll::Pending;
                }
                Room::Granted => {
                    ticket = None;
                    is_granted = true;
                }
                Room::Retry => ticket = None,
            }
        }
    }));
}

/// Tries once, stands in line if it has to, and goes away. True if it was sent.
fn try_and_leave(mailbox: &Mailbox, message: u32) -> bool {
    block_on(std::future::poll_fn(|cx| {
        if mailbox.push(message, false) {
            return Poll::Ready(true);
        }
        Poll::Ready(match mailbox.poll_room(None, cx) {
            Room::Waiting(ticket) => {
                thread::yield_now();
                mailbox.leave_line(ticket);
                false
            }
            Room::Retry | Room::Granted => false,
        })
    }))
}

/// A mailbox whose lane is full, of the messages from 1 on.
fn full(depth_max: u32, mutant: Mutant) -> Arc<Mailbox> {
    let mailbox = Mailbox::new(depth_max as usize, mutant);
    assert!((1..=depth_max).all(|message| mailbox.push(message, false)));
    Arc::new(mailbox)
}

/// The lane is full, and a sender waits beside a consumer.
pub(crate) fn one_waits(depth_max: u32, mutant: Mutant) -> impl Fn() + Send + Sync {
    move || {
        let mailbox = full(depth_max, mutant);
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || send(&mailbox, depth_max + 1))
        };
        let consumer = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || consume(&mailbox))
        };
        sender.join().expect("no panic");
        mailbox.drain();
        let handled = consumer.join().expect("no panic");
        assert_eq!(handled, (1..=depth_max + 1).collect::<Vec<_>>());
    }
}

/// The lane is full; one sender gives up, whenever that is, and another waits behind or before it.
pub(crate) fn one_gives_up(mutant: Mutant) -> impl Fn() + Send + Sync {
    move || {
        let mailbox = full(1, mutant);
        let fickle = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || try_and_leave(&mailbox, 2))
        };
        let consumer = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || consume(&mailbox))
        };
        send(&mailbox, 3);
        let is_sent = fickle.join().expect("no panic");
        mailbox.drain();
        let handled = consumer.join().expect("no panic");
        assert_eq!(handled.contains(&2), is_sent);
        assert!(handled.contains(&1) && handled.contains(&3));
    }
}

#[test]
fn a_sender_that_waits_is_called() {
    explore(3, one_waits(2, Mutant::None));
    explore(3, one_waits(3, Mutant::None));
}

#[test]
fn a_sender_that_gives_up_passes_its_room_on() {
    explore(2, one_gives_up(Mutant::None));
}
