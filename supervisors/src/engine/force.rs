//! Children that are late: past a deadline, a limit, a grace.

use super::{Effect, Engine, Event, ExitReason, Instant, Phase, Plan, Run, Timer};
use crate::Kind;
use crate::engine::plan::Then;
use crate::engine::table::{After, Origin};

impl<R> Engine<R> {
    /// The child's work in flight is late: kill it.
    pub(crate) fn overdue(&mut self, run: Run, charged: bool, reason: ExitReason) {
        let Some(child) = self.table.run_mut(run) else {
            return;
        };
        if child.phase != Phase::Running {
            return;
        }
        child.phase = Phase::Stopping;
        child.after = After::Failed { charged };
        child.trouble().reason = Some(reason.clone());
        let id = child.id.clone();
        self.emit(Event::Overdue {
            id,
            reason,
            charged,
        });
        self.kill(run.key);
    }

    pub(crate) fn timer(&mut self, now: Instant, run: Run, timer: Timer) {
        if timer == Timer::Group {
            if run.epoch == self.held && matches!(self.plan, Plan::Open) {
                self.start_held(now);
            }
            return;
        }
        let Some(child) = self.table.run_mut(run) else {
            return;
        };
        match (timer, child.phase) {
            (Timer::Shutdown | Timer::Hurry, Phase::Stopping) if !child.killed => {
                self.kill(run.key);
            }
            (Timer::Grace, Phase::Stopping) if child.killed => self.abandon(now, run.key),
            (Timer::Backoff, Phase::Backoff) => self.start(run.key, Origin::Restart),
            (Timer::Start, Phase::Starting) => {
                child.phase = Phase::Stopping;
                child.after = After::FailedStart;
                let deadline = self.flags.start_deadline;
                child.trouble().reason = Some(ExitReason::StartFailed(format!(
                    "not started within {deadline:?}"
                )));
                self.kill(run.key);
            }
            _ => {}
        }
    }

    /// The shutdown takes too long: everybody is asked to stop now, and [pressed](Self::press).
    pub(crate) fn hurry(&mut self, now: Instant) {
        if !self.is_ending() || std::mem::replace(&mut self.hurry, true) {
            return;
        }
        self.advance_stop(now);
        for key in self
            .table
            .in_order(|child| child.phase == Phase::Stopping && !child.killed)
        {
            self.press(key);
        }
    }

    /// Has a child that is being stopped end soon: a worker is killed, a supervisor hurries. Killing it too would end its workers
    /// unwatched, and nobody would know of those that go on.
    fn press(&mut self, key: u32) {
        let Some(child) = self.table.get(key) else {
            return;
        };
        if child.policy.kind == Kind::Worker {
            return self.kill(key);
        }
        let run = child.run(key);
        self.effects.push_back(Effect::Hurry(run));
    }

    pub(super) fn kill(&mut self, key: u32) {
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        child.killed = true;
        let run = child.run(key);
        self.effects.push_back(Effect::Kill(run));
        self.effects
            .push_back(Effect::Arm(run, Timer::Grace, self.flags.kill_grace));
    }

    /// A killed child is still there: leave it to itself and go on without it.
    fn abandon(&mut self, now: Instant, key: u32) {
        self.abandoned += 1;
        let abandoned = self.abandoned;
        let epoch = self.table.fresh_epoch();
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        let run = child.run(key);
        child.epoch = epoch;
        child.relief = true;
        let id = child.id.clone();
        self.effects.push_back(Effect::Abandon {
            run,
            id: id.clone(),
        });
        self.emit(Event::Abandoned { id, abandoned });
        if abandoned > self.flags.abandoned_max
            && !matches!(
                self.plan,
                Plan::Stop {
                    then: Then::Exit(_),
                    ..
                }
            )
        {
            let reason = ExitReason::Failed(format!("{abandoned} abandoned children still run"));
            // The child itself is out of the way; the rest follows it.
            if let Some(child) = self.table.get_mut(key) {
                child.phase = Phase::Ended;
                child.awaited = false;
            }
            self.effects.push_back(Effect::Clear { key, last: false });
            return self.escalate(now, key, reason);
        }
        self.settle(now, key, false, Some(ExitReason::Killed));
    }

    /// An abandoned child ended at last.
    pub(crate) fn recovered(&mut self) {
        self.abandoned = self.abandoned.saturating_sub(1);
        let abandoned = self.abandoned;
        self.emit(Event::Recovered { abandoned });
    }
}
