//! A supervisor's start: the first one, and those after it was ended.

use std::collections::HashSet;

use super::{Effect, Engine, Event, ExitReason, Instant, Past, Phase, Plan, Timer};
use crate::Restart;
use crate::engine::plan::Then;
use crate::engine::table::{After, Origin};

impl<R> Engine<R> {
    /// The supervisor's actor runs. `alive` says whether an actor of its previous life is still there.
    ///
    /// After an orderly end the supervisor starts as OTP's does: all its own children, and those of the added ones that ran. After a
    /// kill it resumes: what ran, or was about to, comes back; what had been terminated stays down.
    pub(crate) fn begin(&mut self, now: Instant, alive: impl Fn(u32) -> bool) {
        self.life += 1;
        let life = self.life;
        if life > 1 {
            self.emit(Event::Resumed { life });
        }
        self.hurry = false;
        self.held = self.held.wrapping_add(1);
        let past = std::mem::replace(&mut self.past, Past::Alive);
        match past {
            Past::None => {
                let queue = self.table.in_order(|child| child.initial);
                self.init(now, queue);
            }
            Past::Ended => {
                for key in self
                    .table
                    .in_order(|child| !child.initial && child.policy.restart == Restart::Temporary)
                {
                    self.forget(key);
                }
                let queue = self.table.in_order(|child| child.initial || child.resume);
                for key in &queue {
                    if let Some(child) = self.table.get_mut(*key) {
                        child.gave_up = false;
                    }
                }
                self.init(now, queue);
            }
            Past::Alive => self.resume(now, alive),
        }
    }

    fn init(&mut self, now: Instant, queue: Vec<u32>) {
        if self.flags.dynamic {
            for key in queue {
                self.start(key, Origin::Init);
            }
            self.plan = Plan::Open;
            self.effects.push_back(Effect::Ready);
            self.catch_up(now);
        } else {
            self.start_all(now, queue, true);
        }
    }

    /// The supervisor was killed in the middle of things, and ractor has killed its children.
    fn resume(&mut self, now: Instant, alive: impl Fn(u32) -> bool) {
        let mut ending = HashSet::new();
        for key in self.table.in_order(|_| true) {
            let Some(child) = self.table.get_mut(key) else {
                continue;
            };
            // What is down for as long as its supervisor is had ended before the supervisor was killed at its own end.
            let was_down = child.phase == Phase::Down && !child.resume;
            let terminated =
                was_down || (child.phase == Phase::Stopping && child.after == After::Down);
            let lost = child.policy.restart == Restart::Temporary && !child.initial;
            child.awaited = false;
            child.after = match (terminated || lost, self.flags.dynamic) {
                (true, _) => After::Down,
                (false, true) => After::Start,
                (false, false) => After::Resume,
            };
            if was_down {
                continue;
            }
            if !terminated {
                child.trouble().reason = Some(ExitReason::Killed);
            }
            let live = child.phase.is_live() && alive(key);
            child.phase = Phase::Stopping;
            child.killed = true;
            if live {
                ending.insert(key);
            }
            child.awaited = true;
        }
        self.resume_all(now, &ending);
    }

    fn resume_all(&mut self, now: Instant, ending: &HashSet<u32>) {
        self.plan = if self.flags.dynamic {
            Plan::Open
        } else {
            // Everybody is awaited; `advance` takes them off one by one, and the last one starts the lot.
            let waiting = self
                .table
                .in_order(|child| child.phase == Phase::Stopping)
                .len();
            Plan::Stop {
                queue: Vec::new(),
                waiting: waiting + 1,
                after: After::Resume,
                then: Then::Init,
            }
        };
        for key in ending {
            if let Some(child) = self.table.get_mut(*key) {
                let run = child.run(*key);
                self.effects.push_back(Effect::Reclaim(run));
                self.effects
                    .push_back(Effect::Arm(run, Timer::Grace, self.flags.kill_grace));
            }
        }
        for key in self.table.in_order(|child| child.phase == Phase::Stopping) {
            if !ending.contains(&key) {
                self.settle(now, key, false, Some(ExitReason::Killed));
            }
        }
        if self.flags.dynamic {
            self.effects.push_back(Effect::Ready);
            self.catch_up(now);
        } else if let Plan::Stop { waiting, .. } = &mut self.plan {
            *waiting -= 1;
            self.advance_stop(now);
        }
    }
}
