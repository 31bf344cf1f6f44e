//! How long a run loop may go on before it lets others run.

use std::time::Duration;

use crate::message::Moment;

/// How many envelopes are handled at most before the loop yields. A yield wakes a sleeping worker, which costs more than
/// a hundred quick envelopes, so it is the time that normally ends a slice.
const SLICE: u32 = 1024;
/// How long it may go on at most, as far as handlers let it: a kill is seen at a yield. Source: as above.
const SLICE_TIME: Duration = Duration::from_micros(200);
/// How many envelopes pass between two looks at the clock while they are quick.
const STRIDE_MAX: u32 = 16;
/// Envelopes are quick if a stride of them takes less than this.
const QUICK: Duration = Duration::from_micros(50);

/// Counts envelopes and looks at the clock now and then: a look costs 25 ns, a quick envelope about 100.
#[derive(Debug)]
pub(crate) struct Pace {
    now: Moment,
    slice_began: Moment,
    /// How many envelopes of this slice were taken in hand.
    served: u32,
    /// The coarse clock at the last look at the fine one.
    tick: u64,
    stride: u32,
    until_look: u32,
    /// The last handler had to wait.
    pended: bool,
}

impl Pace {
    pub(crate) fn new() -> Self {
        let now = Moment::now();
        Self {
            now,
            slice_began: now,
            served: 0,
            tick: 0,
            stride: 1,
            until_look: 0,
            pended: false,
        }
    }

    /// A handler is done; `pended` if it had to wait for something.
    pub(crate) fn handled(&mut self, pended: bool) {
        self.pended |= pended;
    }

    /// An envelope waits: the time, at most a tick of the system's coarse clock (4 ms) old, and less where handlers are
    /// quick. `None` if the envelope has to wait until others have run.
    pub(crate) fn tick(&mut self) -> Option<Moment> {
        if self.served == 0 {
            self.begin();
            return Some(self.now);
        }
        self.until_look = self.until_look.saturating_sub(1);
        let tick = coarse_tick();
        if self.until_look > 0 && !self.pended && tick == self.tick {
            self.served += 1;
            return Some(self.now);
        }
        self.look(tick);
        self.served += 1;
        let is_over = self.served > SLICE || self.now.since(self.slice_began) >= SLICE_TIME;
        (!is_over).then_some(self.now)
    }

    /// The loop yields or is parked: what comes next begins a new slice.
    pub(crate) fn rest(&mut self) {
        self.served = 0;
    }

    /// Most slices are of one envelope: the coarse clock is read when a second comes.
    fn begin(&mut self) {
        self.now = Moment::now();
        self.slice_began = self.now;
        self.served = 1;
        self.until_look = 1;
        self.pended = false;
    }

    fn look(&mut self, tick: u64) {
        self.tick = tick;
        self.pended = false;
        let now = Moment::now();
        let is_quick = now.since(self.now) < QUICK;
        self.stride = if is_quick {
            (self.stride * 2).min(STRIDE_MAX)
        } else {
            1
        };
        self.until_look = self.stride;
        self.now = now;
    }
}

/// A clock that moves every few milliseconds and costs a fifth of the fine one: it tells that a handler was slow although
/// it never awaited.
#[cfg(target_os = "linux")]
fn coarse_tick() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    // Only ever compared for equality.
    now.tv_sec
        .cast_unsigned()
        .wrapping_mul(1_000_000_000)
        .wrapping_add(now.tv_nsec.cast_unsigned())
}

#[cfg(not(target_os = "linux"))]
fn coarse_tick() -> u64 {
    Moment::now().micros() / 1000
}
