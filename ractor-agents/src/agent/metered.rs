//! How long an agent's work is polled, and that it is.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Agent, Record};
use crate::message::Clock;

pin_project! {
    /// The work of one incarnation, whose polls are its heartbeats and what it uses.
    pub(super) struct Metered<'a, A: Agent, F> {
        #[pin]
        work: F,
        record: &'a Record<A>,
        epoch: u32,
        clock: Clock,
        is_known: bool,
    }

    impl<'a, A: Agent, F> PinnedDrop for Metered<'a, A, F> {
        fn drop(this: Pin<&mut Self>) {
            this.record.mailbox.pulse().release(this.epoch);
        }
    }
}

impl<'a, A: Agent, F> Metered<'a, A, F> {
    /// `work` does not unwind.
    pub(super) fn new(record: &'a Record<A>, epoch: u32, work: F) -> Self {
        let clock = record.mailbox.settings().clock;
        Self {
            work,
            record,
            epoch,
            clock,
            is_known: false,
        }
    }
}

impl<A: Agent, F: Future> Future for Metered<'_, A, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let pulse = this.record.mailbox.pulse();
        if !*this.is_known || pulse.is_asked() {
            if !*this.is_known {
                *this.is_known = true;
                // That was the one before.
                pulse.rouse();
            }
            if this.record.mailbox.beat(*this.epoch, cx.waker()) {
                this.record.note_standing();
            }
        }
        if !pulse.rouse() {
            pulse.begin(|| this.clock.now());
        }
        let polled = this.work.poll(cx);
        pulse.end(this.clock.now());
        polled
    }
}
