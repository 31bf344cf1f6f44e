//! One life of a supervisor: inputs and ractor's events reach the engine.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;
use ractor::{ActorCell, ActorStatus, SupervisionEvent};
use tokio::time::Instant;

use super::answer::answer;
use super::shared::{Inbox, ShutdownRequest, Slot, State};
use super::shell::Signal;
use super::{Input, Reply, Shared, Wish};
use crate::engine::{Exit, Outcome, Run, Timer};
use crate::start::StartReport;
use crate::watch::{Target, Watched};
use crate::{ChildSpec, CommandError, ExitReason, Report};

/// How many inputs, or children of one input, are dealt with before supervision events and kills get their turn.
/// About 1 ms of work when each starts an actor (10 us measured).
pub(super) const BATCH_MAX: usize = 64;

/// The first wait before looking whether an unreported actor has ended; doubled each time, up to [`POLL_MAX`].
const POLL_MIN: Duration = Duration::from_millis(1);
/// The longest wait between such looks.
pub(super) const POLL_MAX: Duration = Duration::from_secs(1);

/// One life of a supervisor: its actor's state.
pub(crate) struct Life {
    pub(super) shared: Arc<Shared>,
    pub(super) number: u64,
    pub(super) myself: ActorCell,
    /// Tells the parent when the supervisor's own children run. Dropped untold, it says "failed".
    pub(super) report: Option<StartReport>,
}

impl Drop for Life {
    fn drop(&mut self) {
        if self.shared.home().is_some_and(|home| home.is_down()) {
            self.shared.close(&ExitReason::Killed);
        }
    }
}

pub(super) type Guard<'a> = MutexGuard<'a, State>;

impl Life {
    /// Makes `myself` the actor of `shared`; an older one may act no more.
    pub(super) fn take_over(
        shared: &Arc<Shared>,
        myself: ActorCell,
        report: Option<StartReport>,
    ) -> Self {
        let (number, released) = {
            let mut state = shared.state.lock();
            state.life += 1;
            state.exit = None;
            let released = state.revoke_errands();
            (state.life, released)
        };
        drop(released);
        {
            let mut inbox = shared.inbox.lock();
            inbox.scheduled = true;
            inbox.cell = Some(myself.clone());
        }
        shared.ended.send_replace(None);
        Self {
            shared: Arc::clone(shared),
            number,
            myself,
            report,
        }
    }

    /// Starts the children, or takes them over.
    pub(super) fn begin(&mut self, shared: &Arc<Shared>) -> Option<Exit> {
        let now = Instant::now();
        let mut state = shared.state.lock();
        if state.life != self.number {
            return None;
        }
        self.reclaim_abandoned(&mut state);
        if state.life == 1 || state.engine.has_ended() {
            self.admit_initial(&mut state);
        }
        let State { engine, slots, .. } = &mut *state;
        engine.begin(now, |key| {
            let cell = slots
                .get(key as usize)
                .and_then(Option::as_ref)
                .and_then(|slot| slot.cell.as_ref());
            cell.is_some_and(|cell| cell.get_status() != ActorStatus::Stopped)
        });
        self.settle(&mut state);
        if let Some(request) = state.wanted_down {
            self.shut_down_by(&mut state, request);
            self.settle(&mut state);
        } else {
            // An end that its parent wanted and that a kill overtook.
            state.ending_since = None;
        }
        state.exit.take()
    }

    /// Deals with what is in the inbox.
    pub(super) fn work(&mut self, shared: &Arc<Shared>) -> Option<Exit> {
        let mut batch = take_batch(&mut shared.inbox.lock());
        let mut state = shared.state.lock();
        let mut exit = None;
        while let Some(input) = batch.pop_front() {
            if state.life != self.number {
                batch.push_front(input);
                break;
            }
            if let Some(rest) = self.input(&mut state, input) {
                batch.push_front(rest);
            }
            self.settle(&mut state);
            exit = state.exit.take();
            if exit.is_some() {
                break;
            }
        }
        drop(state);
        self.put_back(shared, batch);
        exit
    }

    /// Returns what was not dealt with to the front of the inbox and calls for another round if there is anything in it.
    fn put_back(&self, shared: &Shared, batch: VecDeque<Input>) {
        let mut inbox = shared.inbox.lock();
        if inbox.closed {
            drop(inbox);
            drop(batch);
            return;
        }
        for input in batch.into_iter().rev() {
            inbox.commands += usize::from(input.is_command());
            inbox.queue.push_front(input);
        }
        if inbox.cell.as_ref() == Some(&self.myself) {
            inbox.scheduled =
                !inbox.queue.is_empty() && self.myself.send_message(Signal::Wake).is_ok();
        }
    }

    /// Deals with one of ractor's events.
    pub(super) fn event(&mut self, shared: &Arc<Shared>, event: SupervisionEvent) -> Option<Exit> {
        let reason = ExitReason::from_event(&event)?;
        let pid = event.actor_id()?.pid();
        // Dropped after the lock is: the state of an actor is the user's.
        let mut handed = match event {
            SupervisionEvent::ActorTerminated(_, handed, _) => handed.map(Box::new),
            _ => None,
        };
        let mut state = shared.state.lock();
        if state.life != self.number {
            return None;
        }
        let Some(run) = state.pids.remove(&pid) else {
            if !state.errands.is_empty() {
                // Perhaps a child whose errand has not reported yet.
                let handed = handed.take();
                state.early_ends.insert(pid, (reason, handed));
            }
            return None;
        };
        if state.engine.is_current(run) {
            if let Some(slot) = state.slot_mut(run.key) {
                if let Some(nested) = &slot.nested {
                    nested.shared().state.lock().ended_with = Some(reason.clone());
                } else {
                    std::mem::swap(&mut slot.handed, &mut handed);
                }
            }
            let now = Instant::now();
            if state.engine.is_starting(run) && self.says_started(run) {
                // ractor's events overtake messages: the child did start before it ended.
                state.engine.started(now, run);
            }
            state.engine.exited(now, run, reason);
        } else if state.abandoned.remove(&run).is_some() {
            state.engine.recovered();
        }
        self.settle(&mut state);
        state.exit.take()
    }

    /// Whether word of the end of this start is waiting in the inbox.
    fn says_started(&self, run: Run) -> bool {
        let inbox = self.shared.inbox.lock();
        inbox
            .queue
            .iter()
            .any(|input| matches!(input, Input::Started { run: started } if *started == run))
    }

    /// Lets the engine decide about one input; returns what is left of a large one.
    pub(super) fn input(&mut self, state: &mut Guard<'_>, input: Input) -> Option<Input> {
        let now = Instant::now();
        match input {
            Input::Started { run } | Input::StartFailed { run, .. } if state.is_on_errand(run) => {
                state.early_words.push(input);
            }
            Input::Started { run } => state.engine.started(now, run),
            Input::StartFailed { run, reason } => Self::start_failed(state, now, run, reason),
            Input::Called { errand, results } => self.errand_done(state, &errand, results),
            Input::ErrandDue { errand } => {
                for run in errand.runs() {
                    state.engine.timer(now, run, Timer::Start);
                }
            }
            Input::Timer { run, timer } => Self::timer(state, now, run, timer),
            Input::Poll { run, waited } => self.poll(state, now, run, waited),
            Input::Overdue {
                run,
                charged,
                reason,
            } => state.engine.overdue(run, charged, reason),
            Input::Add { spec, reply } => self.add(state, *spec, reply),
            Input::Command { command, reply } => state.engine.command(now, command, reply),
            Input::Shutdown(request) => self.shut_down_by(state, request),
            Input::HurryDue { run, deeds } => self.hurry_due(state, now, run, deeds),
            Input::LimitDue => {
                if state
                    .wanted_down
                    .is_some_and(|request| request.is_over(now))
                {
                    state.engine.hurry(now);
                }
            }
            Input::FromParent(Wish::End) => Self::shut_down(state, now),
            Input::FromParent(Wish::Hurry) => state.engine.hurry(now),
            Input::AddMany {
                mut specs,
                batch,
                mut next,
            } => {
                state.jobs = Some(Vec::new());
                for spec in specs.by_ref().take(BATCH_MAX) {
                    self.add(state, spec, Reply::Batch(Arc::clone(&batch), next));
                    self.settle(state);
                    next += 1;
                }
                self.send_errand(state);
                if specs.len() > 0 {
                    return Some(Input::AddMany { specs, batch, next });
                }
            }
        }
        None
    }

    /// Ends at a caller's request. Of several limits the earliest holds.
    fn shut_down_by(&self, state: &mut Guard<'_>, request: ShutdownRequest) {
        let wanted = state.wanted_down.get_or_insert(request);
        *wanted = wanted.or_sooner(request);
        if let Some(due) = wanted.due {
            let supervisor = Arc::downgrade(&self.shared);
            self.shared.arm_at(due, Target::Limit { supervisor });
        }
        Self::shut_down(state, Instant::now());
    }

    fn shut_down(state: &mut Guard<'_>, now: Instant) {
        if state.ending_since.is_none() {
            state.ending_since = Some(now);
            state.report = Report::default();
        }
        state.engine.shut_down(now, Exit::Shutdown);
    }

    fn start_failed(state: &mut Guard<'_>, now: Instant, run: Run, reason: ExitReason) {
        if state.abandoned.remove(&run).is_some() {
            state.engine.recovered();
        } else if state.engine.is_current(run) {
            if let Some(cell) = state.slot_mut(run.key).and_then(|slot| slot.cell.as_ref()) {
                // Usually gone already; a start that reports its own failure may have left its actor running.
                cell.kill();
            }
            state.engine.start_failed(now, run, reason);
        }
    }

    fn timer(state: &mut Guard<'_>, now: Instant, run: Run, timer: Timer) {
        if timer == Timer::Grace
            && state.engine.is_current(run)
            && state.slot(run.key).is_some_and(Slot::has_ended)
        {
            // It ended without a report, as an actor does that was not linked.
            state.engine.exited(now, run, ExitReason::Killed);
        } else {
            state.engine.timer(now, run, timer);
        }
    }

    /// Looks after an actor that nobody reports on.
    fn poll(&self, state: &mut Guard<'_>, now: Instant, run: Run, waited: Duration) {
        if let Some(former) = state.abandoned.get(&run) {
            if !former.has_ended() {
                return self.poll_later(run, waited);
            }
            state.abandoned.remove(&run);
            state.engine.recovered();
        } else if state.engine.is_current(run)
            && let Some(slot) = state.slot(run.key)
        {
            if slot.has_ended() {
                state.engine.exited(now, run, ExitReason::Killed);
            } else {
                self.poll_later(run, waited);
            }
        }
    }

    pub(super) fn poll_later(&self, run: Run, waited: Duration) {
        let waited = (waited * 2).clamp(POLL_MIN, POLL_MAX);
        self.shared.arm(
            waited,
            Target::Poll {
                supervisor: Arc::downgrade(&self.shared),
                run,
                waited,
            },
        );
    }

    /// Hears of the end of `cell` again, by ractor if it still can be linked, by asking otherwise.
    pub(super) fn relink(&self, run: Run, cell: &ActorCell) {
        cell.link(self.myself.clone());
        if cell.try_get_supervisor().as_ref() != Some(&self.myself) {
            self.poll_later(run, Duration::ZERO);
        }
    }

    fn reclaim_abandoned(&self, state: &mut Guard<'_>) {
        for (run, former) in &state.abandoned {
            self.relink(*run, &former.cell);
        }
    }

    /// Takes in the children of the supervisor's own specification that are not in the table.
    fn admit_initial(&self, state: &mut Guard<'_>) {
        let missing: Vec<(u32, ChildSpec)> = (0u32..)
            .zip(&state.initial)
            .filter_map(|(place, spec)| spec.as_ref().map(|spec| (place, spec)))
            .filter(|(_, spec)| state.engine.find(&spec.id).is_none())
            .map(|(place, spec)| (place, spec.clone()))
            .collect();
        for (place, spec) in missing {
            let policy = spec.policy();
            // Names were checked to be different when the supervisor was made.
            if let Ok(key) = state.engine.add(spec.id.clone(), policy, Some(place)) {
                self.furnish(state, key, spec);
            }
        }
    }

    fn add(&self, state: &mut Guard<'_>, spec: ChildSpec, reply: Reply) {
        let checked = spec
            .validate(state.engine.flags().auto_shutdown)
            .map_err(CommandError::from);
        let mut policy = spec.policy();
        policy.root = spec
            .nested
            .as_ref()
            .is_some_and(super::reference::SupervisorRef::is_root);
        let added = checked.and_then(|()| state.engine.add(spec.id.clone(), policy, None));
        match added {
            Ok(key) => {
                self.furnish(state, key, spec);
                state.engine.start_added(key, reply);
            }
            Err(error) => answer(state, reply, Outcome::Failed(error)),
        }
    }

    fn furnish(&self, state: &mut Guard<'_>, key: u32, spec: ChildSpec) {
        let clock = self.shared.home().map(|home| Arc::clone(home.clock()));
        let watch = spec.watch.zip(clock).and_then(|(watch, clock)| {
            let attach = || Watched::attach(&watch, clock, &self.shared, key);
            let watched = MutexGuard::unlocked(state, || catch_unwind(AssertUnwindSafe(attach)));
            watched.ok().map(|watched| (watch, watched))
        });
        let slot = Slot {
            start: spec.start,
            stop: spec.stop,
            runtime: spec.runtime,
            watch,
            nested: spec.nested,
            cell: None,
            handed: None,
        };
        state.furnish(key, slot);
    }
}

impl Slot {
    /// Whether the child's actor is gone.
    fn has_ended(&self) -> bool {
        self.cell
            .as_ref()
            .is_none_or(|cell| cell.get_status() == ActorStatus::Stopped)
    }
}

fn take_batch(inbox: &mut Inbox) -> VecDeque<Input> {
    let count = inbox.queue.len().min(BATCH_MAX);
    let batch: VecDeque<Input> = inbox.queue.drain(..count).collect();
    inbox.commands = inbox
        .commands
        .saturating_sub(batch.iter().filter(|input| input.is_command()).count());
    batch
}
