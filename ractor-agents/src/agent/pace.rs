//! How long a run loop may go on before it lets others run.

use std::time::Duration;

use crate::message::{Clock, Moment};

/// How many envelopes are handled at most before the loop yields. A yield wakes a sleeping worker, which costs more than
/// a hundred quick envelopes, so it is the time that normally ends a slice.
const SLICE: u32 = 1024;
/// How long it may go on at most, as far as handlers let it: a kill is seen at a yield. Source: as above.
const SLICE_TIME: Duration = Duration::from_micros(200);
/// How many envelopes pass between two looks at the clock while they are quick.
const STRIDE_MAX: u32 = 16;
/// Envelopes are quick if a stride of them takes less than this.
const QUICK: Duration = Duration::from_micros(50);

/// Counts envelopes and looks at the exact clock now and then: that costs 25 ns, a quick envelope about 100.
#[derive(Debug)]
pub(crate) struct Pace {
    clock: Clock,
    now: Moment,
    /// How many envelopes of this slice were taken in hand.
    served: u32,
    /// By the exact clock.
    slice_began: Moment,
    looked: Moment,
    stride: u32,
    until_look: u32,
    /// The last handler had to wait.
    pended: bool,
}

impl Pace {
    pub(crate) fn new(clock: Clock) -> Self {
        let now = clock.now();
        Self {
            clock,
            now,
            served: 0,
            slice_began: now,
            looked: now,
            stride: 1,
            until_look: 1,
            pended: false,
        }
    }

    /// A handler is done; `pended` if it had to wait for something.
    pub(crate) fn handled(&mut self, pended: bool) {
        self.pended |= pended;
    }

    /// An envelope waits: the time by the agent's clock, or `None` if it has to wait until others have run.
    pub(crate) fn tick(&mut self) -> Option<Moment> {
        let before = std::mem::replace(&mut self.now, self.clock.now());
        self.served += 1;
        if self.served == 1 {
            // Most slices are of one envelope: the exact clock is looked at when a second comes.
            self.until_look = 1;
            self.pended = false;
            return Some(self.now);
        }
        self.until_look = self.until_look.saturating_sub(1);
        // A tick of the coarse clock tells that a handler was slow although it never waited.
        if self.until_look > 0 && !self.pended && self.now == before {
            return Some(self.now);
        }
        self.look();
        let is_over = self.served > SLICE || self.looked.since(self.slice_began) >= SLICE_TIME;
        (!is_over).then_some(self.now)
    }

    /// The loop yields or is parked: what comes next begins a new slice.
    pub(crate) fn rest(&mut self) {
        self.served = 0;
    }

    fn look(&mut self) {
        let now = Moment::now();
        if self.served == 2 {
            self.slice_began = now;
        }
        let is_quick = now.since(self.looked) < QUICK;
        self.stride = if is_quick {
            (self.stride * 2).min(STRIDE_MAX)
        } else {
            1
        };
        self.until_look = self.stride;
        self.looked = now;
        self.pended = false;
    }
}
