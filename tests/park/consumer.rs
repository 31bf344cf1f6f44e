//! No wake-up is lost between the consumer that parks and those who wake it.

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use crate::explore;
use crate::protocol::{Mailbox, Mutant, Unparked};

/// Handles messages until the mailbox is drained; returns them.
pub(crate) fn consume(mailbox: &Mailbox) -> Vec<u32> {
    let mut handled = Vec::new();
    loop {
        while let Some(message) = mailbox.next() {
            handled.push(message);
        }
        let unparked = block_on(std::future::poll_fn(|cx| mailbox.park(cx)));
        if unparked == Unparked::Drained {
            return handled;
        }
    }
}

/// Two senders and a consumer; the gate closes behind the second message.
pub(crate) fn two_senders(mutant: Mutant) -> impl Fn() + Send + Sync {
    move || {
        let mailbox = Arc::new(Mailbox::new(1, mutant));
        let senders = [1, 2].map(|message| {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || mailbox.insert_anyway(message))
        });
        let consumer = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || consume(&mailbox))
        };
        for sender in senders {
            sender.join().expect("no panic");
        }
        mailbox.drain();
        let mut handled = consumer.join().expect("no panic");
        handled.sort_unstable();
        assert_eq!(handled, [1, 2]);
    }
}

#[test]
fn every_message_wakes_the_consumer() {
    explore(2, two_senders(Mutant::None));
}

/// A consumer that nobody stops: it must hear of the message by itself.
pub(crate) fn one_sender(mutant: Mutant) -> impl Fn() + Send + Sync {
    move || {
        let mailbox = Arc::new(Mailbox::new(1, mutant));
        let sender = {
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || mailbox.insert_anyway(1))
        };
        loop {
            if mailbox.next().is_some() {
                break;
            }
            block_on(std::future::poll_fn(|cx| mailbox.park(cx)));
        }
        sender.join().expect("no panic");
    }
}

#[test]
fn a_message_that_comes_while_the_consumer_parks_is_not_overlooked() {
    explore(4, one_sender(Mutant::None));
}
