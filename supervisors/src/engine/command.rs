//! What callers ask of a supervisor.

use super::{ChildId, Effect, Engine, ExitReason, Instant, Outcome, Phase, Plan, Policy, Run};
use crate::engine::table::{After, Origin};
use crate::{CommandError, Kind, Restart};

/// A command about a child that is in the table.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Terminate(ChildId),
    Restart(ChildId),
    Delete(ChildId),
    Which,
    Count,
}

/// A decision put off until the current plan is done.
pub(super) enum Deferred<R> {
    /// `start_child` of the child already in this place.
    Added(Run, R),
    Command(Command, R),
    Exited {
        run: Run,
        reason: ExitReason,
        charged: bool,
    },
}

/// What a child is doing, as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChildState {
    /// Its start is not over.
    Starting,
    /// It runs.
    Running,
    /// It waits for its restart.
    Restarting,
    /// It is being stopped.
    Stopping,
    /// It does not run: terminated, or ended and not to be restarted.
    Down,
    /// It does not run: it failed more often than its intensity allows.
    GivenUp,
}

/// One line of [`which_children`](crate::SupervisorRef::which_children).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// The child's name.
    pub id: ChildId,
    /// Worker or supervisor.
    pub kind: Kind,
    /// When it is restarted.
    pub restart: Restart,
    /// What it is doing.
    pub state: ChildState,
    /// How many times it has been started again.
    pub restarts: u64,
    /// Its actor, if there is one now.
    pub cell: Option<ractor::ActorCell>,
    pub(crate) key: u32,
}

/// What [`count_children`](crate::SupervisorRef::count_children) counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Children in the table.
    pub specs: usize,
    /// Children with an actor.
    pub active: usize,
    /// Children that are supervisors.
    pub supervisors: usize,
    /// Children that are workers.
    pub workers: usize,
    /// Children given up for failing too often.
    pub given_up: usize,
    /// Former children that survived their kill and still run.
    pub abandoned: usize,
}

impl<R> Engine<R> {
    /// Takes a new child in; it is started by [`start_added`](Self::start_added) once its place is furnished.
    pub(crate) fn add(
        &mut self,
        id: ChildId,
        policy: Policy,
        initial: Option<u32>,
    ) -> Result<u32, CommandError> {
        if let Some(child) = self.find(&id).and_then(|key| self.table.get(key)) {
            return Err(if child.phase == Phase::Down {
                CommandError::AlreadyPresent { id }
            } else {
                CommandError::AlreadyStarted { id }
            });
        }
        if self.is_shutting_down() {
            return Err(CommandError::Closed);
        }
        self.table
            .insert(id, policy, initial)
            .ok_or(CommandError::Overloaded {
                max: u32::MAX as usize,
            })
    }

    /// Starts a child just taken in.
    pub(crate) fn start_added(&mut self, key: u32, reply: R) {
        let Some(child) = self.table.get(key) else {
            return;
        };
        if matches!(self.plan, Plan::Open) {
            self.waiters.entry(key).or_default().push(reply);
            self.start(key, Origin::Added);
        } else {
            self.deferred
                .push_back(Deferred::Added(child.run(key), reply));
        }
    }

    pub(crate) fn command(&mut self, now: Instant, command: Command, reply: R) {
        let outcome = match command {
            Command::Which => Outcome::Children(self.which()),
            Command::Count => Outcome::Counts(self.count()),
            _ if self.is_shutting_down() => Outcome::Failed(CommandError::Closed),
            _ if !matches!(self.plan, Plan::Open) => {
                self.deferred.push_back(Deferred::Command(command, reply));
                return;
            }
            Command::Terminate(id) => return self.terminate(now, id, reply),
            Command::Restart(id) => return self.restart_by_command(id, reply),
            Command::Delete(id) => self.delete(id),
        };
        self.effects.push_back(Effect::Reply(reply, outcome));
    }

    fn fail(&mut self, reply: R, error: CommandError) {
        self.effects
            .push_back(Effect::Reply(reply, Outcome::Failed(error)));
    }

    fn terminate(&mut self, now: Instant, id: ChildId, reply: R) {
        let Some(key) = self.find(&id) else {
            return self.fail(reply, CommandError::NotFound { id });
        };
        if self
            .table
            .get(key)
            .is_some_and(|child| child.phase == Phase::Starting)
        {
            // Whoever waits for the start waits in vain.
            self.reply_all(key, &Outcome::Failed(CommandError::Terminated { id }));
        }
        self.waiters.entry(key).or_default().push(reply);
        self.stop(now, key, After::Down);
    }

    fn restart_by_command(&mut self, id: ChildId, reply: R) {
        let Some(key) = self.find(&id) else {
            return self.fail(reply, CommandError::NotFound { id });
        };
        let Some(child) = self.table.get_mut(key) else {
            return;
        };
        match child.phase {
            Phase::Down | Phase::Ended => {
                child.gave_up = false;
                child.trouble = None;
                self.waiters.entry(key).or_default().push(reply);
                self.start(key, Origin::Command);
            }
            Phase::Backoff | Phase::Held | Phase::Queued => {
                self.fail(reply, CommandError::Restarting { id });
            }
            Phase::Starting | Phase::Running | Phase::Stopping => {
                self.fail(reply, CommandError::Running { id });
            }
        }
    }

    fn delete(&mut self, id: ChildId) -> Outcome {
        let Some(key) = self.find(&id) else {
            return Outcome::Failed(CommandError::NotFound { id });
        };
        match self.table.get(key).map(|child| child.phase) {
            Some(Phase::Down) | None => {
                self.effects.push_back(Effect::Unlist(id));
                self.forget(key);
                Outcome::Done
            }
            Some(Phase::Backoff | Phase::Held | Phase::Queued | Phase::Ended) => {
                Outcome::Failed(CommandError::Restarting { id })
            }
            Some(Phase::Starting | Phase::Running | Phase::Stopping) => {
                Outcome::Failed(CommandError::Running { id })
            }
        }
    }

    /// The children in start order, without their actors.
    pub(crate) fn which(&self) -> Vec<ChildInfo> {
        let info = |key: u32| {
            let child = self.table.get(key)?;
            Some(ChildInfo {
                id: child.id.clone(),
                kind: child.policy.kind,
                restart: child.policy.restart,
                state: match child.phase {
                    Phase::Down if child.gave_up => ChildState::GivenUp,
                    Phase::Down => ChildState::Down,
                    Phase::Ended | Phase::Backoff | Phase::Held | Phase::Queued => {
                        ChildState::Restarting
                    }
                    Phase::Starting => ChildState::Starting,
                    Phase::Running => ChildState::Running,
                    Phase::Stopping => ChildState::Stopping,
                },
                restarts: child.incarnation,
                cell: None,
                key,
            })
        };
        self.table
            .in_order(|_| true)
            .into_iter()
            .filter_map(info)
            .collect()
    }

    fn count(&self) -> Counts {
        let mut counts = Counts {
            abandoned: self.abandoned,
            ..Counts::default()
        };
        for (_, child) in self.table.iter() {
            counts.specs += 1;
            counts.active += usize::from(child.phase.is_live());
            counts.given_up += usize::from(child.gave_up);
            match child.policy.kind {
                Kind::Worker => counts.workers += 1,
                Kind::Supervisor => counts.supervisors += 1,
            }
        }
        counts
    }

    /// Takes up what was put off, in order, for as long as no new plan comes of it.
    pub(super) fn catch_up(&mut self, now: Instant) {
        while matches!(self.plan, Plan::Open) {
            match self.deferred.pop_front() {
                None => return,
                Some(Deferred::Command(command, reply)) => self.command(now, command, reply),
                Some(Deferred::Added(run, reply)) => {
                    if self.is_current(run) {
                        self.start_added(run.key, reply);
                    }
                }
                Some(Deferred::Exited {
                    run,
                    reason,
                    charged,
                }) => {
                    if self
                        .table
                        .run(run)
                        .is_some_and(|child| child.phase == Phase::Ended)
                    {
                        self.failed(now, run.key, reason, charged);
                    }
                }
            }
        }
    }

    /// Answers everything that still waits: the supervisor ends.
    pub(crate) fn answer_all(&mut self) {
        for deferred in std::mem::take(&mut self.deferred) {
            if let Deferred::Added(_, reply) | Deferred::Command(_, reply) = deferred {
                self.fail(reply, CommandError::Closed);
            }
        }
        for (_, replies) in std::mem::take(&mut self.waiters) {
            for reply in replies {
                self.fail(reply, CommandError::Closed);
            }
        }
    }
}
