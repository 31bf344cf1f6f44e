//! What is noted while an agent's work is polled: whether it had to wait, and for whom.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::context::Context as AgentContext;
use super::desk::Desk;
use super::lookout::Lookout;
use super::{Agent, Current};

/// What one incarnation notes of its work.
#[derive(Default)]
pub(super) struct Notes {
    epoch: u32,
    /// Whether the work was ever pending.
    pub(super) pended: bool,
    /// Made when the work first waits for another agent.
    lookout: Option<Box<Lookout>>,
}

impl Notes {
    pub(super) fn new(epoch: u32) -> Self {
        Self {
            epoch,
            pended: false,
            lookout: None,
        }
    }
}

pin_project! {
    /// Work of an agent whose waits are noted.
    pub(super) struct Noting<'a, A: Agent, F> {
        #[pin]
        work: F,
        notes: &'a mut Notes,
        ctx: &'a AgentContext<A>,
    }
}

impl<'a, A: Agent, F> Noting<'a, A, F> {
    pub(super) fn new(work: F, notes: &'a mut Notes, ctx: &'a AgentContext<A>) -> Self {
        notes.pended = false;
        Self { work, notes, ctx }
    }
}

impl<A: Agent, F: Future> Future for Noting<'_, A, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let notes = &mut **this.notes;
        if let Some(lookout) = &mut notes.lookout {
            let polled = poll_watched(this.work, lookout, this.ctx, cx);
            notes.pended |= polled.is_pending();
            return polled;
        }
        let polled = this.work.as_mut().poll(cx);
        if polled.is_ready() {
            return polled;
        }
        notes.pended = true;
        if !Current::has_desk() {
            return polled;
        }
        // It waits for another agent, for the first time: once more, with a waker that counts.
        let lookout = Box::new(Lookout::new(cx.waker()));
        let waits = &this.ctx.swarm.waits;
        waits.sit(&this.ctx.record.seat, notes.epoch, lookout.edge());
        Current::at_desk(|desk| desk.set_wakers(lookout.wakers()));
        let lookout = notes.lookout.insert(lookout);
        poll_watched(this.work, lookout, this.ctx, cx)
    }
}

/// Polls `work`, and says so if it then waits for one other agent and nothing else.
fn poll_watched<A: Agent, F: Future>(
    mut work: Pin<&mut F>,
    lookout: &mut Lookout,
    ctx: &AgentContext<A>,
    cx: &Context<'_>,
) -> Poll<F::Output> {
    if !lookout.is_for(cx.waker()) {
        renew(lookout, cx);
    }
    let mut is_renewed = false;
    loop {
        let had = lookout.clones();
        let before = ctx.swarm.waits.begin(lookout.edge());
        let watched = &mut Context::from_waker(lookout.waker());
        if let Poll::Ready(output) = work.as_mut().poll(watched) {
            return Poll::Ready(output);
        }
        let Some(note) = Current::at_desk(Desk::settle).flatten() else {
            return Poll::Pending;
        };
        match lookout.clones() {
            (0, 1) => {
                let edge = (&**lookout.edge(), before);
                if let Some(circle) = ctx.swarm.wait(ctx.id(), edge, note.whom) {
                    Current::at_desk(|desk| desk.condemn(note.wait, circle));
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
            _ if had == (0, 0) || is_renewed => return Poll::Pending,
            // Perhaps some are left from before.
            _ => renew(lookout, cx),
        }
        is_renewed = true;
    }
}

fn renew(lookout: &mut Lookout, cx: &Context<'_>) {
    lookout.renew(cx.waker());
    Current::at_desk(|desk| desk.set_wakers(lookout.wakers()));
}
