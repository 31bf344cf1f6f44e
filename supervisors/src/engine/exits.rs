//! Children that end: by themselves, by request, too late, too often.

use super::{
    AutoShutdown, Child, ChildId, Counting, Deferred, Duration, Effect, Engine, Event, Exit,
    ExitReason, Instant, Outcome, Phase, Plan, Run, Strategy, Table, Timer,
};
use crate::engine::plan::Then;
use crate::engine::table::{After, Origin};
use crate::{CommandError, Kind, Restart};

fn child_down(table: &mut Table, key: u32) {
    if let Some(child) = table.get_mut(key) {
        child.phase = Phase::Down;
    }
}

impl<R> Engine<R> {
    /// The actor behind the child ended.
    pub(crate) fn exited(&mut self, now: Instant, run: Run, reason: ExitReason) {
        let Some(child) = self.table.run_mut(run) else {
            return;
        };
        match child.phase {
            Phase::Stopping => self.gone(now, run.key, reason),
            // A supervisor that was told to end before all its children ran has not failed.
            Phase::Starting
                if child.policy.kind == Kind::Supervisor
                    && reason == ExitReason::Shutdown
                    && matches!(self.plan, Plan::Open) =>
            {
                self.ended(now, run, reason);
            }
            Phase::Starting => self.start_failed(now, run, reason),
            Phase::Running => self.ended(now, run, reason),
            Phase::Down | Phase::Ended | Phase::Backoff | Phase::Held | Phase::Queued => {}
        }
    }

    /// A running child ended by itself.
    fn ended(&mut self, now: Instant, run: Run, reason: ExitReason) {
        let Some(child) = self.table.get_mut(run.key) else {
            return;
        };
        child.phase = Phase::Ended;
        let id = child.id.clone();
        if let (ExitReason::StartFailed(_), Origin::Added, 0) =
            (&reason, child.origin, child.incarnation)
        {
            self.emit(Event::StartFailed { id, reason });
            return self.forget(run.key);
        }
        self.effects.push_back(Effect::Clear {
            key: run.key,
            last: false,
        });
        self.emit(Event::Exited {
            id,
            reason: reason.clone(),
        });
        if matches!(self.plan, Plan::Open) {
            self.failed(now, run.key, reason, true);
        } else {
            self.deferred.push_back(Deferred::Exited {
                run,
                reason,
                charged: true,
            });
        }
    }

    /// Decides about a child that ended by itself or missed a deadline.
    pub(super) fn failed(&mut self, now: Instant, key: u32, reason: ExitReason, charged: bool) {
        let Some(child) = self.table.get(key) else {
            return;
        };
        let again = match child.policy.restart {
            Restart::Permanent => true,
            Restart::Transient => reason.is_failure(),
            Restart::Temporary => false,
        };
        let top_gave_up = child.policy.root && !matches!(reason, ExitReason::Killed);
        if again && !top_gave_up {
            return self.restart(now, key, reason, charged);
        }
        let significant = child.policy.significant;
        let id = child.id.clone();
        self.rest(key);
        if significant {
            self.significant_ended(now, id);
        }
    }

    /// The child has ended for good: it stays in the table or is forgotten.
    fn rest(&mut self, key: u32) {
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        if child.policy.restart == Restart::Temporary || self.flags.dynamic {
            return self.forget(key);
        }
        child.phase = Phase::Down;
        self.effects.push_back(Effect::Clear { key, last: true });
        self.reply_all(key, &Outcome::Done);
    }

    /// Takes the child out of the table.
    pub(super) fn forget(&mut self, key: u32) {
        self.reply_all(key, &Outcome::Done);
        if self.table.remove(key).is_some() {
            self.effects.push_back(Effect::Remove(key));
        }
    }

    fn significant_ended(&mut self, now: Instant, id: ChildId) {
        let ends = match self.flags.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => !self
                .table
                .iter()
                .any(|(_, child)| child.policy.significant && child.phase != Phase::Down),
        };
        if ends {
            self.emit(Event::AutoShutdown { id });
            self.shut_down(now, Exit::Shutdown);
        }
    }

    /// Restarts a child, with those its strategy names, if the intensity allows it.
    pub(super) fn restart(&mut self, now: Instant, key: u32, reason: ExitReason, charged: bool) {
        let (allowed, delay) = if charged {
            self.charge(now, key)
        } else {
            (true, Duration::ZERO)
        };
        let per_child = self.flags.counting == Counting::PerChild;
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        child.trouble().reason = Some(reason.clone());
        if !allowed {
            return if per_child {
                self.give_up(key, reason);
            } else {
                self.escalate(now, key, reason);
            };
        }
        let seq = child.seq;
        match self.flags.strategy {
            Strategy::OneForOne if delay.is_zero() => self.start(key, Origin::Restart),
            Strategy::OneForOne => {
                child.phase = Phase::Backoff;
                let (id, run) = (child.id.clone(), child.run(key));
                self.emit(Event::BackingOff { id, delay });
                self.effects
                    .push_back(Effect::Arm(run, Timer::Backoff, delay));
            }
            Strategy::OneForAll => self.restart_group(now, key, delay, |_| true),
            Strategy::RestForOne => {
                self.restart_group(now, key, delay, move |child| child.seq >= seq);
            }
        }
    }

    fn restart_group(
        &mut self,
        now: Instant,
        key: u32,
        delay: Duration,
        member: impl Fn(&Child) -> bool,
    ) {
        if let Some(child) = self.table.get_mut(key) {
            child.phase = Phase::Ended;
            if !delay.is_zero() {
                let id = child.id.clone();
                self.emit(Event::BackingOff { id, delay });
            }
        }
        // As in OTP, members that had been terminated or had ended come back with their group.
        let queue = self.table.in_order(member);
        self.stop_all(now, queue, After::Held, Then::Group { delay });
    }

    /// Counts a restart: whether it is allowed, and after which wait.
    fn charge(&mut self, now: Instant, key: u32) -> (bool, Duration) {
        let Some(child) = self.table.get_mut(key) else {
            return (true, Duration::ZERO);
        };
        let tuning = child.policy.tuning.as_deref().copied().unwrap_or_default();
        let per_child = self.flags.counting == Counting::PerChild;
        let limit = if per_child {
            tuning.intensity.unwrap_or(self.flags.intensity)
        } else {
            self.flags.intensity
        };
        let trouble = child.trouble();
        if trouble
            .last
            .is_none_or(|last| now.saturating_duration_since(last) > limit.period)
        {
            trouble.attempts = 0;
        }
        trouble.last = Some(now);
        let backoff = tuning.backoff.unwrap_or(self.flags.backoff);
        let delay = backoff.delay(trouble.attempts, (self.jitter)());
        trouble.attempts = trouble.attempts.saturating_add(1);
        let window = if per_child {
            &mut trouble.window
        } else {
            &mut self.window
        };
        (window.record(now, limit), delay)
    }

    fn give_up(&mut self, key: u32, reason: ExitReason) {
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        child.gave_up = true;
        child.phase = Phase::Down;
        let id = child.id.clone();
        self.effects.push_back(Effect::Clear { key, last: true });
        self.emit(Event::GaveUp {
            id: id.clone(),
            reason: reason.clone(),
        });
        self.reply_all(
            key,
            &Outcome::Failed(CommandError::StartFailed { id, reason }),
        );
        if self.flags.forget_given_up {
            self.forget(key);
        }
    }

    pub(super) fn escalate(&mut self, now: Instant, key: u32, reason: ExitReason) {
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        if !child.phase.is_live() {
            child.phase = Phase::Ended;
        }
        let id = child.id.clone();
        let text = format!("child {id}: {reason}");
        self.emit(Event::Escalated { id, reason });
        self.shut_down(now, Exit::Failed(ExitReason::Escalated(text)));
    }

    /// A start did not work out. No actor is behind the child.
    pub(crate) fn start_failed(&mut self, now: Instant, run: Run, reason: ExitReason) {
        let Some(child) = self.table.run_mut(run) else {
            return;
        };
        match child.phase {
            Phase::Starting => {}
            Phase::Stopping => return self.gone(now, run.key, reason),
            _ => return,
        }
        self.not_started(now, run.key, reason);
    }

    fn not_started(&mut self, now: Instant, key: u32, reason: ExitReason) {
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        child.phase = Phase::Ended;
        child.awaited = false;
        let (id, origin) = (child.id.clone(), child.origin);
        self.effects.push_back(Effect::Clear { key, last: false });
        self.emit(Event::StartFailed {
            id: id.clone(),
            reason: reason.clone(),
        });
        let failure = Outcome::Failed(CommandError::StartFailed {
            id: id.clone(),
            reason: reason.clone(),
        });
        match origin {
            Origin::Added => {
                self.reply_all(key, &failure);
                self.forget(key);
            }
            Origin::Command => {
                self.reply_all(key, &failure);
                child_down(&mut self.table, key);
                self.effects.push_back(Effect::Clear { key, last: true });
            }
            // A supervisor that cannot start its own children cannot start; a dynamic one has nobody else in its way.
            Origin::Init if !self.flags.dynamic => {
                self.shut_down(
                    now,
                    Exit::Failed(ExitReason::StartFailed(format!("child {id}: {reason}"))),
                );
            }
            Origin::Init | Origin::Restart => {
                if let Plan::Start { .. } = self.plan {
                    // Those of the group that still wait for their turn wait for the next attempt.
                    self.plan = Plan::Open;
                    for queued in self.table.in_order(|child| child.phase == Phase::Queued) {
                        if let Some(child) = self.table.get_mut(queued) {
                            child.phase = Phase::Held;
                        }
                    }
                }
                self.restart(now, key, reason, true);
            }
        }
    }

    /// A child that was being stopped has ended.
    fn gone(&mut self, now: Instant, key: u32, reason: ExitReason) {
        if let Some(child) = self.table.get(key)
            && !matches!(child.after, After::Failed { .. } | After::FailedStart)
        {
            let (id, killed) = (child.id.clone(), child.killed);
            self.emit(Event::Terminated { id, killed });
        }
        self.settle(now, key, false, Some(reason));
    }

    /// No actor is behind a child that was being stopped: do what is to follow. `ended` is what its actor ended with.
    pub(super) fn settle(
        &mut self,
        now: Instant,
        key: u32,
        was_down: bool,
        ended: Option<ExitReason>,
    ) {
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        let after = child.after;
        let id = child.id.clone();
        let temporary = child.policy.restart == Restart::Temporary;
        let kept_reason = child
            .trouble
            .as_ref()
            .and_then(|trouble| trouble.reason.clone());
        child.phase = Phase::Ended;
        let awaited = std::mem::take(&mut child.awaited);
        if ended.is_some() {
            self.effects.push_back(Effect::Clear { key, last: false });
        }
        match after {
            After::Down => {
                let dynamic = self.flags.dynamic;
                if let Some(child) = self.table.get_mut(key) {
                    child.phase = Phase::Down;
                    child.gave_up = false;
                }
                if temporary || dynamic {
                    self.forget(key);
                } else {
                    self.effects.push_back(Effect::Clear { key, last: true });
                    self.reply_all(key, &Outcome::Done);
                }
            }
            After::Resume => {
                if self.is_ending() {
                    self.reply_all(key, &Outcome::Failed(CommandError::Terminated { id }));
                }
                if let Some(child) = self.table.get_mut(key) {
                    child.phase = Phase::Down;
                    child.resume = true;
                    if let Some(reason) = ended {
                        child.trouble().reason = Some(reason);
                    }
                }
            }
            After::Held if temporary => {
                if was_down {
                    if let Some(child) = self.table.get_mut(key) {
                        child.phase = Phase::Down;
                    }
                } else {
                    self.forget(key);
                }
            }
            After::Held => {
                if let Some(child) = self.table.get_mut(key) {
                    child.phase = Phase::Held;
                    if let Some(reason) = ended {
                        child.trouble().reason = Some(reason);
                    }
                }
            }
            After::Failed { charged } => {
                let reason = kept_reason.unwrap_or(ExitReason::Deadline);
                if matches!(self.plan, Plan::Open) {
                    self.failed(now, key, reason, charged);
                } else if let Some(child) = self.table.get(key) {
                    let run = child.run(key);
                    self.deferred.push_back(Deferred::Exited {
                        run,
                        reason,
                        charged,
                    });
                }
            }
            After::FailedStart => {
                self.not_started(now, key, kept_reason.unwrap_or(ExitReason::Killed));
            }
            After::Start => self.start(key, Origin::Restart),
        }
        if awaited && let Plan::Stop { waiting, .. } = &mut self.plan {
            *waiting = waiting.saturating_sub(1);
            self.advance_stop(now);
        }
    }
}
