//! Whether a handler had to wait.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// A future that notes whether it was ever pending.
    pub(super) struct Noting<'a, F> {
        #[pin]
        work: F,
        pended: &'a mut bool,
    }
}

impl<'a, F> Noting<'a, F> {
    pub(super) fn new(work: F, pended: &'a mut bool) -> Self {
        Self { work, pended }
    }
}

impl<F: Future> Future for Noting<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let polled = this.work.poll(cx);
        **this.pended |= polled.is_pending();
        polled
    }
}
