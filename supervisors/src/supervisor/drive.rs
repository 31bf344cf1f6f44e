//! Carries out what the engine decides.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;
use ractor::actor::messages::BoxedState;
use ractor::{ActorCell, ActorStatus, SupervisionEvent};
use tokio::time::Instant;

use super::shared::{Inbox, Slot, State};
use super::shell::Signal;
use super::{Input, Reply, Shared};
use crate::engine::{ChildInfo, Effect, Exit, Outcome, Run, Timer};
use crate::exit::{SHUTDOWN, panic_text};
use crate::start::StartReport;
use crate::watch::{Target, Watched};
use crate::{ChildSpec, CommandError, Event, ExitReason, StartContext, StartError};

/// How many inputs, or children of one input, are dealt with before supervision events and kills get their turn.
/// About 1 ms of work when each starts an actor (10 us measured).
const BATCH_MAX: usize = 64;

/// The first wait before looking whether an unreported actor has ended; doubled each time, up to [`POLL_MAX`].
const POLL_MIN: Duration = Duration::from_millis(1);
/// The longest wait between such looks.
const POLL_MAX: Duration = Duration::from_secs(1);

/// One life of a supervisor: its actor's state.
pub(crate) struct Life {
    shared: Arc<Shared>,
    number: u64,
    myself: ActorCell,
    /// Tells the parent when the supervisor's own children run. Dropped untold, it says "failed".
    report: Option<StartReport>,
}

impl Drop for Life {
    fn drop(&mut self) {
        if self.shared.home().is_some_and(|home| home.is_down()) {
            self.shared.close(&ExitReason::Killed);
        }
    }
}

type Guard<'a> = MutexGuard<'a, State>;

impl Life {
    /// Makes `myself` the actor of `shared`; an older one may act no more.
    pub(super) fn take_over(
        shared: &Arc<Shared>,
        myself: ActorCell,
        report: Option<StartReport>,
    ) -> Self {
        let number = {
            let mut state = shared.state.lock();
            state.life += 1;
            state.exit = None;
            state.life
        };
        {
            let mut inbox = shared.inbox.lock();
            inbox.closed = false;
            inbox.scheduled = true;
            inbox.cell = Some(myself.clone());
            // What the parent wanted of the previous life has been settled by its end.
            inbox.queue.retain(|input| {
                !matches!(
                    input,
                    Input::Shutdown {
                        by_parent: true,
                        ..
                    } | Input::Hurry
                )
            });
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
        if let Some(limit) = state.wanted_down {
            self.shut_down(&mut state, limit);
            self.settle(&mut state);
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
    fn put_back(&self, shared: &Shared, batch: std::collections::VecDeque<Input>) {
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
        let handed = match event {
            SupervisionEvent::ActorTerminated(_, handed, _) => handed,
            _ => None,
        };
        let mut state = shared.state.lock();
        if state.life != self.number {
            return None;
        }
        let run = state.pids.remove(&pid)?;
        if state.engine.is_current(run) {
            if let Some(slot) = state.slot_mut(run.key)
                && slot.nested.is_none()
            {
                slot.handed = handed.map(Box::new);
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
    fn input(&mut self, state: &mut Guard<'_>, input: Input) -> Option<Input> {
        let now = Instant::now();
        match input {
            Input::Started { run } => state.engine.started(now, run),
            Input::StartFailed { run, reason } => self.start_failed(state, now, run, reason),
            Input::Timer { run, timer } => self.timer(state, now, run, timer),
            Input::Poll { run, waited } => self.poll(state, now, run, waited),
            Input::Overdue {
                run,
                charged,
                reason,
            } => state.engine.overdue(run, charged, reason),
            Input::Add { spec, reply } => self.add(state, *spec, reply),
            Input::Command { command, reply } => state.engine.command(now, command, reply),
            Input::Shutdown { limit, .. } => {
                if state.wanted_down.is_none() {
                    state.wanted_down = Some(limit);
                }
                self.shut_down(state, limit);
            }
            Input::Hurry => {
                if state.ending_since.is_some() {
                    state.engine.hurry(now);
                }
            }
            Input::AddMany {
                mut specs,
                batch,
                mut next,
            } => {
                for spec in specs.by_ref().take(BATCH_MAX) {
                    self.add(state, spec, Reply::Batch(Arc::clone(&batch), next));
                    self.settle(state);
                    next += 1;
                }
                if specs.len() > 0 {
                    return Some(Input::AddMany { specs, batch, next });
                }
            }
        }
        None
    }

    fn shut_down(&self, state: &mut Guard<'_>, limit: Option<Duration>) {
        state.ending_since.get_or_insert_with(Instant::now);
        if let Some(limit) = limit {
            self.shared.arm(
                limit,
                Target::Hurry {
                    supervisor: Arc::downgrade(&self.shared),
                },
            );
        }
        state.engine.shut_down(Instant::now(), Exit::Shutdown);
    }

    fn start_failed(&self, state: &mut Guard<'_>, now: Instant, run: Run, reason: ExitReason) {
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

    fn timer(&self, state: &mut Guard<'_>, now: Instant, run: Run, timer: Timer) {
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
        if let Some(cell) = state.abandoned.get(&run) {
            if cell.get_status() != ActorStatus::Stopped {
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

    fn poll_later(&self, run: Run, waited: Duration) {
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
    fn relink(&self, run: Run, cell: &ActorCell) {
        cell.link(self.myself.clone());
        if cell.try_get_supervisor().as_ref() != Some(&self.myself) {
            self.poll_later(run, Duration::ZERO);
        }
    }

    fn reclaim_abandoned(&self, state: &mut Guard<'_>) {
        for (run, cell) in &state.abandoned {
            self.relink(*run, cell);
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
        policy.root = spec.nested.as_ref().is_some_and(|nested| nested.is_root());
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

    /// Carries out effects until there are none.
    fn settle(&mut self, state: &mut Guard<'_>) {
        while state.life == self.number {
            let Some(effect) = state.engine.next_effect() else {
                return;
            };
            match effect {
                Effect::Start(run) => self.start(state, run),
                Effect::Stop(run) => self.stop(state, run),
                Effect::Kill(run) => {
                    if let Some(cell) = state.slot(run.key).and_then(|slot| slot.cell.as_ref()) {
                        cell.kill();
                    }
                }
                Effect::Abandon(run) => self.abandon(state, run),
                Effect::Reclaim(run) => {
                    if let Some(cell) = state.slot(run.key).and_then(|slot| slot.cell.clone()) {
                        self.relink(run, &cell);
                        cell.kill();
                    }
                }
                Effect::Arm(run, timer, wait) => {
                    self.shared.arm(
                        wait,
                        Target::Timer {
                            supervisor: Arc::downgrade(&self.shared),
                            run,
                            timer,
                        },
                    );
                }
                Effect::Clear { key, last } => clear(state, key, last),
                Effect::Remove(key) => {
                    clear(state, key, true);
                    if let Some(place) = state.slots.get_mut(key as usize) {
                        let gone = place.take();
                        MutexGuard::unlocked(state, || drop(gone));
                    }
                }
                Effect::Unlist(id) => {
                    for spec in state
                        .initial
                        .iter_mut()
                        .filter(|spec| spec.as_ref().is_some_and(|spec| spec.id == id))
                    {
                        *spec = None;
                    }
                }
                Effect::Emit(event) => self.emit(state, &event),
                Effect::Reply(reply, outcome) => answer(state, reply, outcome),
                Effect::Ready => {
                    if let Some(report) = self.report.take() {
                        report.started();
                    }
                }
                Effect::Exit(exit) => self.exit(state, exit),
            }
        }
    }

    fn exit(&self, state: &mut Guard<'_>, exit: Exit) {
        if let Some(since) = state.ending_since.take() {
            state.report.elapsed = since.elapsed();
        }
        state.wanted_down = None;
        state.exit = Some(exit);
        // From here on inputs wait for the next life, or for the parent to close the supervisor.
        self.shared.inbox.lock().cell = None;
    }

    fn start(&self, state: &mut Guard<'_>, run: Run) {
        let now = Instant::now();
        let Some(facts) = state.engine.start_facts(run) else {
            return;
        };
        let Some(home) = self.shared.home() else {
            return;
        };
        let Some(slot) = state.slot_mut(run.key) else {
            return;
        };
        let start = Arc::clone(&slot.start);
        let handed = slot.handed.take();
        if let Some((_, watched)) = &slot.watch {
            watched.starting(run.epoch);
        }
        let default = || {
            self.shared
                .settings
                .children_on
                .clone()
                .unwrap_or_else(|| home.runtime().clone())
        };
        let own = slot.runtime.clone().unwrap_or_else(default);
        let relief = facts.relief.then(|| home.relief()).flatten();
        let cx = StartContext {
            id: &facts.id,
            incarnation: facts.incarnation,
            reason: facts.reason.as_ref(),
            supervisor: &self.myself,
            runtime: relief.as_ref().unwrap_or(&own),
            on_relief: relief.is_some(),
            state: std::cell::Cell::new(handed.map(|handed: Box<BoxedState>| *handed)),
            shared: &self.shared,
            run,
            deferred: std::cell::Cell::new(false),
        };
        let result = MutexGuard::unlocked(state, || {
            catch_unwind(AssertUnwindSafe(|| start.start(&cx)))
                .unwrap_or_else(|payload| Err(StartError::Panicked(panic_text(&*payload))))
        });
        let deferred = cx.deferred.get();
        if state.life != self.number {
            // This life is over and its successor has called for a start of its own.
            if let Ok(cell) = result {
                cell.kill();
            }
            return;
        }
        match result {
            Ok(cell) => {
                state.pids.insert(cell.get_id().pid(), run);
                let Some(slot) = state.slot_mut(run.key) else {
                    return;
                };
                slot.cell = Some(cell);
                let again = slot
                    .watch
                    .as_ref()
                    .filter(|_| facts.incarnation > 0)
                    .map(|(_, watched)| Arc::clone(watched));
                if deferred {
                    state.engine.pending(run);
                } else {
                    state.engine.started(now, run);
                }
                if let Some(watched) = again {
                    watched.restarted();
                }
            }
            Err(StartError::Ignore) => state.engine.ignored(now, run),
            Err(error) => state.engine.start_failed(now, run, error.into_reason()),
        }
    }

    fn stop(&self, state: &mut Guard<'_>, run: Run) {
        let Some(slot) = state.slot(run.key) else {
            return;
        };
        let Some(cell) = slot.cell.clone() else {
            return;
        };
        let Some(stop) = slot.stop.clone() else {
            cell.stop(Some(SHUTDOWN.to_owned()));
            return;
        };
        let stopped =
            MutexGuard::unlocked(state, || catch_unwind(AssertUnwindSafe(|| stop(&cell))));
        if stopped.is_err() {
            tracing::error!(child = ?cell, "the function that stops a child panicked; it is killed");
            cell.kill();
        }
    }

    fn abandon(&self, state: &mut Guard<'_>, run: Run) {
        let Some(slot) = state.slot_mut(run.key) else {
            return;
        };
        let cell = slot.cell.take();
        let watch = slot.watch.as_ref().map(|(watch, _)| Arc::clone(watch));
        if let Some(cell) = cell {
            // It stays linked, so that ractor tells when it ends; one that never was is asked now and then.
            if cell.try_get_supervisor().is_none() {
                self.poll_later(run, POLL_MAX);
            }
            state.abandoned.insert(run, cell);
        }
        if let Some(watch) = watch {
            let fenced =
                MutexGuard::unlocked(state, || catch_unwind(AssertUnwindSafe(|| watch.fence())));
            if fenced.is_err() {
                tracing::error!("a watch panicked while it fenced its child off");
            }
        }
    }

    fn emit(&self, state: &mut Guard<'_>, event: &Event) {
        match event {
            Event::Terminated { killed, .. } if state.ending_since.is_some() => {
                if *killed {
                    state.report.killed += 1;
                } else {
                    state.report.stopped += 1;
                }
            }
            Event::Abandoned { id, .. } if state.ending_since.is_some() => {
                state.report.abandoned.push(id.to_string());
            }
            _ => {}
        }
        match event {
            Event::Escalated { id, reason } => {
                tracing::error!(%id, %reason, "a supervisor gives up")
            }
            Event::GaveUp { id, reason } => tracing::error!(%id, %reason, "a child is given up"),
            Event::Abandoned { id, abandoned } => {
                tracing::warn!(%id, abandoned, "a killed child does not end")
            }
            Event::Restarted { id, reason, count } => {
                tracing::debug!(%id, %reason, count, "a child was restarted")
            }
            Event::StartFailed { id, reason } => {
                tracing::debug!(%id, %reason, "a child did not start")
            }
            _ => {}
        }
        self.shared.emit(event);
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

fn take_batch(inbox: &mut Inbox) -> std::collections::VecDeque<Input> {
    let count = inbox.queue.len().min(BATCH_MAX);
    let batch: std::collections::VecDeque<Input> = inbox.queue.drain(..count).collect();
    inbox.commands = inbox
        .commands
        .saturating_sub(batch.iter().filter(|input| input.is_command()).count());
    batch
}

/// Lets go of a child's actor; `last` also of what a restart would have needed.
fn clear(state: &mut Guard<'_>, key: u32, last: bool) {
    let ending = state.ending_since.is_some();
    let Some(slot) = state.slot_mut(key) else {
        return;
    };
    let cell = slot.cell.take();
    let handed = if last { slot.handed.take() } else { None };
    let nested = slot.nested.clone();
    let watch = slot
        .watch
        .as_ref()
        .filter(|_| last)
        .map(|(watch, _)| Arc::clone(watch));
    if let Some(cell) = &cell {
        state.pids.remove(&cell.get_id().pid());
    }
    if let (Some(nested), true) = (&nested, ending)
        && cell.is_some()
    {
        let below = nested.take_report();
        state.report.absorb(below);
    }
    MutexGuard::unlocked(state, || {
        drop(handed);
        let ended = catch_unwind(AssertUnwindSafe(|| {
            watch.iter().for_each(|watch| watch.ended())
        }));
        if ended.is_err() {
            tracing::error!("a watch panicked when its child ended");
        }
        if let (Some(nested), true) = (nested, last) {
            nested.shared().close(&ExitReason::Shutdown);
        }
    });
}

/// Sends the answers the engine has ready, and drops all other effects: the supervisor has ended for good.
pub(super) fn flush_replies(state: &mut Guard<'_>) {
    while let Some(effect) = state.engine.next_effect() {
        if let Effect::Reply(reply, outcome) = effect {
            answer(state, reply, outcome);
        }
    }
}

/// Answers a caller. One that no longer waits does not want to know.
fn answer(state: &State, reply: Reply, outcome: Outcome) {
    let child = |outcome: Outcome| match outcome {
        Outcome::Started(key) => state
            .slot(key)
            .and_then(|slot| slot.cell.clone())
            .ok_or(CommandError::Closed),
        Outcome::Failed(error) => Err(error),
        _ => Err(CommandError::Closed),
    };
    match (reply, outcome) {
        (Reply::Child(answer), outcome) => {
            let _ = answer.send(child(outcome));
        }
        (Reply::Batch(batch, index), outcome) => batch.put(index, child(outcome)),
        (Reply::Done(answer), outcome) => {
            let _ = answer.send(match outcome {
                Outcome::Failed(error) => Err(error),
                _ => Ok(()),
            });
        }
        (Reply::Children(answer), Outcome::Children(children)) => {
            let with_cell = |info: ChildInfo| ChildInfo {
                cell: state.slot(info.key).and_then(|slot| slot.cell.clone()),
                ..info
            };
            let _ = answer.send(Ok(children.into_iter().map(with_cell).collect()));
        }
        (Reply::Counts(answer), Outcome::Counts(counts)) => {
            let _ = answer.send(Ok(counts));
        }
        // An answer of another kind does not occur; a dropped reply says that the supervisor has ended.
        (Reply::Children(_) | Reply::Counts(_), _) => {}
    }
}
