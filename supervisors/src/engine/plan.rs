//! What a supervisor is in the middle of: starting, stopping, restarting a group.

use super::{
    Duration, Effect, Engine, Event, Exit, Instant, Outcome, Past, Phase, Run, Timer, VecDeque,
};
use crate::engine::table::{After, Origin};
use crate::{CommandError, Kind, Restart, Shutdown};

#[derive(Debug)]
pub(super) enum Plan {
    /// Nothing: each child is on its own.
    Open,
    /// Children start one after the other. All of `queue` are `Queued`.
    Start {
        queue: VecDeque<u32>,
        waiting: Option<u32>,
        init: bool,
    },
    /// Children stop, the last of `queue` first; `waiting` of them are on their way.
    Stop {
        queue: Vec<u32>,
        waiting: usize,
        after: After,
        then: Then,
    },
}

/// What a plan of stops is for.
#[derive(Debug)]
pub(super) enum Then {
    /// The group that is held is started after a wait.
    Group {
        delay: Duration,
    },
    /// The supervisor was restarted: its children start again.
    Init,
    Exit(Exit),
}

impl<R> Engine<R> {
    pub(super) fn is_shutting_down(&self) -> bool {
        matches!(
            self.plan,
            Plan::Stop {
                then: Then::Exit(Exit::Shutdown),
                ..
            }
        )
    }

    pub(crate) fn is_ending(&self) -> bool {
        matches!(
            self.plan,
            Plan::Stop {
                then: Then::Exit(_),
                ..
            }
        )
    }

    /// Calls for the child's start.
    pub(super) fn start(&mut self, key: u32, origin: Origin) {
        let epoch = self.table.fresh_epoch();
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        child.epoch = epoch;
        child.phase = Phase::Starting;
        child.origin = origin;
        child.resume = false;
        child.killed = false;
        if std::mem::replace(&mut child.started_once, true) {
            child.incarnation += 1;
        }
        self.effects.push_back(Effect::Start(Run { key, epoch }));
    }

    /// The start function returned, but the start is not over.
    pub(crate) fn pending(&mut self, run: Run) {
        if self.table.run(run).is_some_and(|child| {
            child.phase == Phase::Starting && child.policy.kind == Kind::Worker
        }) {
            // A supervisor's start takes as long as those of its children, which have deadlines of their own.
            self.effects
                .push_back(Effect::Arm(run, Timer::Start, self.flags.start_deadline));
        }
    }

    /// The start is over, the child runs.
    pub(crate) fn started(&mut self, now: Instant, run: Run) {
        let Some(child) = self.table.run_mut(run) else {
            return;
        };
        if child.phase != Phase::Starting {
            return;
        }
        child.phase = Phase::Running;
        let id = child.id.clone();
        let count = child.incarnation;
        let reason = match child.origin {
            Origin::Restart | Origin::Init => child
                .trouble
                .as_ref()
                .and_then(|trouble| trouble.reason.clone()),
            Origin::Added | Origin::Command => None,
        };
        self.emit(match reason {
            Some(reason) if count > 0 => Event::Restarted { id, reason, count },
            _ => Event::Started { id },
        });
        self.reply_all(run.key, &Outcome::Started(run.key));
        self.advance(now, run.key);
    }

    /// The start function asked for the child to be left alone.
    pub(crate) fn ignored(&mut self, now: Instant, run: Run) {
        let Some(child) = self.table.run_mut(run) else {
            return;
        };
        let id = child.id.clone();
        child.phase = Phase::Down;
        let forget = child.policy.restart == Restart::Temporary || self.flags.dynamic;
        self.reply_all(run.key, &Outcome::Failed(CommandError::Ignored { id }));
        if forget {
            self.forget(run.key);
        } else {
            self.effects.push_back(Effect::Clear {
                key: run.key,
                last: true,
            });
        }
        self.advance(now, run.key);
    }

    /// Begins a plan of starts; `queue` in start order.
    pub(super) fn start_all(&mut self, now: Instant, queue: Vec<u32>, init: bool) {
        for key in &queue {
            if let Some(child) = self.table.get_mut(*key) {
                child.phase = Phase::Queued;
            }
        }
        self.plan = Plan::Start {
            queue: queue.into(),
            waiting: None,
            init,
        };
        self.advance_start(now);
    }

    /// The start of a child is over: go on with the next, if a plan waits for this one.
    fn advance(&mut self, now: Instant, key: u32) {
        if let Plan::Start { waiting, .. } = &mut self.plan
            && *waiting == Some(key)
        {
            *waiting = None;
            self.advance_start(now);
        }
    }

    fn advance_start(&mut self, now: Instant) {
        let Plan::Start {
            queue,
            waiting,
            init,
        } = &mut self.plan
        else {
            return;
        };
        if waiting.is_some() {
            return;
        }
        let init = *init;
        while let Some(key) = queue.pop_front() {
            if self
                .table
                .get(key)
                .is_some_and(|child| child.phase == Phase::Queued)
            {
                *waiting = Some(key);
                return self.start(key, if init { Origin::Init } else { Origin::Restart });
            }
        }
        self.plan = Plan::Open;
        if init {
            self.effects.push_back(Effect::Ready);
        }
        self.catch_up(now);
    }

    /// Begins a plan of stops; `queue` in start order.
    pub(super) fn stop_all(&mut self, now: Instant, queue: Vec<u32>, after: After, then: Then) {
        self.plan = Plan::Stop {
            queue,
            waiting: 0,
            after,
            then,
        };
        self.advance_stop(now);
    }

    pub(super) fn advance_stop(&mut self, now: Instant) {
        loop {
            let Plan::Stop {
                queue,
                waiting,
                after,
                ..
            } = &mut self.plan
            else {
                return;
            };
            if *waiting > 0 && !self.flags.dynamic && !self.hurry {
                return;
            }
            let after = *after;
            let Some(key) = queue.pop() else { break };
            let Some(child) = self.table.get_mut(key) else {
                continue;
            };
            if child.phase.is_live() {
                child.awaited = true;
                *waiting += 1;
            }
            self.stop(now, key, after);
        }
        let Plan::Stop {
            waiting: 0, then, ..
        } = &mut self.plan
        else {
            return;
        };
        match std::mem::replace(then, Then::Init) {
            Then::Exit(exit) => self.leave(exit),
            Then::Init => {
                let queue = self.table.in_order(|child| child.resume);
                self.start_all(now, queue, true);
            }
            Then::Group { delay } if delay.is_zero() => self.start_held(now),
            Then::Group { delay } => {
                self.held = self.held.wrapping_add(1);
                let run = Run {
                    key: u32::MAX,
                    epoch: self.held,
                };
                self.effects
                    .push_back(Effect::Arm(run, Timer::Group, delay));
                self.plan = Plan::Open;
                self.catch_up(now);
            }
        }
    }

    /// Starts the group that waited for its restart.
    pub(super) fn start_held(&mut self, now: Instant) {
        let queue = self.table.in_order(|child| child.phase == Phase::Held);
        self.start_all(now, queue, false);
    }

    /// All children are gone.
    fn leave(&mut self, exit: Exit) {
        self.plan = Plan::Open;
        self.past = Past::Ended;
        self.hurry = false;
        self.window.clear();
        if exit == Exit::Shutdown {
            self.answer_all();
        }
        self.effects.push_back(Effect::Exit(exit));
    }

    /// Stops all children, then ends.
    pub(crate) fn shut_down(&mut self, now: Instant, exit: Exit) {
        if self.is_ending() {
            if exit == Exit::Shutdown
                && let Plan::Stop { then, .. } = &mut self.plan
            {
                *then = Then::Exit(exit);
            }
            return;
        }
        // A child that was ending by itself has ended; what was queued to start does not.
        let queue = self.table.in_order(|child| child.phase != Phase::Down);
        for key in &queue {
            if let Some(child) = self.table.get_mut(*key) {
                child.awaited = false;
            }
        }
        self.stop_all(now, queue, After::Resume, Then::Exit(exit));
    }

    /// Makes one child stop, with `after` to follow.
    pub(super) fn stop(&mut self, now: Instant, key: u32, after: After) {
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        let phase = child.phase;
        child.after = after;
        match phase {
            // In a hurry, it is pressed with all others.
            Phase::Stopping => {}
            Phase::Starting | Phase::Running => {
                child.phase = Phase::Stopping;
                let run = child.run(key);
                let shutdown = child.policy.shutdown;
                // A worker that is still in its `pre_start` does not hear a stop; ractor polls only its signal port then.
                let worker = child.policy.kind == Kind::Worker;
                let deaf = phase == Phase::Starting && worker;
                if deaf || (self.hurry && worker) || shutdown == Shutdown::BrutalKill {
                    return self.kill(key);
                }
                self.effects.push_back(Effect::Stop(run));
                if let Shutdown::Timeout(limit) = shutdown {
                    self.effects
                        .push_back(Effect::Arm(run, Timer::Shutdown, limit));
                }
            }
            Phase::Down | Phase::Ended | Phase::Backoff | Phase::Held | Phase::Queued => {
                let was_down = phase == Phase::Down;
                self.settle(now, key, was_down, None);
            }
        }
    }
}
