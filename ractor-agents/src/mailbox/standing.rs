//! Whether an agent takes work and is at it, for anybody to read without a lock.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::{Gate, Phase};

/// What an agent is to those who have work to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It takes work and is there for it.
    Ready,
    /// It takes work, and missed too many heartbeats.
    Unresponsive,
    /// It takes work, and will be there for it once it has started.
    Starting,
    /// Its incarnation has ended and the next has not begun.
    Down,
    /// Paused by hand.
    Maintenance,
    /// It finishes what it has and then ends.
    Stopping,
    /// It has ended.
    Offline,
}

/// Copies of phase and gate, each written under the lock of the original, and whether heartbeats are missing: together, since routers read
/// them of many agents.
#[derive(Debug, Default)]
pub(super) struct Standings {
    phase: AtomicU8,
    gate: AtomicU8,
    is_unresponsive: AtomicBool,
}

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const DOWN: u8 = 2;

const OPEN: u8 = 0;
const MAINTENANCE: u8 = 1;
const DRAINING: u8 = 2;
const CLOSED: u8 = 3;

impl Standings {
    pub(super) fn note_phase(&self, phase: Phase) {
        let phase = match phase {
            Phase::New | Phase::Starting(_) => STARTING,
            Phase::Running => RUNNING,
            Phase::Down => DOWN,
        };
        self.phase.store(phase, Ordering::Relaxed);
    }

    pub(super) fn note_gate(&self, gate: Gate) {
        let gate = match gate {
            Gate::Open => OPEN,
            Gate::Maintenance => MAINTENANCE,
            Gate::Draining => DRAINING,
            Gate::Closed => CLOSED,
        };
        self.gate.store(gate, Ordering::Relaxed);
    }

    /// Returns whether it was so before.
    pub(super) fn note_unresponsive(&self, is_unresponsive: bool) -> bool {
        self.is_unresponsive
            .swap(is_unresponsive, Ordering::Relaxed)
    }

    pub(super) fn is_responsive(&self) -> bool {
        !self.is_unresponsive.load(Ordering::Relaxed)
    }

    pub(super) fn get(&self) -> Standing {
        match self.gate.load(Ordering::Relaxed) {
            OPEN => match self.phase.load(Ordering::Relaxed) {
                RUNNING if self.is_responsive() => Standing::Ready,
                RUNNING => Standing::Unresponsive,
                DOWN => Standing::Down,
                _ => Standing::Starting,
            },
            MAINTENANCE => Standing::Maintenance,
            DRAINING => Standing::Stopping,
            _ => Standing::Offline,
        }
    }
}
