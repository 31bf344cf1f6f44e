//! A circuit breaker per agent: who fails again and again is left in peace for a while.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::message::Moment;

/// When an agent is given no more work by routers, and when it is tried again. Chosen by
/// [`Spawn::breaker`](crate::swarm::Spawn::breaker).
///
/// ```text
/// closed ── failures in a row, or too many of the last calls ──▶ open ── a pause ──▶ half-open
///    ▲                                                            ▲                     │
///    └── probes answered ─────────────────────────────────────────┼──── a probe fails ──┘
/// ```
///
/// Counted are the answers to what routers ask. A failure is an ask whose handler failed, panicked, was killed or missed its
/// deadline, one that had no answer within its patience, and an answer that took longer than [`slow_after`](Self::slow_after).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Breaker {
    failures_max: u32,
    share_max: f64,
    pause: Duration,
    pause_max: Duration,
    probes: u32,
    slow_after: Duration,
    is_off: bool,
}

/// Over how many of the last calls the share of failures is taken. Source: resilience4j takes 100; an agent makes fewer calls than a
/// service, and a word of bits is enough for 64.
const WINDOW: u32 = 64;

/// From how many calls on there is a share to speak of. Source: a guess.
const CALLS_MIN: u32 = 16;

impl Breaker {
    /// Opens after so many failures in a row, at least 1. Default: 5. Source: Envoy's outlier detection.
    pub fn failures_max(mut self, failures: u32) -> Self {
        self.failures_max = failures.max(1);
        self
    }

    /// Opens when more than this share of the last 64 calls failed, 0 to 1, from 16 calls on. Default: 0.5. Source: resilience4j.
    pub fn share_max(mut self, share: f64) -> Self {
        self.share_max = share;
        self
    }

    /// How long it stays open the first time; doubled each time a probe fails, up to `most`. Default: 5 s, up to 60 s. Source: a
    /// guess.
    pub fn pause(mut self, pause: Duration, most: Duration) -> Self {
        self.pause = pause;
        self.pause_max = most.max(pause);
        self
    }

    /// How many probes have to be answered, one at a time, before it closes, at least 1. Default: 2.
    pub fn probes(mut self, probes: u32) -> Self {
        self.probes = probes.max(1);
        self
    }

    /// From when on an answer is as bad as none. Default: never.
    pub fn slow_after(mut self, slow: Duration) -> Self {
        self.slow_after = slow;
        self
    }

    pub(super) fn is_slow(&self, took: Duration) -> bool {
        took > self.slow_after
    }

    /// Never opens, not even where the agent does worse than its [peers](super::Outliers).
    pub fn off() -> Self {
        Self {
            is_off: true,
            ..Self::default()
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures_max: 5,
            share_max: 0.5,
            pause: Duration::from_secs(5),
            pause_max: Duration::from_mins(1),
            probes: 2,
            slow_after: Duration::MAX,
            is_off: false,
        }
    }
}

/// What a [`Breaker`] has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// The agent is given work.
    Closed,
    /// It is given none.
    Open,
    /// It is given one message at a time, to see how it is doing.
    HalfOpen,
}

/// Why a circuit is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trip {
    /// The agent failed too often by its [`Breaker`].
    Failures,
    /// It did worse than its peers: see [`Outliers`](super::Outliers).
    Outlier,
}

/// What became of the calls since somebody last asked.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Window {
    pub(super) calls: u32,
    pub(super) failures: u32,
    /// How long the answers took that were no failures, all together.
    pub(super) took: Duration,
}

/// The state of one agent's breaker.
#[derive(Debug, Default)]
pub(super) struct BreakerState {
    /// Whether it is closed, for those who only want to know that.
    is_tripped: AtomicBool,
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Calls {
    /// The last calls, the latest lowest; 1 is a failure.
    window: u64,
    seen: u32,
    in_a_row: u32,
    tripped: Option<Tripped>,
    recent: Window,
    /// How many times in a row it was found to be an outlier.
    ejections: u32,
}

#[derive(Clone, Copy, Debug)]
struct Tripped {
    by: Trip,
    until: Moment,
    pause: Duration,
    /// How many probes were answered.
    answered: u32,
    /// A probe is on its way, and may be taken for lost from then on.
    probing_until: Option<Moment>,
}

/// How long a probe keeps others away at the most: its router may have gone. Source: the default patience of an ask.
const PROBE_MAX: Duration = Duration::from_secs(30);

impl BreakerState {
    /// Why no work may be given, if none may. Takes a lock only where the circuit is not closed.
    pub(super) fn bars(&self, now: impl FnOnce() -> Moment) -> Option<Trip> {
        if !self.is_tripped.load(Ordering::Relaxed) {
            return None;
        }
        let now = now();
        let tripped = self.calls.lock().tripped?;
        let is_probed = tripped.probing_until.is_some_and(|until| until > now);
        (tripped.until > now || is_probed).then_some(tripped.by)
    }

    /// Why it is not closed, if it is not.
    pub(super) fn trip(&self) -> Option<Trip> {
        self.calls.lock().tripped.map(|tripped| tripped.by)
    }

    pub(super) fn circuit(&self, now: Moment) -> Circuit {
        match self.calls.lock().tripped {
            None => Circuit::Closed,
            Some(tripped) if tripped.until <= now => Circuit::HalfOpen,
            Some(_) => Circuit::Open,
        }
    }

    /// A message is on its way to the agent: a probe, where the circuit is half-open.
    pub(super) fn begin(&self, now: impl FnOnce() -> Moment) {
        if !self.is_tripped.load(Ordering::Relaxed) {
            return;
        }
        if let Some(tripped) = &mut self.calls.lock().tripped {
            tripped.probing_until = Some(now().after(PROBE_MAX));
        }
    }

    /// A call has come to its end.
    pub(super) fn note(&self, breaker: &Breaker, took: Duration, is_failure: bool, now: Moment) {
        let mut calls = self.calls.lock();
        calls.recent.count(took, is_failure);
        if let Some(mut tripped) = calls.tripped.take() {
            if is_failure {
                // Calls from before it opened do not make it longer.
                if tripped.until <= now {
                    let pause = tripped.pause.saturating_mul(2).min(breaker.pause_max);
                    tripped = Tripped::after(pause, now, tripped.by);
                }
            } else if tripped.until <= now {
                tripped.answered += 1;
                tripped.probing_until = None;
                if tripped.answered >= breaker.probes {
                    *calls = Calls {
                        recent: calls.recent,
                        ejections: calls.ejections,
                        ..Calls::default()
                    };
                    self.is_tripped.store(false, Ordering::Relaxed);
                    return;
                }
            }
            calls.tripped = Some(tripped);
            return;
        }
        calls.window = calls.window << 1 | u64::from(is_failure);
        calls.seen = (calls.seen + 1).min(WINDOW);
        calls.in_a_row = if is_failure { calls.in_a_row + 1 } else { 0 };
        let share = f64::from(calls.window.count_ones()) / f64::from(calls.seen);
        let is_often = calls.seen >= CALLS_MIN && share > breaker.share_max;
        if !breaker.is_off && (calls.in_a_row >= breaker.failures_max || is_often) {
            calls.tripped = Some(Tripped::after(breaker.pause, now, Trip::Failures));
            self.is_tripped.store(true, Ordering::Relaxed);
        }
    }

    /// What became of the calls since this was last asked.
    pub(super) fn take_recent(&self) -> Window {
        std::mem::take(&mut self.calls.lock().recent)
    }

    /// It does worse than its peers. True if that opened the circuit: for twice as long as the last time, if that was just before.
    pub(super) fn eject(&self, breaker: &Breaker, now: Moment) -> bool {
        let mut calls = self.calls.lock();
        if breaker.is_off || calls.tripped.is_some() {
            return false;
        }
        let pause = breaker.pause.saturating_mul(1 << calls.ejections.min(16));
        calls.ejections += 1;
        calls.tripped = Some(Tripped::after(
            pause.min(breaker.pause_max),
            now,
            Trip::Outlier,
        ));
        self.is_tripped.store(true, Ordering::Relaxed);
        true
    }

    /// It does as well as its peers.
    pub(super) fn acquit(&self) {
        let mut calls = self.calls.lock();
        calls.ejections = calls.ejections.saturating_sub(1);
    }
}

impl Window {
    fn count(&mut self, took: Duration, is_failure: bool) {
        self.calls = self.calls.saturating_add(1);
        if is_failure {
            self.failures = self.failures.saturating_add(1);
        } else {
            self.took = self.took.saturating_add(took);
        }
    }
}

impl Tripped {
    fn after(pause: Duration, now: Moment, by: Trip) -> Self {
        Self {
            by,
            until: now.after(pause),
            pause,
            answered: 0,
            probing_until: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Breaker, BreakerState, Circuit, Trip};
    use crate::message::Moment;

    const SECOND: Duration = Duration::from_secs(1);

    struct Agent {
        breaker: Breaker,
        state: BreakerState,
        now: Moment,
    }

    impl Agent {
        fn new(breaker: Breaker) -> Self {
            Self {
                breaker,
                state: BreakerState::default(),
                now: Moment::now(),
            }
        }

        fn calls(&self, failures: impl IntoIterator<Item = bool>) {
            for is_failure in failures {
                self.state
                    .note(&self.breaker, Duration::ZERO, is_failure, self.now);
            }
        }

        fn circuit(&self) -> Circuit {
            self.state.circuit(self.now)
        }

        fn allows(&self) -> bool {
            self.state.bars(|| self.now).is_none()
        }
    }

    #[test]
    fn failures_in_a_row_open_it() {
        let agent = Agent::new(Breaker::default().failures_max(3));
        agent.calls([true, true, false, true, true]);
        assert_eq!((agent.circuit(), agent.allows()), (Circuit::Closed, true));
        agent.calls([true]);
        assert_eq!((agent.circuit(), agent.allows()), (Circuit::Open, false));
    }

    #[test]
    fn too_large_a_share_opens_it_once_there_are_calls_enough() {
        let agent = Agent::new(Breaker::default());
        agent.calls((0..15).map(|call| call % 3 != 0));
        assert_eq!(agent.circuit(), Circuit::Closed);
        agent.calls([true]);
        assert_eq!(agent.circuit(), Circuit::Open);
    }

    #[test]
    fn probes_close_it_one_at_a_time() {
        let mut agent = Agent::new(Breaker::default().failures_max(1));
        agent.calls([true]);
        agent.now = agent.now.after(5 * SECOND);
        for _ in 0..2 {
            assert_eq!((agent.circuit(), agent.allows()), (Circuit::HalfOpen, true));
            agent.state.begin(|| agent.now);
            assert!(!agent.allows(), "one at a time");
            agent.calls([false]);
        }
        assert_eq!((agent.circuit(), agent.allows()), (Circuit::Closed, true));
    }

    #[test]
    fn a_probe_that_fails_opens_it_for_twice_as_long() {
        let mut agent = Agent::new(Breaker::default().failures_max(1));
        agent.calls([true]);
        for pause in [5, 10, 20, 40, 60, 60] {
            agent.now = agent
                .now
                .after(Duration::from_micros(pause * 1_000_000 - 1));
            assert_eq!(agent.circuit(), Circuit::Open);
            agent.now = agent.now.after(Duration::from_micros(1));
            assert_eq!(agent.circuit(), Circuit::HalfOpen);
            agent.calls([true]);
        }
    }

    #[test]
    fn a_probe_that_was_lost_keeps_others_away_for_its_time_only() {
        let mut agent = Agent::new(Breaker::default().failures_max(1));
        agent.calls([true]);
        agent.now = agent.now.after(5 * SECOND);
        agent.state.begin(|| agent.now);
        agent.now = agent.now.after(29 * SECOND);
        assert!(!agent.allows());
        agent.now = agent.now.after(SECOND);
        assert!(agent.allows());
    }

    #[test]
    fn one_that_is_off_never_opens() {
        let agent = Agent::new(Breaker::off());
        agent.calls([true; 1_000]);
        assert!(!agent.state.eject(&agent.breaker, agent.now));
        assert_eq!(agent.circuit(), Circuit::Closed);
    }

    #[test]
    fn an_outlier_is_let_back_in_by_probes_and_ejected_for_longer_the_next_time() {
        let mut agent = Agent::new(Breaker::default());
        for pause in [5, 10, 20, 40, 60, 60] {
            assert!(agent.state.eject(&agent.breaker, agent.now));
            assert!(!agent.state.eject(&agent.breaker, agent.now), "once");
            let left = Duration::from_micros(pause * 1_000_000 - 1);
            agent.now = agent.now.after(left);
            assert_eq!(agent.state.bars(|| agent.now), Some(Trip::Outlier));
            agent.now = agent.now.after(Duration::from_micros(1));
            agent.calls([false, false]);
            assert_eq!(
                (agent.circuit(), agent.state.trip()),
                (Circuit::Closed, None)
            );
        }
        for _ in 0..6 {
            agent.state.acquit();
        }
        agent.state.eject(&agent.breaker, agent.now);
        agent.now = agent.now.after(5 * SECOND);
        assert_eq!(agent.circuit(), Circuit::HalfOpen);
    }
}
