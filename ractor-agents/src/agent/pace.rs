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
    served: u32,
    /// The coarse clock at the last look at the fine one.
    tick: u64,
    stride: u32,
    until_look: u32,
}

impl Pace {
    pub(crate) fn new() -> Self {
        let now = Moment::now();
        Self {
            now,
            slice_began: now,
            served: 0,
            tick: coarse_tick(),
            stride: 1,
            until_look: 1,
        }
    }

    /// The time, at most a tick of the system's coarse clock (4 ms) old, and less where handlers are quick.
    pub(crate) fn now(&self) -> Moment {
        self.now
    }

    /// One more was handled; `pended` if it had to wait for something. True if it is time to yield.
    pub(crate) fn served(&mut self, pended: bool) -> bool {
        self.served += 1;
        self.until_look -= 1;
        let tick = coarse_tick();
        if self.until_look > 0 && !pended && tick == self.tick {
            return false;
        }
        self.tick = tick;
        let now = Moment::now();
        let is_quick = now.since(self.now) < QUICK;
        self.stride = if is_quick {
            (self.stride * 2).min(STRIDE_MAX)
        } else {
            1
        };
        self.until_look = self.stride;
        self.now = now;
        self.served >= SLICE || now.since(self.slice_began) >= SLICE_TIME
    }

    /// The loop has yielded or was parked: a new slice begins.
    pub(crate) fn resume(&mut self) {
        self.now = Moment::now();
        self.tick = coarse_tick();
        self.slice_began = self.now;
        self.served = 0;
        self.until_look = self.stride;
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
